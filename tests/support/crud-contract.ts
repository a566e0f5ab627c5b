import { randomUUID } from 'node:crypto'
import type { Test } from 'tap'
import type { CrudAnswer, CrudRequest } from './crud-client.ts'
import { idOf, q, send } from './crud-client.ts'

/** A CRUD server that holds the two collections of lib/storage/collections.ts, indexes included. */
export interface CrudUnderTest {
  readonly origin: string
  /** Base paths of the two collections there. */
  readonly teleconsultations: string
  readonly userIdMaps: string
}

/** Documents made for one row of the table, and texts that no other row uses. */
interface Fixture {
  readonly path: string
  readonly maps: string
  readonly marker: string
  readonly id: string
  readonly trashedId: string
  readonly mapId: string
  readonly takenUser: string
}

interface Row {
  readonly title: string
  readonly request: (fixture: Fixture) => CrudRequest
  readonly status: number
  /** The media type of the answer. */
  readonly type?: string
  /** The exact text of the answer. */
  readonly text?: string
  /** Keys of the answer, in their order. */
  readonly keys?: readonly string[]
  readonly message?: string | RegExp
}

const MISSING = '000000000000000000000000'
const NOT_FOUND = '{"error":"not found"}'
const SCHEMA_KEYS = ['statusCode', 'code', 'error', 'message']
const PLAIN_KEYS = ['statusCode', 'error', 'message']
const QUERY_KEYS = ['statusCode', 'message', 'error']

/** A complete teleconsultation, marked by its room. */
export function teleconsultation (marker: string, more: object = {}): Record<string, unknown> {
  return {
    bandyerRoomId: marker,
    participants: [{ userBandyerId: 'one' }, { userBandyerId: 'two' }],
    participantsNumber: 2,
    startDate: '2030-05-06T07:08:09.010Z',
    ...more,
  }
}

const get = (path: string): CrudRequest => ({ method: 'GET', path })
const post = (path: string, body: unknown): CrudRequest => ({ method: 'POST', path, body })
const patch = (path: string, body: unknown): CrudRequest => ({ method: 'PATCH', path, body })
const remove = (path: string): CrudRequest => ({ method: 'DELETE', path })
const without = (body: Record<string, unknown>, name: string) => Object.fromEntries(Object.entries(body).filter(([key]) => key !== name))

/** A form with one file, as text. */
const upload = (method: 'POST' | 'PATCH', path: string, type: string, content: string): CrudRequest => ({
  method,
  path,
  body: `--form\r\ncontent-disposition: form-data; name="file"; filename="documents"\r\ncontent-type: ${type}\r\n\r\n${content}\r\n--form--\r\n`,
  headers: { 'content-type': 'multipart/form-data; boundary=form' },
})

const insertRows: readonly Row[] = [
  { title: 'POST / answers 200 with the id', request: ({ path, marker }) => post(`${path}/`, teleconsultation(marker)), status: 200, keys: ['_id'] },
  { title: 'POST / works without the final slash', request: ({ path, marker }) => post(path, teleconsultation(marker)), status: 200, keys: ['_id'] },
  { title: 'POST / refuses a missing field', request: ({ path, marker }) => post(`${path}/`, without(teleconsultation(marker), 'startDate')), status: 400, keys: SCHEMA_KEYS, message: "body must have required property 'startDate'" },
  { title: 'POST / refuses an undeclared field', request: ({ path, marker }) => post(`${path}/`, teleconsultation(marker, { x: 1 })), status: 400, keys: PLAIN_KEYS, message: 'body must NOT have additional properties. Property "x" is not defined in validation schema' },
  { title: 'POST / refuses _id', request: ({ path, marker }) => post(`${path}/`, teleconsultation(marker, { _id: MISSING })), status: 400, keys: PLAIN_KEYS },
  { title: 'POST / refuses creatorId', request: ({ path, marker }) => post(`${path}/`, teleconsultation(marker, { creatorId: 'me' })), status: 400, keys: PLAIN_KEYS },
  { title: 'POST / refuses a date without seconds', request: ({ path, marker }) => post(`${path}/`, teleconsultation(marker, { endDate: '2030-01-01T10:00Z' })), status: 400, keys: SCHEMA_KEYS, message: /^body\/endDate must match pattern/ },
  { title: 'POST / takes null for a text', request: ({ path, marker }) => post(`${path}/`, teleconsultation(marker, { teleconsultationState: null })), status: 200, keys: ['_id'] },
  { title: 'POST / refuses null for a date', request: ({ path, marker }) => post(`${path}/`, teleconsultation(marker, { endDate: null })), status: 400, keys: SCHEMA_KEYS },
  { title: 'POST / refuses null for an array', request: ({ path, marker }) => post(`${path}/`, teleconsultation(marker, { participants: null })), status: 400, keys: SCHEMA_KEYS, message: /must be array,object/ },
  { title: 'POST / refuses texts as participants', request: ({ path, marker }) => post(`${path}/`, teleconsultation(marker, { participants: ['one'] })), status: 400, keys: SCHEMA_KEYS },
  { title: 'POST / takes an object for an array of objects', request: ({ path, marker }) => post(`${path}/`, teleconsultation(marker, { participants: { a: 1 } })), status: 200 },
  { title: 'POST / refuses an unknown state', request: ({ path, marker }) => post(`${path}/`, teleconsultation(marker, { __STATE__: 'OPEN' })), status: 400, keys: SCHEMA_KEYS },
  { title: 'POST / refuses an array', request: ({ path, marker }) => post(`${path}/`, [teleconsultation(marker)]), status: 400, keys: SCHEMA_KEYS },
  { title: 'POST / fails for a day that does not exist', request: ({ path, marker }) => post(`${path}/`, teleconsultation(marker, { endDate: '2026-13-45' })), status: 500, keys: PLAIN_KEYS, message: 'Invalid Date' },
  { title: 'POST / refuses malformed JSON', request: ({ path }) => post(`${path}/`, '{"a":'), status: 400, keys: PLAIN_KEYS },
  { title: 'POST / refuses an empty JSON body', request: ({ path }) => ({ method: 'POST', path: `${path}/`, headers: { 'content-type': 'application/json', 'content-length': '0' } }), status: 400, keys: SCHEMA_KEYS },
  { title: 'POST / refuses another media type', request: ({ path }) => ({ method: 'POST', path: `${path}/`, body: 'a', headers: { 'content-type': 'text/html' } }), status: 415, keys: SCHEMA_KEYS },
  { title: 'POST / refuses a value that is taken', request: ({ maps, takenUser }) => post(`${maps}/`, { bandyerId: 'b', receivedUserId: takenUser }), status: 409, keys: PLAIN_KEYS, message: /^E11000 duplicate key error collection: .+ dup key: \{ receivedUserId: ".+" \}$/ },
  { title: 'POST /bulk refuses a value that is taken', request: ({ maps, takenUser, marker }) => post(`${maps}/bulk`, [{ bandyerId: 'b', receivedUserId: `${marker}-free` }, { bandyerId: 'b', receivedUserId: takenUser }]), status: 409, keys: PLAIN_KEYS, message: /^E11000/ },
  { title: 'POST /bulk fails for an empty array', request: ({ path }) => post(`${path}/bulk`, []), status: 500, keys: SCHEMA_KEYS },
  { title: 'POST /bulk refuses an object', request: ({ path, marker }) => post(`${path}/bulk`, teleconsultation(marker)), status: 400, keys: SCHEMA_KEYS },
  { title: 'POST /bulk names the bad element', request: ({ path, marker }) => post(`${path}/bulk`, [teleconsultation(marker, { endDate: 'x' })]), status: 400, message: /^body\/0\/endDate must match pattern/ },
  { title: 'POST /validate accepts', request: ({ path, marker }) => post(`${path}/validate`, teleconsultation(marker)), status: 200, text: '{"result":"ok"}' },
  { title: 'POST /validate refuses', request: ({ path }) => post(`${path}/validate`, {}), status: 400, keys: SCHEMA_KEYS },
]

const fileRows: readonly Row[] = [
  { title: 'POST /import takes lines', request: ({ maps, marker }) => upload('POST', `${maps}/import`, 'application/x-ndjson', `{"bandyerId":"b","receivedUserId":"${marker}-file"}\n`), status: 201, text: '{"message":"File uploaded successfully"}' },
  { title: 'POST /import takes an array', request: ({ maps, marker }) => upload('POST', `${maps}/import`, 'application/json', `[{"bandyerId":"b","receivedUserId":"${marker}-file"}]`), status: 201, text: '{"message":"File uploaded successfully"}' },
  { title: 'POST /import takes a table', request: ({ maps, marker }) => upload('POST', `${maps}/import`, 'text/csv', `bandyerId,receivedUserId\nb,${marker}-file\n`), status: 201, text: '{"message":"File uploaded successfully"}' },
  { title: 'PATCH /import changes', request: ({ maps, mapId, marker }) => upload('PATCH', `${maps}/import`, 'application/x-ndjson', `{"_id":"${mapId}","bandyerId":"c","receivedUserId":"${marker}-own"}\n`), status: 200, text: '{"message":"File uploaded successfully"}' },
  { title: 'PATCH /import refuses a record without _id', request: ({ maps }) => upload('PATCH', `${maps}/import`, 'application/x-ndjson', '{"bandyerId":"c","receivedUserId":"u"}\n'), status: 400, keys: PLAIN_KEYS },
  { title: 'POST /import refuses a missing field', request: ({ maps }) => upload('POST', `${maps}/import`, 'application/x-ndjson', '{"bandyerId":"b"}\n'), status: 400, keys: PLAIN_KEYS, message: "(index: 0) must have required property 'receivedUserId'" },
  { title: 'POST /import refuses a value that is taken', request: ({ maps, takenUser }) => upload('POST', `${maps}/import`, 'application/x-ndjson', `{"bandyerId":"b","receivedUserId":"${takenUser}"}\n`), status: 409, keys: PLAIN_KEYS, message: /^E11000/ },
  { title: 'POST /import refuses what is no form', request: ({ maps }) => post(`${maps}/import`, {}), status: 400, keys: PLAIN_KEYS, message: 'Request is not multipart' },
  { title: 'POST /import refuses a type that it cannot read', request: ({ maps }) => upload('POST', `${maps}/import`, 'image/png', 'x'), status: 415, keys: PLAIN_KEYS, message: 'Unsupported file type image/png' },
  ...[undefined, '*/*', 'application/x-ndjson', 'application/json', 'text/csv'].map(accept => (
    { title: `GET /export with Accept ${accept ?? 'left out'}`, request: ({ path, marker }: Fixture) => ({ ...get(`${path}/export?bandyerRoomId=${marker}`), headers: accept === undefined ? {} : { accept } }), status: 200, type: accept === undefined || accept === '*/*' ? 'application/x-ndjson' : accept }
  )),
]

const readRows: readonly Row[] = [
  { title: 'GET /:id answers 200', request: ({ path, id }) => get(`${path}/${id}`), status: 200 },
  { title: 'GET /:id of a missing document', request: ({ path }) => get(`${path}/${MISSING}`), status: 404, text: NOT_FOUND },
  { title: 'GET /:id of an odd id', request: ({ path }) => get(`${path}/not-an-id`), status: 404, text: NOT_FOUND },
  { title: 'GET /:id of a trashed document', request: ({ path, trashedId }) => get(`${path}/${trashedId}`), status: 404, text: NOT_FOUND },
  { title: 'GET /:id of a trashed document with _st', request: ({ path, trashedId }) => get(`${path}/${trashedId}?_st=TRASH`), status: 200 },
  { title: 'GET /:id that the filter misses', request: ({ path, id }) => get(`${path}/${id}?participantsNumber=7`), status: 404, text: NOT_FOUND },
  { title: 'GET / without a match is an empty list', request: ({ path }) => get(`${path}/?bandyerRoomId=none-of-them`), status: 200, text: '[\n\n]\n' },
  { title: 'GET / takes a list of states with a stranger', request: ({ path }) => get(`${path}/?_st=PUBLIC,FOO&bandyerRoomId=none-of-them`), status: 200 },
  ...['_l=0', '_l=201', '_l=abc', '_sk=-1', 'unknown=1', '_st=FOO', '_st=public', '_st=', '_s=foo', '_p=startDate&_rawp=%7B%7D', 'participantsNumber=1&participantsNumber=2', 'participants=a'].map(query => (
    { title: `GET / refuses ${query}`, request: ({ path }: Fixture) => get(`${path}/?${query}`), status: 400 }
  )),
  { title: 'GET / names the limit', request: ({ path }) => get(`${path}/?_l=201`), status: 400, keys: SCHEMA_KEYS, message: 'querystring/_l must be <= 200' },
  { title: 'GET / fails for a _q that is not JSON', request: ({ path }) => get(`${path}/?_q=%7B`), status: 500, keys: PLAIN_KEYS },
  { title: 'GET / refuses an unknown field in _q', request: ({ path }) => get(`${path}/?${q({ nope: 1 })}`), status: 400, text: '{"statusCode":400,"message":"Unknown field: nope","error":"Bad Request"}' },
  { title: 'GET / refuses an unknown operator in _q', request: ({ path }) => get(`${path}/?${q({ startDate: { $type: 'x' } })}`), status: 400, keys: QUERY_KEYS, message: 'Unsupported operator: $type' },
  { title: 'GET / refuses $ne on an array', request: ({ path }) => get(`${path}/?${q({ participants: { $ne: [] } })}`), status: 400, keys: QUERY_KEYS, message: 'Unsupported operator: $ne for Array field' },
  { title: 'GET / refuses $nor', request: ({ path }) => get(`${path}/?${q({ $nor: [{ duration: 1 }] })}`), status: 400, keys: QUERY_KEYS, message: 'Unknown operator: $nor' },
  { title: 'GET / refuses an _id in _q that is none', request: ({ path }) => get(`${path}/?${q({ _id: 'x' })}`), status: 400, keys: QUERY_KEYS, message: 'Invalid objectId' },
  { title: 'GET / refuses a date in _q that is none', request: ({ path }) => get(`${path}/?${q({ startDate: { $gt: '2026-13-45' } })}`), status: 400, keys: QUERY_KEYS, message: 'Invalid Date' },
  { title: 'GET / takes an empty _q for none', request: ({ path }) => get(`${path}/?_q=&bandyerRoomId=none-of-them`), status: 200, text: '[\n\n]\n' },
  { title: 'GET / lets _p name fields that are not there', request: ({ path, marker }) => get(`${path}/?_p=nope&bandyerRoomId=${marker}`), status: 200 },
  { title: 'GET /count answers a bare number', request: ({ path, marker }) => get(`${path}/count?bandyerRoomId=${marker}`), status: 200, text: '1' },
  { title: 'GET /count counts the states asked for', request: ({ path, marker }) => get(`${path}/count?bandyerRoomId=${marker}&_st=PUBLIC,TRASH`), status: 200, text: '2' },
  { title: 'GET /count refuses _l', request: ({ path }) => get(`${path}/count?_l=1`), status: 400 },
  { title: 'GET /schema describes the collection', request: ({ path }) => get(`${path}/schema`), status: 200 },
  { title: 'GET /export refuses a type that it cannot make', request: ({ path }) => ({ method: 'GET', path: `${path}/export`, headers: { accept: 'text/html' } }), status: 406, keys: PLAIN_KEYS },
  { title: 'HEAD is answered where GET is', request: ({ path, id }) => ({ method: 'HEAD', path: `${path}/${id}` }), status: 200, text: '' },
  { title: 'PUT is not there', request: ({ path, id }) => ({ method: 'PUT', path: `${path}/${id}`, body: {} }), status: 404, text: NOT_FOUND },
  { title: 'OPTIONS is not there', request: ({ path }) => ({ method: 'OPTIONS', path: `${path}/` }), status: 404, text: NOT_FOUND },
]

const changeRows: readonly Row[] = [
  { title: 'PATCH /:id answers 200', request: ({ path, id }) => patch(`${path}/${id}`, { $set: { duration: 5 } }), status: 200 },
  { title: 'PATCH /:id takes an empty body', request: ({ path, id }) => patch(`${path}/${id}`, {}), status: 200 },
  { title: 'PATCH /:id that the filter misses', request: ({ path, id }) => patch(`${path}/${id}?${q({ duration: { $exists: true } })}`, {}), status: 404, text: NOT_FOUND },
  { title: 'PATCH /:id of a missing document', request: ({ path }) => patch(`${path}/${MISSING}`, {}), status: 404, text: NOT_FOUND },
  { title: 'PATCH /:id of a trashed document', request: ({ path, trashedId }) => patch(`${path}/${trashedId}`, {}), status: 404, text: NOT_FOUND },
  { title: 'PATCH /:id of a trashed document with _st', request: ({ path, trashedId }) => patch(`${path}/${trashedId}?_st=TRASH`, {}), status: 200 },
  { title: 'PATCH /:id to a value that is taken', request: ({ maps, mapId, takenUser }) => patch(`${maps}/${mapId}`, { $set: { receivedUserId: takenUser } }), status: 500, keys: SCHEMA_KEYS, message: /^E11000/ },
  { title: 'PATCH /:id to a day that does not exist', request: ({ path, id }) => patch(`${path}/${id}`, { $set: { endDate: '2026-02-30T99:00:00Z' } }), status: 500, keys: PLAIN_KEYS, message: 'Invalid Date' },
  { title: 'PATCH /:id refuses _rawp', request: ({ path, id }) => patch(`${path}/${id}?_rawp=%7B%7D`, {}), status: 400, keys: QUERY_KEYS, message: 'Unknown field: _rawp' },
  { title: 'PATCH /:id outside the writable columns', request: ({ path, id }) => ({ ...patch(`${path}/${id}`, { $set: { duration: 5 } }), headers: { acl_write_columns: 'endDate' } }), status: 500, keys: PLAIN_KEYS, message: 'You cannot edit "duration" field' },
  { title: 'PATCH /:id positionally without a filter on the array', request: ({ path, id }) => patch(`${path}/${id}`, { $set: { 'participants.$.replace': {} } }), status: 500 },
  ...([
    ['an unknown field', { $set: { nope: 1 } }],
    ['a field of the server', { $set: { updatedAt: '2026-01-01' } }],
    ['__STATE__', { $set: { __STATE__: 'DRAFT' } }],
    ['_id', { $set: { _id: MISSING } }],
    ['an unknown operator', { $rename: { duration: 'x' } }],
    ['unsetting a required field', { $unset: { startDate: true } }],
    ['unsetting by another value', { $unset: { duration: 1, endDate: false } }],
    ['counting up a text', { $inc: { bandyerRoomId: 1 } }],
    ['$setOnInsert', { $setOnInsert: { duration: 1 } }],
    ['a path into an array', { $set: { 'participants.0.lang': 'it' } }],
    ['a positional merge of a text', { $set: { 'participants.$.merge': 'x' } }],
    ['$currentDate on a number', { $currentDate: { duration: true } }],
    ['$push to a text', { $push: { bandyerRoomId: 'x' } }],
    ['plain fields', { duration: 1 }],
  ] as const).map(([what, body]) => (
    { title: `PATCH /:id refuses ${what}`, request: ({ path, id }: Fixture) => patch(`${path}/${id}`, body), status: 400 }
  )),
  ...['_p=duration', '_l=1', '_s=duration', '_sk=1'].map(query => (
    { title: `PATCH /:id refuses ${query}`, request: ({ path, id }: Fixture) => patch(`${path}/${id}?${query}`, {}), status: 400, keys: PLAIN_KEYS }
  )),
  { title: 'PATCH / without a match', request: ({ path }) => patch(`${path}/?bandyerRoomId=none-of-them`, { $set: { duration: 1 } }), status: 200, text: '0' },
  { title: 'PATCH /bulk with a partial match', request: ({ path, id }) => patch(`${path}/bulk`, [{ filter: { _id: id }, update: { $set: { duration: 1 } } }, { filter: { _id: MISSING }, update: { $set: { duration: 1 } } }]), status: 200, text: '1' },
  { title: 'PATCH /bulk refuses an empty array', request: ({ path }) => patch(`${path}/bulk`, []), status: 400, keys: SCHEMA_KEYS },
  { title: 'POST /upsert-one changes', request: ({ path, marker }) => post(`${path}/upsert-one?bandyerRoomId=${marker}`, { $set: { duration: 1 } }), status: 200 },
  { title: 'POST /upsert-one inserts', request: ({ path, marker }) => post(`${path}/upsert-one?bandyerRoomId=${marker}-new`, { $set: { duration: 1 } }), status: 200 },
  { title: 'POST /upsert-one of a value that is taken', request: ({ maps, takenUser, marker }) => post(`${maps}/upsert-one?bandyerId=${marker}-new`, { $set: { receivedUserId: takenUser } }), status: 500, keys: SCHEMA_KEYS, message: /^E11000/ },
]

const stateRows: readonly Row[] = [
  ...([
    ['moves', 'TRASH', 204], ['touches the same state', 'PUBLIC', 204], ['refuses a forbidden move', 'DELETED', 400], ['refuses an unknown state', 'OPEN', 400], ['refuses a missing state', undefined, 400],
  ] as const).map(([what, stateTo, status]) => (
    { title: `POST /:id/state ${what}`, request: ({ path, id }: Fixture) => post(`${path}/${id}/state`, { stateTo }), status }
  )),
  { title: 'POST /:id/state says what is forbidden', request: ({ path, id }) => post(`${path}/${id}/state`, { stateTo: 'DELETED' }), status: 400, text: '{"statusCode":400,"error":"Bad Request","message":"transition from PUBLIC to DELETED not allowed."}' },
  { title: 'POST /:id/state brings nothing from TRASH to PUBLIC', request: ({ path, trashedId }) => post(`${path}/${trashedId}/state`, { stateTo: 'PUBLIC' }), status: 400 },
  { title: 'POST /:id/state of a missing document', request: ({ path }) => post(`${path}/${MISSING}/state`, { stateTo: 'TRASH' }), status: 404, text: NOT_FOUND },
  { title: 'POST /:id/state refuses _st', request: ({ path, id }) => post(`${path}/${id}/state?_st=PUBLIC`, { stateTo: 'TRASH' }), status: 400, keys: PLAIN_KEYS },
  { title: 'POST /:id/state that the filter misses', request: ({ path, id }) => post(`${path}/${id}/state?${q({ duration: 5 })}`, { stateTo: 'TRASH' }), status: 404, text: NOT_FOUND },
  { title: 'POST /state moves', request: ({ path, marker }) => post(`${path}/state`, [{ filter: { bandyerRoomId: marker }, stateTo: 'DRAFT' }]), status: 200, text: '2' },
  { title: 'POST /state passes over a forbidden move', request: ({ path, id }) => post(`${path}/state`, [{ filter: { _id: id }, stateTo: 'DELETED' }]), status: 200, text: '0' },
  { title: 'POST /state passes over the same state', request: ({ path, id }) => post(`${path}/state`, [{ filter: { _id: id }, stateTo: 'PUBLIC' }]), status: 200, text: '0' },
  { title: 'POST /state refuses an empty array', request: ({ path }) => post(`${path}/state`, []), status: 400, keys: SCHEMA_KEYS },
  { title: 'POST /state refuses an unknown field', request: ({ path }) => post(`${path}/state`, [{ filter: { nope: 1 }, stateTo: 'TRASH' }]), status: 400 },
  { title: 'DELETE /:id answers 204', request: ({ path, id }) => remove(`${path}/${id}`), status: 204, text: '' },
  { title: 'DELETE /:id of a missing document', request: ({ path }) => remove(`${path}/${MISSING}`), status: 404, text: NOT_FOUND },
  { title: 'DELETE /:id of a trashed document', request: ({ path, trashedId }) => remove(`${path}/${trashedId}`), status: 404, text: NOT_FOUND },
  { title: 'DELETE /:id of a trashed document with _st', request: ({ path, trashedId }) => remove(`${path}/${trashedId}?_st=TRASH`), status: 204, text: '' },
  { title: 'DELETE / counts', request: ({ path, marker }) => remove(`${path}/?bandyerRoomId=${marker}`), status: 200, text: '1' },
  { title: 'DELETE / without a match', request: ({ path }) => remove(`${path}/?bandyerRoomId=none-of-them`), status: 200, text: '0' },
]

async function prepare ({ origin, teleconsultations: path, userIdMaps: maps }: CrudUnderTest): Promise<Fixture> {
  const marker = `contract-${randomUUID()}`
  const create = async (base: string, body: unknown) => idOf(await send(origin, post(`${base}/`, body)))
  const takenUser = `${marker}-taken`
  await create(maps, { bandyerId: 'b', receivedUserId: takenUser })
  return {
    path,
    maps,
    marker,
    takenUser,
    id: await create(path, teleconsultation(marker)),
    trashedId: await create(path, teleconsultation(marker, { __STATE__: 'TRASH' })),
    mapId: await create(maps, { bandyerId: 'b', receivedUserId: `${marker}-own` }),
  }
}

function checkBody (t: Test, { keys, message, text, type }: Row, answer: CrudAnswer): void {
  const body: Record<string, unknown> = typeof answer.json === 'object' ? { ...answer.json } : {}
  if (text !== undefined) t.equal(answer.text, text)
  if (type !== undefined) t.equal(answer.contentType?.split(';')[0], type)
  if (keys !== undefined) t.strictSame(Object.keys(body), keys)
  if (typeof message === 'string') t.equal(body['message'], message)
  else if (message !== undefined) t.match(body['message'], message)
  if (answer.status >= 400 && text !== NOT_FOUND) t.equal(body['statusCode'], answer.status)
}

/**
 * Runs the observed behaviour of CRUD Service 7 against a server, one fresh set of documents a row. It only touches
 * documents that it made itself, so it may run against a server that holds others.
 */
export async function crudContract (t: Test, crud: CrudUnderTest): Promise<void> {
  for (const row of [...insertRows, ...fileRows, ...readRows, ...changeRows, ...stateRows]) {
    await t.test(row.title, async t => {
      const answer = await send(crud.origin, row.request(await prepare(crud)))
      t.equal(answer.status, row.status, answer.text)
      checkBody(t, row, answer)
    })
  }
}
