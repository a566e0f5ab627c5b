import { DATES, error, immutable, INSIDE, noPlusUser, notFound, STORED_DATES, wordsOf, type Who } from './people.ts'
import type { Case, Setting, Step } from './replay.ts'

const NOBODYS = '6214f0a1b2c3d4e5f6a7b8c9'

/** PATCH /teleconsultation/:roomId and POST /teleconsultation/:roomId/participants/data. */
export function changeCases (setting: Setting): Case[] {
  const { add, asked, booked, created, done, id, list, patch, people, post, room, stored } = wordsOf(setting)
  const all: Who[] = [1, 2, 3]
  const complete = { bandyerRoomId: '<room>', participants: stored(all), participantsNumber: 3, ...STORED_DATES, __STATE__: 'PUBLIC' }
  const untouched = { bandyerRoomId: '<room>', participants: stored([1, 2]), participantsNumber: 2 }
  const waiting: Step = { send: post(list(3, 1, 3)), ...created }
  const added = { status: 201, body: '' }
  const later = { start_date: '2022-02-23T09:00:00.000Z', end_date: '2022-02-23T09:30:00.000Z' }
  const ids = setting.identity === 'auth'

  return [
    {
      name: 'PATCH with everybody known replaces the list and the room',
      steps: [booked(1, 2), { send: patch({ participants: list(3, ...all), ...DATES }), ...done, document: complete, people: people(...all), rooms: [room(all)], made: 2 }]
    },
    {
      name: 'PATCH with somebody not known any more takes the room away',
      steps: [booked(1, 2), {
        send: patch({ participants: list(3, 1, 3), ...DATES }),
        ...done,
        document: { bandyerRoomId: '', participants: stored([1, 3], { links: false }), participantsNumber: 3, ...STORED_DATES },
        people: people(1, 2, 3),
        rooms: [],
        made: 1
      }]
    },
    {
      name: 'PATCH that makes the list complete makes the room',
      steps: [waiting, { send: patch({ participants: list(3, ...all) }), ...done, document: complete, rooms: [room(all)], made: 1 }]
    },
    {
      name: 'PATCH with participants alone leaves the dates',
      steps: [booked(1, 2), { send: patch({ participants: list(2, 1, 3) }), ...done, document: { ...STORED_DATES, participants: stored([1, 3]), participantsNumber: 2 }, rooms: [room([1, 3])], made: 2 }]
    },
    {
      name: 'PATCH with the same participants leaves the room',
      steps: [booked(1, 2), { send: patch({ participants: list(2, 1, 2) }), ...done, document: untouched, rooms: [room([1, 2])], made: 1 }]
    },
    {
      name: 'PATCH of dates touches no unlimited room',
      steps: [booked(1, 2), { send: patch(later), ...done, document: { ...untouched, startDate: later.start_date, endDate: later.end_date, duration: 1800 }, rooms: [room([1, 2])], made: 1 }]
    },
    {
      name: 'PATCH of a limited call’s length replaces its room',
      variables: { UNLIMITED_TELECONSULTATION: 'false' },
      steps: [booked(1, 2), { send: patch(later), ...done, document: { ...untouched, duration: 1800 }, rooms: [room([1, 2], { duration: 1800 })], made: 2 }]
    },
    {
      name: 'PATCH of the start alone keeps the end',
      steps: [booked(1, 2), { send: patch({ start_date: '2022-02-22T15:45:00.000Z' }), ...done, document: { ...untouched, startDate: '2022-02-22T15:45:00.000Z', endDate: DATES.end_date, duration: 2700 }, made: 1 }]
    },
    {
      name: 'PATCH of the end alone keeps the start',
      steps: [booked(1, 2), { send: patch({ end_date: '2022-02-22T16:00:00.000Z' }), ...done, document: { ...untouched, startDate: DATES.start_date, endDate: '2022-02-22T16:00:00.000Z', duration: 1800 }, made: 1 }]
    },
    {
      name: 'PATCH of the duration alone counts from the stored start',
      steps: [booked(1, 2), { send: patch({ duration_in_seconds: 900 }), ...done, document: { ...untouched, startDate: DATES.start_date, endDate: '2022-02-22T15:45:00.000Z', duration: 900 }, made: 1 }]
    },
    {
      name: 'PATCH of the start alone to less than 5 minutes before the end is refused',
      steps: [booked(1, 2), { send: patch({ start_date: '2022-02-22T16:26:00.000Z' }), ...error(400, 'Bad Request', 'INVALID_SPAN', 'A teleconsultation lasts at least 5 minutes and at most 24 hours'), document: { ...untouched, ...STORED_DATES } }]
    },
    {
      name: 'PATCH with both end and duration is refused',
      steps: [booked(1, 2), { send: patch({ ...DATES, duration_in_seconds: 900 }), ...error(400, 'Bad Request', 'END_OR_DURATION', 'Give exactly one of body/end_date and body/duration_in_seconds'), document: { ...untouched, ...STORED_DATES } }]
    },
    {
      name: 'PATCH of nothing is refused',
      steps: [booked(1, 2), { send: patch({}), ...error(400, 'Bad Request', 'FST_ERR_VALIDATION', 'body must NOT have fewer than 1 properties'), document: { ...untouched, ...STORED_DATES } }]
    },
    {
      name: 'PATCH without a plus user is refused in the documented sentence, and nothing changes',
      steps: [booked(1, 2), { send: patch({ participants: list(2, 2, 3) }), ...noPlusUser('PATCH /teleconsultation'), document: untouched, people: people(1, 2), rooms: [room([1, 2])], made: 1 }]
    },
    {
      name: 'PATCH of what is not there is a 404 in the documented sentence',
      steps: [{ send: { ...patch(later), url: `/teleconsultation/${NOBODYS}` }, ...notFound(NOBODYS) }]
    },
    {
      name: 'PATCH is refused once the call may begin, and nothing changes',
      steps: [booked(1, 2), { at: INSIDE, send: patch(later), ...immutable, document: { ...untouched, ...STORED_DATES }, made: 1 }]
    },
    {
      name: 'PATCH is refused from IMMUTABLE_PERIOD_MS before the start',
      variables: { IMMUTABLE_PERIOD_MS: '600000' },
      steps: [
        booked(1, 2),
        { at: '2022-02-22T15:19:59.000Z', send: patch({ duration_in_seconds: 1800 }), ...done },
        { at: '2022-02-22T15:20:00.000Z', send: patch(later), ...immutable, document: { startDate: DATES.start_date, duration: 1800 } }
      ]
    },
    {
      name: 'an incomplete teleconsultation knows no immutable period',
      steps: [waiting, { at: INSIDE, send: patch({ participants: list(3, ...all) }), ...done, document: complete, made: 1 }]
    },
    {
      name: 'participants/data adds the last one and makes the room',
      steps: [{ send: post(list(3, 1, 2)), ...created }, { send: add(asked(3)), ...added, document: complete, people: people(...all), rooms: [room(all)], made: 1 }]
    },
    {
      name: 'participants/data adds somebody who is not the last',
      steps: [
        { send: post(list(3, 1)), ...created },
        { send: add(asked(2)), ...added, document: { bandyerRoomId: '', participants: stored([1, 2], { links: false }), participantsNumber: 3 }, people: people(1, 2), rooms: [], made: 0 }
      ]
    },
    {
      name: 'participants/data without a plus user is refused in the documented sentence, and nothing changes',
      steps: [
        { send: post(list(2, 2)), ...created },
        { send: add(asked(3)), ...noPlusUser('POST /teleconsultation/<roomId>/participants/data'), document: { bandyerRoomId: '', participants: stored([2], { links: false }) }, made: 0 }
      ]
    },
    {
      name: 'participants/data is refused once the call may begin',
      steps: [booked(1, 2), { at: INSIDE, send: add(asked(3)), ...immutable, document: untouched, made: 1 }]
    },
    {
      name: 'participants/data of somebody who is in it is refused',
      steps: [waiting, { send: add(asked(3)), ...error(400, 'Bad Request', 'DUPLICATE_PARTICIPANT', 'body/userExternalId is a participant already'), document: { participants: stored([1, 3], { links: false }) } }]
    },
    {
      name: 'participants/data of one too many is refused',
      steps: [booked(1, 2), { send: add(asked(3)), ...error(400, 'Bad Request', 'TOO_MANY_PARTICIPANTS', 'There are more participants than body/participants/number allows'), document: untouched, made: 1 }]
    },
    {
      name: 'participants/data of what is not there is a 404 in the documented sentence',
      steps: [{ send: { ...add(asked(3)), url: `/teleconsultation/${NOBODYS}/participants/data` }, ...notFound(NOBODYS) }]
    },
    ids
      ? {
          name: 'PATCH with ids alone',
          steps: [booked(1, 2), { send: patch({ participants: all.map(id), ...DATES }), ...done, document: { ...complete, participants: stored(all, { language: null }) }, rooms: [room(all)], made: 2 }]
        }
      : {
          name: 'participants/data with group in the place of groups',
          steps: [
            { send: post(list(2, 2)), ...created },
            { send: add({ userExternalId: id(1), group: 'doctor', fullName: 'Joe Smith', language: 'it' }), ...added, document: { bandyerRoomId: '<room>', participants: stored([2, 1]) }, rooms: [room([2, 1])] }
          ]
        },
    ...ids
      ? []
      : [{
          name: 'participants/data with a group that no privilege lists is refused, naming it',
          steps: [waiting, { send: add({ ...asked(2), groups: ['wizard'] }), ...error(400, 'Bad Request', 'UNKNOWN_GROUP', 'body/groups names the group "wizard", which no privilege lists'), document: { participants: stored([1, 3], { links: false }) } }]
        }]
  ]
}
