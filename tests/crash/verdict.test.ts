import t from 'tap'
import { nameOf } from '../simulation/history.ts'
import type { StoredRow } from '../simulation/crud.ts'
import { FOREIGN_ROOMS, type VendorRoomState } from './vendor-state.ts'
import { VIOLATIONS, violationsIn, type Evidence } from './verdict.ts'

const START = Date.UTC(2026, 10, 23, 12)
const URL_BASE = 'https://vendor.example/rest-call-handler'

const room: VendorRoomState = {
  id: 'room_5', marker: 'crash|doc-1|op-1|1', deleted: false, durationSeconds: 300, createdAt: START - 60_000, seats: [{ userId: 'usr_a', token: 'ta' }, { userId: 'usr_b', token: 'tb' }]
}
const foreign = FOREIGN_ROOMS.map((id): VendorRoomState => ({ ...room, id, marker: undefined, seats: [] }))
const participant = (externalId: string, userBandyerId: string, privilege: string, token: string) =>
  ({ userExternalId: externalId, userBandyerId, privilege, fullName: nameOf({ id: 1 }, externalId), accessLinkURL: `${URL_BASE}/${token}` })
const row: StoredRow = {
  _id: 'doc-1',
  __STATE__: 'PUBLIC',
  updatedAt: new Date(START).toISOString(),
  bandyerRoomId: room.id,
  participantsNumber: 2,
  participants: [participant('ada', 'usr_a', 'plus', 'ta'), participant('bruno', 'usr_b', 'basic', 'tb')],
  startDate: new Date(START).toISOString(),
  endDate: new Date(START + 300_000).toISOString(),
  duration: 300,
  teleconsultationState: 'READY',
  revision: 3,
  service: { phase: 'READY', sealed: true, epoch: 1, applied: ['op-1'], garbage: [], provider: 'bandyer', room: { providerRoomId: room.id } }
}
const removal = { id: 3, kind: 'remove', teleconsultation: -1, replica: '', beganAt: START + 20, endedAt: START + 30, outcome: 'done', documentId: 'doc-1' } as const

/** One booking that went well, and whose link somebody got. */
const evidence: Evidence = {
  layout: 'declared',
  roomCreation: 'eager',
  unlimited: false,
  periodMs: 0,
  rows: [row],
  userIdMaps: [{ _id: 'map-1', __STATE__: 'PUBLIC', updatedAt: row.updatedAt, receivedUserId: 'ada', bandyerId: 'usr_a' }],
  vendor: { users: ['usr_a', 'usr_b'], rooms: [...foreign, room] },
  history: [{
    id: 1,
    kind: 'create',
    teleconsultation: -1,
    documentId: 'doc-1',
    replica: '',
    beganAt: START - 60_000,
    endedAt: START - 59_000,
    outcome: 'done',
    people: [{ externalId: 'ada', privilege: 'plus' }, { externalId: 'bruno', privilege: 'basic' }],
    number: 2,
    startAt: START,
    endAt: START + 300_000
  }],
  links: [{ documentId: 'doc-1', caller: 'ada', url: `${URL_BASE}/ta?l=it`, beganAt: START + 1, givenAt: START + 2 }],
  noticed: [],
  lines: ['{"level":30,"msg":"request completed"}']
}

const withRow = (change: object): Partial<Evidence> => ({ rows: [{ ...row, ...change }] })
const withRooms = (...rooms: VendorRoomState[]): Partial<Evidence> => ({ vendor: { ...evidence.vendor, rooms } })
const withoutRoom = withRooms(...foreign, { ...room, deleted: true })
const withLink = (change: object): Partial<Evidence> => ({ links: evidence.links.map((link) => ({ ...link, ...change })) })
const withControl = (change: object) => withRow({ service: { ...row['service'] as object, ...change } })
const operation = { id: 'op-2', kind: 'change', epoch: 2, leaseUntil: 0, startedAt: 0 }
const trashed = { __STATE__: 'TRASH', teleconsultationState: 'DELETING' }

const CASES: ReadonlyArray<[what: string, changed: Partial<Evidence>, kinds: ReadonlyArray<typeof VIOLATIONS[number]>]> = [
  ['nothing', {}, []],
  ['a document that is gone, and its room that is not', { rows: [] }, ['lost', 'orphaned']],
  ['a document in the trash that nobody deleted', { ...withRow(trashed), ...withoutRoom }, ['lost']],
  ['an acknowledged deletion', { ...withRow(trashed), ...withoutRoom, history: [...evidence.history, removal] }, []],
  ['an acknowledged deletion that was lost', { history: [...evidence.history, removal] }, ['lost']],
  ['a room that is gone', withoutRoom, ['lost']],
  ['a room with somebody else in it', withRooms(...foreign, { ...room, seats: [...room.seats, { userId: 'usr_c', token: 'tc' }] }), ['lost']],
  ['a stored link to somebody else’s seat', withRow({ participants: [participant('ada', 'usr_a', 'plus', 'tb'), participant('bruno', 'usr_b', 'basic', 'tb')] }), ['lost']],
  ['dates that nobody asked for', withRow({ startDate: new Date(START - 1000).toISOString() }), ['lost']],
  ['a field of another type', withRow({ duration: '300' }), ['lost']],
  ['a room of others that is gone', withRooms(...foreign.slice(1), room), ['lost']],
  ['a room that nobody owns', withRooms(...foreign, room, { ...room, id: 'room_6', seats: [] }), ['orphaned']],
  ['an operation without end', withControl({ operation }), ['orphaned']],
  ['a deletion that was not finished', { ...withRow({ teleconsultationState: 'DELETING' }), ...withoutRoom, history: [...evidence.history, removal] }, ['orphaned']],
  ['a booking that was refused', { history: evidence.history.map((entry) => ({ ...entry, outcome: 'refused', documentId: undefined })), links: [] }, ['orphaned']],
  ['a booking that is there twice', { rows: [row, { ...row, _id: 'doc-2' }] }, ['duplicated']],
  ['somebody who is mapped twice', { userIdMaps: [...evidence.userIdMaps, ...evidence.userIdMaps.map((map) => ({ ...map, _id: 'map-2' }))] }, ['duplicated']],
  ['somebody with two accounts', { rows: [row, { ...row, _id: 'doc-2', bandyerRoomId: '', teleconsultationState: 'DELETING', __STATE__: 'TRASH', participants: [participant('ada', 'usr_z', 'plus', 'tz')] }] }, ['duplicated']],
  ['a link in the log', { lines: [`{"url":"${URL_BASE}/ta"}`] }, ['leaked']],
  ['a person’s id in the log', { lines: ['{"user":"canary-ada"}'] }, ['leaked']],
  ['a link that was given to somebody else', withLink({ caller: 'bruno' }), ['leaked']],
  ['a link that was given before its time', withLink({ givenAt: START - 1 }), ['leaked']],
  ['a link that was given after the deletion', { ...withRow(trashed), ...withoutRoom, ...withLink({ beganAt: START + 31 }), history: [...evidence.history, removal] }, ['leaked']],
  ['a link to a room that was replaced', { ...withLink({ url: `${URL_BASE}/old` }), ...withRooms(...foreign, { ...room, id: 'room_4b', deleted: true, seats: [{ userId: 'usr_a', token: 'old' }] }, room) }, ['lost']],
  ['what a client noticed', { noticed: [{ kind: 'unexpected', what: 'a change ended with INTERNAL_ERROR' }] }, ['unexpected']]
]

for (const [what, changed, expected] of CASES) {
  t.test(`the verdict on ${what}: ${expected.join(', ') || 'all is well'}`, async (t) => {
    const kinds = new Set(violationsIn({ ...evidence, ...changed }).map(({ kind }) => kind))
    t.same(VIOLATIONS.filter((kind) => kinds.has(kind)), expected)
  })
}
