import { DATES, error, noPlusUser, STORED_DATES, wordsOf, type Who } from './people.ts'
import type { Case, Setting } from './replay.ts'

/** POST /teleconsultation: the usage page's examples, its errors, and both forms of `participants`. */
export function createCases (setting: Setting): Case[] {
  const { asked, created, id, list, people, post, room, stored } = wordsOf(setting)
  const all: Who[] = [1, 2, 3]
  const complete = { bandyerRoomId: '<room>', participants: stored(all), participantsNumber: 3, ...STORED_DATES, __STATE__: 'PUBLIC' }
  const incomplete = { bandyerRoomId: '', participants: stored([1, 3], { links: false }), participantsNumber: 3, ...STORED_DATES, __STATE__: 'PUBLIC' }
  const nothing = { people: {}, made: 0 }
  const asText = JSON.stringify({ participants: list(3, ...all), ...DATES })

  return [
    {
      name: 'POST with everybody known makes document, room and users',
      steps: [{ send: post(list(3, ...all)), ...created, document: complete, people: people(...all), rooms: [room(all)], made: 1 }]
    },
    {
      name: 'POST in curl form, a JSON text with its type',
      steps: [{
        send: { method: 'POST', url: '/teleconsultation', headers: { 'content-type': 'application/json' }, body: asText },
        ...created,
        document: complete,
        rooms: [room(all)]
      }]
    },
    {
      name: 'POST with somebody not known yet makes the document and the users, no room',
      steps: [{ send: post(list(3, 1, 3)), ...created, document: incomplete, people: people(1, 3), rooms: [], made: 0 }]
    },
    {
      name: 'POST with nobody known yet',
      steps: [{ send: post(list(2)), ...created, document: { bandyerRoomId: '', participants: [], participantsNumber: 2, ...STORED_DATES }, ...nothing }]
    },
    {
      name: 'POST with a duration in the place of the end',
      steps: [{ send: post(list(2, 1, 2), { start_date: DATES.start_date, duration_in_seconds: 1800 }), ...created, document: { startDate: DATES.start_date, endDate: '2022-02-22T16:00:00.000Z', duration: 1800 } }]
    },
    {
      name: 'POST below the frontend’s prefix',
      steps: [{ send: { ...post(list(3, ...all)), url: '/api/v1/telecons-be/teleconsultation' }, ...created, document: complete }]
    },
    {
      name: 'POST with an instant of another time zone',
      steps: [{ send: post(list(2, 1, 2), { start_date: '2022-02-22T16:30:00.000+01:00', end_date: '2022-02-22T16:30:00Z' }), ...created, document: STORED_DATES }]
    },
    {
      name: 'a limited call is as long at the vendor as it is booked',
      variables: { UNLIMITED_TELECONSULTATION: 'false' },
      steps: [{ send: post(list(2, 1, 2)), ...created, rooms: [room([1, 2], { duration: 3600 })] }]
    },
    {
      name: 'LIVE_TELECONSULTATION=false reaches the vendor',
      variables: { LIVE_TELECONSULTATION: 'false' },
      steps: [{ send: post(list(2, 1, 2)), ...created, rooms: [room([1, 2], { live: false })] }]
    },
    {
      name: 'DEFAULT_RECORDING_TYPE reaches the vendor',
      variables: { DEFAULT_RECORDING_TYPE: 'manual' },
      steps: [{ send: post(list(2, 1, 2)), ...created, rooms: [room([1, 2], { recording: 'manual' })] }]
    },
    {
      name: 'the CRUD collections’ names may do without their slash',
      variables: { TELECONSULTATIONS_CRUD_NAME: 'bk-ts-teleconsultations', USER_ID_MAP_CRUD_NAME: 'bk-ts-userid-maps' },
      steps: [{ send: post(list(3, ...all)), ...created, document: complete }]
    },
    {
      name: 'somebody booked twice is registered once',
      steps: [
        { send: post(list(2, 1, 2)), ...created, people: people(1, 2) },
        { send: post(list(3, ...all)), ...created, document: complete, people: people(...all), made: 2 }
      ]
    },
    {
      name: 'POST without a plus user is refused in the documented sentence, and nothing is made',
      steps: [{ send: post(list(2, 2, 3)), ...noPlusUser('POST /teleconsultation'), ...nothing }]
    },
    {
      name: 'POST with both end and duration is refused',
      steps: [{ send: post(list(2, 1, 2), { ...DATES, duration_in_seconds: 3600 }), ...error(400, 'Bad Request', 'END_OR_DURATION', 'Give exactly one of body/end_date and body/duration_in_seconds'), ...nothing }]
    },
    {
      name: 'POST with neither end nor duration is refused',
      steps: [{ send: post(list(2, 1, 2), { start_date: DATES.start_date }), ...error(400, 'Bad Request', 'END_OR_DURATION', 'Give exactly one of body/end_date and body/duration_in_seconds'), ...nothing }]
    },
    ...['2022-02-22T15:34:59.000Z', '2022-02-23T15:30:01.000Z', '2022-02-22T15:00:00.000Z'].map((end) => ({
      name: `POST that ends at ${end} is refused for its span`,
      steps: [{ send: post(list(2, 1, 2), { ...DATES, end_date: end }), ...error(400, 'Bad Request', 'INVALID_SPAN', 'A teleconsultation lasts at least 5 minutes and at most 24 hours'), ...nothing }]
    })),
    {
      name: 'POST with somebody twice is refused',
      steps: [{ send: post(list(3, 1, 2, 2)), ...error(400, 'Bad Request', 'DUPLICATE_PARTICIPANT', 'body/participants/data/2 is a participant already'), ...nothing }]
    },
    {
      name: 'POST with more people than expected is refused',
      steps: [{ send: post(list(2, ...all)), ...error(400, 'Bad Request', 'TOO_MANY_PARTICIPANTS', 'There are more participants than body/participants/number allows'), ...nothing }]
    },
    ...setting.identity === 'auth' ? ofAuthService() : ofBody()
  ]

  function ofAuthService (): Case[] {
    return [
      {
        name: 'POST with ids alone',
        steps: [{
          send: post(all.map(id)),
          ...created,
          document: { ...complete, participants: stored(all, { language: null }) },
          people: people(...all),
          rooms: [room(all)]
        }]
      },
      {
        name: 'groups that a request claims count for nothing',
        steps: [{ send: post({ number: 2, data: [asked(2), { ...asked(3), groups: ['doctor'] }] }), ...noPlusUser('POST /teleconsultation'), ...nothing }]
      }
    ]
  }

  function ofBody (): Case[] {
    const doctor = asked(1)
    const patient = asked(2)
    const joe = { userExternalId: id(1), fullName: 'Joe Smith', language: 'it' }
    return [
      {
        name: 'POST with ids alone needs AUTH_SERVICE',
        steps: [{ send: post(all.map(id)), ...error(400, 'Bad Request', 'PARTICIPANTS_NEED_AUTH_SERVICE', 'body/participants as an array of ids is only accepted where AUTH_SERVICE is configured'), ...nothing }]
      },
      {
        name: 'POST with group in the place of groups',
        steps: [{ send: post({ number: 2, data: [{ ...joe, group: 'doctor' }, patient] }), ...created, document: { participants: stored([1, 2]) }, rooms: [room([1, 2])] }]
      },
      {
        name: 'of several groups the higher one counts',
        steps: [{ send: post({ number: 2, data: [{ ...joe, groups: ['patient', 'doctor'] }, patient] }), ...created, people: people(1, 2), rooms: [room([1, 2])] }]
      },
      {
        name: 'a language may be left out',
        steps: [{ send: post({ number: 2, data: [doctor, { userExternalId: id(2), groups: ['patient'], fullName: 'Mario Rossi' }] }), ...created, document: { participants: [...stored([1]), ...stored([2], { language: null })] } }]
      },
      {
        name: 'POST with a group that no privilege lists is refused, naming it',
        steps: [{ send: post({ number: 2, data: [doctor, { ...patient, groups: ['wizard'] }] }), ...error(400, 'Bad Request', 'UNKNOWN_GROUP', 'body/participants/data/1/groups names the group "wizard", which no privilege lists'), ...nothing }]
      },
      {
        name: 'POST without somebody’s groups is refused',
        steps: [{ send: post({ number: 2, data: [joe, patient] }), ...error(400, 'Bad Request', 'PARTICIPANT_FIELD_MISSING', 'body/participants/data/0/groups is required where AUTH_SERVICE is not configured'), ...nothing }]
      },
      {
        name: 'POST without somebody’s name is refused',
        steps: [{ send: post({ number: 2, data: [doctor, { userExternalId: id(2), groups: ['patient'] }] }), ...error(400, 'Bad Request', 'PARTICIPANT_FIELD_MISSING', 'body/participants/data/1/fullName is required where AUTH_SERVICE is not configured'), ...nothing }]
      }
    ]
  }
}
