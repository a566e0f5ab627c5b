import type { Setting, Step } from './replay.ts'

/** The people and words of the usage page's examples. */

const TOOLS = ['chat', 'screen_sharing', 'file_upload', 'whiteboard', 'snapshot', 'live_edit', 'live_pointer', 'present_to_everyone']
const tools = (...off: string[]) => Object.fromEntries(TOOLS.map((tool) => [tool, !off.includes(tool)]))

/** With keys of old files, which are tolerated. */
export const CONFIGURATION = {
  privileges: {
    basic: { groups: ['patient', 'customer'], tools: tools('screen_sharing', 'whiteboard', 'live_edit', 'present_to_everyone') },
    plus: { groups: ['doctor', 'admin'], tools: tools('live_pointer') }
  },
  theme: { light: { primaryColor: '#ffffff', accentColor: '#000000' } },
  companyLogo: { url: 'https://clinic.example/logo.png' },
  environment: 'sandbox',
  mode: 'window'
}

const PEOPLE = [
  { number: 1, fullName: 'Joe Smith', group: 'doctor' },
  { number: 2, fullName: 'Mario Rossi', group: 'patient' },
  { number: 3, fullName: 'Jane Doe', group: 'patient' },
  { number: 4, fullName: 'Luigi Bianchi', group: 'customer' }
] as const

export type Who = 1 | 2 | 3 | 4

const personOf = (who: Who) => {
  const person = PEOPLE.find(({ number }) => number === who)
  if (person === undefined) throw new Error(`nobody is ${who}`)
  return person
}

export const USERS = PEOPLE.map(({ number, fullName, group }) => ({ user_id: `user${number}_auth0_id`, name: fullName, app_metadata: { groups: [group] } }))

export const DATES = { start_date: '2022-02-22T15:30:00.000Z', end_date: '2022-02-22T16:30:00.000Z' }
export const STORED_DATES = { startDate: DATES.start_date, endDate: DATES.end_date, duration: 3600 }
/** The call has begun. */
export const INSIDE = '2022-02-22T15:31:00.000Z'
export const FRONTEND = '/api/v1/telecons-be'
export const ROOM = '/teleconsultation/<roomId>'

/** @param documented whether `error` holds the sentence too */
export function error (statusCode: number, reason: string, code: string, message: string, documented = false): Pick<Step, 'status' | 'body'> {
  return { status: statusCode, body: { statusCode, error: documented ? message : reason, message, code } }
}

export const notFound = (roomId: string) => error(404, 'Not Found', 'TELECONSULTATION_NOT_FOUND', `Room with id ${roomId} not found on CRUD`, true)
export const unauthorized = error(401, 'Unauthorized', 'UNAUTHORIZED_USER', 'Unauthorized user', true)
export const noPlusUser = (request: string) => error(400, 'Bad Request', 'NO_PLUS_USER', `Failed ${request}: no plus user in room`, true)
export const immutable = error(409, 'Conflict', 'IMMUTABLE_PERIOD', 'The teleconsultation can no longer be changed: its immutable period has begun')

/** How the people stand in requests, documents and rooms, for one setting. */
export function wordsOf ({ generation, identity }: Setting) {
  const id = (who: Who) => `user${who}_${identity === 'auth' ? 'auth0' : 'external'}_id`

  /** As a request names somebody. */
  const asked = (who: Who) => identity === 'auth'
    ? { userExternalId: id(who), language: 'it' }
    : { userExternalId: id(who), groups: [personOf(who).group], fullName: personOf(who).fullName, language: 'it' }
  const list = (number: number, ...whom: Who[]) => ({ number, data: whom.map(asked) })

  /** As the official collection keeps him; without a link where there is no room. */
  const stored = (whom: Who[], { links = true, language = 'it' as string | null } = {}) => whom.map((who) => ({
    userBandyerId: `<user ${id(who)}>`,
    accessLinkURL: links ? `<link ${id(who)}>` : null,
    groups: [personOf(who).group],
    fullName: personOf(who).fullName,
    ...(language === null ? {} : { language })
  }))

  const isPlus = (who: Who) => CONFIGURATION.privileges.plus.groups.includes(personOf(who).group)
  const people = (...whom: Who[]) => Object.fromEntries(whom.map((who) => [id(who), isPlus(who) ? 'plus' as const : 'basic' as const]))
  const room = (whom: Who[], rest: { live?: boolean, duration?: number, recording?: 'manual' | 'automatic' } = {}) => ({
    participants: whom.map((who) => ({ user_id: `<user ${id(who)}>`, is_admin: isPlus(who), tools: CONFIGURATION.privileges[isPlus(who) ? 'plus' : 'basic'].tools })),
    live: true,
    ...rest
  })

  /** The room as the vendor tells it; the first generation does not tell when it was made. */
  const details = (rest: object = {}) => ({
    recording: 'none',
    callType: 'audio_video',
    status: 'NOT_RUNNING',
    live: true,
    ...(generation === 'kaleyra' ? { creationDate: '2022-02-22T15:00:00.000Z' } : { durationUsedInSeconds: 0 }),
    ...rest
  })

  /** What GET answers to `who`; the vendor's `l` says the language of his page. */
  const access = (who: Who, whom: Who[], { link = `<link ${id(who)}>?l=it` as string | null, hasRoom = true } = {}) => ({
    bandyerUserId: `<user ${id(who)}>`,
    accessLinkURL: link,
    participantsBandyerCall: whom.map((one) => ({ bandyerUserId: `<user ${id(one)}>`, fullName: personOf(one).fullName })),
    ...(hasRoom ? { details: details() } : {})
  })

  const post = (participants: unknown, dates: object = DATES): Step['send'] => ({ method: 'POST', url: '/teleconsultation', body: { participants, ...dates } })
  const patch = (body: object): Step['send'] => ({ method: 'PATCH', url: ROOM, body })
  const add = (body: object): Step['send'] => ({ method: 'POST', url: `${ROOM}/participants/data`, body })
  const get = (who: Who, query = '', prefix = FRONTEND): Step['send'] => ({ method: 'GET', url: `${prefix}${ROOM}${query}`, caller: id(who) })
  const remove: Step['send'] = { method: 'DELETE', url: ROOM }

  const created = { status: 201, body: { roomId: '<roomId>' } }
  const done = { status: 204, body: '' }
  /** A complete booking to begin with. */
  const booked = (...whom: Who[]): Step => ({ send: post(list(whom.length, ...whom)), ...created })

  return { id, asked, list, stored, people, room, details, access, post, patch, add, get, remove, created, done, booked }
}
