import { CONFIGURATION, DATES, INSIDE, notFound, ROOM, STORED_DATES, unauthorized, wordsOf } from './people.ts'
import type { Case, Setting, Step } from './replay.ts'

const HERS = 'https://clinic.bandyer.com/eu/direct-rest-call-handler/6c1f'
const HIS = 'https://clinic.bandyer.com/eu/direct-rest-call-handler/7d2e'

/** Whole conversations: the Appointment Manager's, and those about documents that the original wrote. */
export const callerCases = (setting: Setting): Case[] => [
  ...legacyCases(setting),
  ...setting.identity === 'auth' ? appointmentCases(setting) : []
]

function appointmentCases (setting: Setting): Case[] {
  const { access, created, done, get, id, patch, post, remove, room, stored } = wordsOf(setting)
  const later = { start_date: '2022-02-23T09:00:00.000Z', end_date: '2022-02-23T09:30:00.000Z' }
  const without = { language: null }
  // As the platform's own HTTP client sends it.
  const cleared: Step['send'] = { ...remove, headers: { 'content-type': 'text/html', 'content-length': '0' } }
  const linkOf = (who: 1 | 2 | 3) => ({ link: `<link ${id(who)}>` })

  const custom = { 1: 'crud_doctor', 2: 'crud_patient' }
  const bySeat = [custom[1], custom[2]].map((name) => ({ user_id: `<user ${name}>` }))
  const tools = (privilege: 'plus' | 'basic') => CONFIGURATION.privileges[privilege].tools

  return [
    {
      name: 'an appointment: booked, its people changed, moved, held, cleared',
      steps: [
        { send: post([id(1), id(2)]), ...created, document: { bandyerRoomId: '<room>', participants: stored([1, 2], without), participantsNumber: 2, ...STORED_DATES }, rooms: [room([1, 2])] },
        { send: patch({ participants: [id(1), id(2), id(3)] }), ...done, document: { bandyerRoomId: '<room>', participants: stored([1, 2, 3], without), participantsNumber: 3, ...STORED_DATES }, rooms: [room([1, 2, 3])], made: 2 },
        { send: patch(later), ...done, document: { participants: stored([1, 2, 3], without), startDate: later.start_date, endDate: later.end_date, duration: 1800 }, rooms: [room([1, 2, 3])], made: 2 },
        { at: INSIDE, send: get(3), status: 200, body: access(3, [1, 2, 3], { link: null }) },
        { at: '2022-02-23T09:01:00.000Z', send: get(3), status: 200, body: access(3, [1, 2, 3], linkOf(3)) },
        { send: cleared, ...done, document: { __STATE__: 'TRASH' }, rooms: [], made: 2 },
        { send: get(3), ...notFound('<roomId>') }
      ]
    },
    {
      name: 'an appointment whose users are known by ids of their own',
      configuration: {
        customUserId: { source: '_id', target: 'authUserId' },
        userIdPathInRequest: [{ from: 'object', extract: 'headers' }, { from: 'object', extract: 'miauserproperties' }, { from: 'json', extract: 'customUserId' }]
      },
      customIds: [{ _id: custom[1], authUserId: id(1) }, { _id: custom[2], authUserId: id(2) }],
      steps: [
        {
          send: post([custom[1], custom[2]]),
          ...created,
          people: { [custom[1]]: 'plus', [custom[2]]: 'basic' },
          rooms: [{ participants: [{ ...bySeat[0], is_admin: true, tools: tools('plus') }, { ...bySeat[1], is_admin: false, tools: tools('basic') }], live: true }]
        },
        {
          at: INSIDE,
          send: { ...get(2), headers: { miauserproperties: JSON.stringify({ customUserId: custom[2] }) } },
          status: 200,
          body: {
            ...access(2, [1, 2]),
            bandyerUserId: `<user ${custom[2]}>`,
            accessLinkURL: `<link ${custom[2]}>`,
            participantsBandyerCall: [{ bandyerUserId: `<user ${custom[1]}>`, fullName: 'Joe Smith' }, { bandyerUserId: `<user ${custom[2]}>`, fullName: 'Mario Rossi' }]
          }
        }
      ]
    }
  ]
}

function legacyCases (setting: Setting): Case[] {
  const { asked, done, get, id, list, patch, remove, room, stored } = wordsOf(setting)
  const people = { [id(1)]: 'usr_legacy_1', [id(2)]: 'usr_legacy_2' }
  const seat = (userId: string, isAdmin: boolean, token: string) => ({ userId, isAdmin, tools: {}, token })
  const planted = (idName: 'bandyerId' | 'userBandyerId') => ({
    people,
    document: {
      bandyerRoomId: 'room_legacy',
      participantsNumber: 2,
      participants: [
        { [idName]: 'usr_legacy_1', accessLinkURL: HERS, groups: ['doctor'], fullName: 'Joe Smith', language: 'it' },
        { [idName]: 'usr_legacy_2', accessLinkURL: HIS, groups: ['patient'], fullName: 'Mario Rossi' }
      ],
      startDate: DATES.start_date,
      endDate: DATES.end_date
    },
    room: {
      id: 'room_legacy',
      createdAt: new Date('2022-02-01T10:00:00.000Z'),
      description: 'Follow-up',
      duration: 3600,
      live: true,
      seats: [seat('usr_legacy_1', true, '6c1f'), seat('usr_legacy_2', false, '7d2e')]
    }
  })
  const details = {
    recording: 'none',
    callType: 'audio_video',
    description: 'Follow-up',
    status: 'NOT_RUNNING',
    durationInSeconds: 3600,
    live: true,
    ...(setting.generation === 'kaleyra' ? { creationDate: '2022-02-01T10:00:00.000Z' } : { durationUsedInSeconds: 0 })
  }
  const answer = (who: 1 | 2, accessLinkURL: string | null) => ({
    status: 200,
    body: {
      bandyerUserId: `usr_legacy_${who}`,
      accessLinkURL,
      participantsBandyerCall: [{ bandyerUserId: 'usr_legacy_1', fullName: 'Joe Smith' }, { bandyerUserId: 'usr_legacy_2', fullName: 'Mario Rossi' }],
      details
    }
  })
  const all = [1, 2, 3] as const

  return [
    ...(['bandyerId', 'userBandyerId'] as const).map((idName): Case => ({
      name: `a document of the original, with ${idName}, gives each participant his link`,
      planted: planted(idName),
      steps: [
        { send: get(2), ...answer(2, null) },
        { at: INSIDE, send: get(1), ...answer(1, `${HERS}?l=it`) },
        { send: get(2), ...answer(2, HIS) },
        { send: get(3), ...unauthorized, document: { bandyerRoomId: 'room_legacy', participantsNumber: 2, startDate: DATES.start_date, endDate: DATES.end_date }, made: 1 }
      ]
    })),
    {
      name: 'a document of the original without names and end: its people have no names, as with the auth service then',
      planted: {
        ...planted('userBandyerId'),
        document: {
          bandyerRoomId: 'room_legacy',
          participantsNumber: 2,
          participants: [{ userBandyerId: 'usr_legacy_1', accessLinkURL: HERS }, { userBandyerId: 'usr_legacy_2', accessLinkURL: HIS }],
          startDate: DATES.start_date,
          duration: 3600
        }
      },
      steps: [{
        at: INSIDE,
        send: get(2),
        status: 200,
        body: { bandyerUserId: 'usr_legacy_2', accessLinkURL: HIS, participantsBandyerCall: [{ bandyerUserId: 'usr_legacy_1' }, { bandyerUserId: 'usr_legacy_2' }], details }
      }]
    },
    {
      name: 'a document of the original without a room yet takes its last participant',
      planted: {
        people,
        document: {
          bandyerRoomId: '',
          participantsNumber: 3,
          participants: [
            { userBandyerId: 'usr_legacy_1', accessLinkURL: null, groups: ['doctor'], fullName: 'Joe Smith', language: 'it' },
            { userBandyerId: 'usr_legacy_2', accessLinkURL: null, groups: ['patient'], fullName: 'Mario Rossi', language: 'it' }
          ],
          startDate: DATES.start_date,
          endDate: DATES.end_date
        },
        room: { id: 'room_elsewhere', seats: [seat('usr_legacy_1', true, 'a'), seat('usr_legacy_2', false, 'b')] }
      },
      steps: [{
        before: ({ rooms }) => { rooms.length = 0 },
        send: { method: 'POST', url: `${ROOM}/participants/data`, body: asked(3) },
        status: 201,
        body: '',
        document: { bandyerRoomId: '<room>', participants: stored([...all]) },
        rooms: [room([...all])]
      }]
    },
    {
      name: 'a document of the original is moved, its room and links staying',
      planted: planted('userBandyerId'),
      steps: [
        { send: patch({ start_date: '2022-02-22T15:45:00.000Z' }), ...done, document: { bandyerRoomId: 'room_legacy', startDate: '2022-02-22T15:45:00.000Z', endDate: DATES.end_date }, made: 1 },
        { at: '2022-02-22T15:46:00.000Z', send: get(2), ...answer(2, HIS) }
      ]
    },
    {
      name: 'a document of the original gets other participants, its people keeping their ids at the vendor',
      planted: planted('bandyerId'),
      steps: [{ send: patch({ participants: list(3, ...all) }), ...done, document: { bandyerRoomId: '<room>', participants: stored([...all]), participantsNumber: 3 }, rooms: [room([...all])], made: 2 }]
    },
    {
      name: 'a document of the original is deleted with its room',
      planted: planted('userBandyerId'),
      steps: [{ send: remove, ...done, document: { __STATE__: 'TRASH' }, rooms: [] }, { send: get(1), ...notFound('<roomId>') }]
    }
  ]
}
