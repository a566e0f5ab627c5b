import t from 'tap'
import type { Test } from 'tap'
import { TELECONSULTATIONS, USER_ID_MAPS } from '../../lib/storage/collections.ts'
import { startEmbeddedCrud } from '../../lib/storage/embedded/server.ts'
import type { CrudAnswer, CrudRequest } from '../support/crud-client.ts'
import { idOf, listOf, objectOf, send } from '../support/crud-client.ts'
import { teleconsultation } from '../support/crud-contract.ts'

const PATH = TELECONSULTATIONS.endpointBasePath
const MAPS = USER_ID_MAPS.endpointBasePath
const ID = '0123456789abcdef01234567'
const DONE = '{"message":"File uploaded successfully"}'
const NDJSON = 'application/x-ndjson'

interface Upload {
  readonly type: string
  readonly content: string | Buffer
  readonly options?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
}

async function start (t: Test) {
  const crud = await startEmbeddedCrud({ file: ':memory:', collections: [TELECONSULTATIONS, USER_ID_MAPS], userIdHeaderKey: 'miauserid', clock: () => new Date('2030-01-01T00:00:00.000Z') })
  t.teardown(() => crud.close())
  const call = (method: CrudRequest['method'], path: string, body?: unknown, headers: Record<string, string> = {}) => send(crud.origin, { method, path, body, headers })
  const upload = async (method: 'POST' | 'PATCH', path: string, { type, content, options = {}, headers = {} }: Upload): Promise<CrudAnswer> => {
    const form = new FormData()
    for (const [name, value] of Object.entries(options)) form.set(name, value)
    form.set('file', new File([typeof content === 'string' ? content : new Uint8Array(content)], 'documents', { type }))
    const response = await fetch(`${crud.origin}${path}/import`, { method, body: form, headers })
    const text = await response.text()
    return { status: response.status, contentType: response.headers.get('content-type') ?? undefined, text, json: JSON.parse(text) as unknown }
  }
  return { call, upload }
}

t.test('a table has a line of names and a line for each document', async t => {
  const { call } = await start(t)
  const id = idOf(await call('POST', `${PATH}/`, teleconsultation('say "yes", \\ or\nno', { duration: 1.5 })))
  const answer = await call('GET', `${PATH}/export?_p=bandyerRoomId,participants,duration,endDate,startDate,nope`, undefined, { accept: 'text/csv' })
  t.equal(answer.status, 200)
  t.equal(answer.contentType, 'text/csv')
  t.equal(answer.text, [
    '"_id","bandyerRoomId","participants","duration","endDate","startDate"\n',
    `"${id}","say \\"yes\\", \\\\ or\nno",`,
    '"[{\\"userBandyerId\\":\\"one\\"},{\\"userBandyerId\\":\\"two\\"}]",1.5,,"2030-05-06T07:08:09.010Z"\n',
  ].join(''))
})

t.test('a table has every declared column, or those that are left', async t => {
  const { call } = await start(t)
  const header = async (query: string) => (await call('GET', `${MAPS}/export?${query}`, undefined, { accept: 'text/csv;q=0.9, text/plain;q=0.5' })).text
  t.equal(await header(''), '"_id","creatorId","createdAt","updaterId","updatedAt","__STATE__","bandyerId","receivedUserId"\n')
  t.equal(await header('_rawp=%7B%22creatorId%22:0,%22updaterId%22:0%7D'), '"_id","createdAt","updatedAt","__STATE__","bandyerId","receivedUserId"\n')
})

t.test('a table is written with the delimiter that is asked for', async t => {
  const { call } = await start(t)
  await call('POST', `${PATH}/`, teleconsultation('a', { duration: 1.5 }))
  const table = (options: string) => call('GET', `${PATH}/export?_rawp=%7B%22_id%22:1,%22duration%22:1,%22bandyerRoomId%22:1%7D&_exportOpts=${encodeURIComponent(options)}`, undefined, { accept: 'text/csv' })
  t.match((await table('{"delimiter":";"}')).text, /^"_id";"duration";"bandyerRoomId"\n"[0-9a-f]{24}";1.5;"a"\n$/)
  t.match((await table('{"delimiter":"."}')).text, /\."1\.5"\."a"\n$/)
  for (const options of ['{"delimiter":""}', '{"delimiter":1}', '{"delimiter":"\\n"}', '{"escape":"ab"}', '{"quote":"x"}', '[]']) {
    const refused = await table(options)
    t.equal(refused.status, 400, options)
    t.strictSame(Object.keys(objectOf(refused)), ['statusCode', 'message', 'error'])
  }
  t.equal((await table('{')).status, 500)
})

t.test('the better liked of two known types is exported', async t => {
  const { call } = await start(t)
  t.equal((await call('GET', `${MAPS}/export`, undefined, { accept: 'application/json;q=0.5, text/csv' })).contentType, 'text/csv')
  t.equal((await call('GET', `${MAPS}/export`, undefined, { accept: 'application/json, text/csv;q=0.5' })).contentType, 'application/json')
})

t.test('an export of any format comes back as the same documents', async t => {
  for (const [type, options] of [[NDJSON, ''], ['application/json', ''], ['text/csv', ''], ['text/csv', '{"delimiter":";","escape":"\\""}']] as const) {
    const source = await start(t)
    await source.call('POST', `${PATH}/bulk`, [
      teleconsultation('"1", \\"2\\";\r\n', { duration: 30, service: { owner: 'o', list: [1, null] }, endDate: '2030-05-06' }),
      teleconsultation('0123', { __STATE__: 'TRASH', teleconsultationState: '' }),
    ])
    const query = `_st=PUBLIC,TRASH${options === '' ? '' : `&_exportOpts=${encodeURIComponent(options)}`}`
    const exported = await source.call('GET', `${PATH}/export?${query}`, undefined, { accept: type })
    const target = await start(t)
    const uploaded = await target.upload('POST', PATH, { type, content: exported.text, options: options === '' ? {} : JSON.parse(options) as Record<string, string> })
    t.equal(uploaded.status, 201)
    t.equal(uploaded.text, DONE)
    const read = async ({ call }: typeof source) => listOf(await call('GET', `${PATH}/?_st=PUBLIC,TRASH`))
    t.strictSame(await read(target), await read(source), `${type} ${options}`)
  }
})

t.test('an imported document is new: its id may be given, its writer is the importer, strangers are dropped', async t => {
  const { call, upload } = await start(t)
  const record = { _id: ID.toUpperCase(), bandyerId: 'b', receivedUserId: 'u', creatorId: 'somebody', createdAt: '2001-01-01T00:00:00.000Z', stranger: 1 }
  t.equal((await upload('POST', MAPS, { type: NDJSON, content: JSON.stringify(record), headers: { miauserid: 'importer' } })).status, 201)
  t.strictSame(objectOf(await call('GET', `${MAPS}/${ID}`)), {
    _id: ID, creatorId: 'importer', createdAt: '2030-01-01T00:00:00.000Z', updaterId: 'importer', updatedAt: '2030-01-01T00:00:00.000Z', __STATE__: 'PUBLIC', bandyerId: 'b', receivedUserId: 'u',
  })
})

t.test('an import that changes lays its records over the documents with their ids, and makes those that are missing', async t => {
  const { call, upload } = await start(t)
  await upload('POST', PATH, { type: 'application/json', content: JSON.stringify([teleconsultation('old', { _id: ID, duration: 5 })]), headers: { miauserid: 'first' } })
  const records = [teleconsultation('new', { _id: ID }), teleconsultation('another', { _id: ID.replace('0', 'f'), __STATE__: 'DRAFT' })]
  const answer = await upload('PATCH', PATH, { type: 'application/json', content: JSON.stringify(records), headers: { miauserid: 'second' } })
  t.equal(answer.status, 200)
  t.equal(answer.text, DONE)
  t.match(objectOf(await call('GET', `${PATH}/${ID}`)), { bandyerRoomId: 'new', duration: 5, creatorId: 'first', updaterId: 'second' })
  t.match(objectOf(await call('GET', `${PATH}/${ID.replace('0', 'f')}?_st=DRAFT`)), { bandyerRoomId: 'another', creatorId: 'second' })
})

t.test('an import of more documents than one commit holds is complete', async t => {
  const { call, upload } = await start(t)
  const content = Array.from({ length: 2500 }, (_, number) => `{"bandyerId":"b","receivedUserId":"${number}"}\n`).join('')
  t.equal((await upload('POST', MAPS, { type: NDJSON, content })).status, 201)
  t.equal((await call('GET', `${MAPS}/count`)).text, '2500')
  t.equal((await upload('POST', MAPS, { type: NDJSON, content: '' })).status, 201)
})

t.test('a record that is wrong stops the import before anything is written', async t => {
  const { call, upload } = await start(t)
  const good = '{"bandyerId":"b","receivedUserId":"u"}\n'
  const cases: ReadonlyArray<readonly [method: 'POST' | 'PATCH', content: string, status: number, message: string]> = [
    ['POST', `${good}{"bandyerId":"b"}`, 400, "(index: 1) must have required property 'receivedUserId'"],
    ['POST', `${good}{"bandyerId":[],"receivedUserId":"v"}`, 400, '(index: 1, /bandyerId) must be string'],
    ['POST', '{"_id":"x","bandyerId":"b","receivedUserId":"u"}', 400, '(index: 0, /_id) must match pattern "^[a-fA-F\\d]{24}$"'],
    ['POST', `${good}[1]`, 400, '(index: 1) must be object'],
    ['POST', `${good}{`, 500, 'line 2 is not JSON'],
    ['PATCH', good, 400, "(index: 0) must have required property '_id'"],
  ]
  for (const [method, content, status, message] of cases) {
    const answer = await upload(method, MAPS, { type: NDJSON, content })
    t.equal(answer.status, status)
    t.strictSame(Object.keys(objectOf(answer)), ['statusCode', 'error', 'message'])
    t.match(objectOf(answer), { statusCode: status, message })
  }
  t.equal((await call('GET', `${MAPS}/count`)).text, '0')
  const date = await upload('POST', PATH, { type: NDJSON, content: JSON.stringify(teleconsultation('a', { endDate: '2026-13-45' })) })
  t.match(objectOf(date), { statusCode: 500, message: 'Invalid Date' })
})

t.test('a duplicate stops the import, and what came before it stays', async t => {
  const { call, upload } = await start(t)
  const map = (user: string, id: string) => `${JSON.stringify({ _id: id.repeat(24), bandyerId: 'b', receivedUserId: user })}\n`
  const posted = await upload('POST', MAPS, { type: NDJSON, content: map('a', '1') + map('a', '2') + map('c', '3') })
  t.equal(posted.status, 409)
  t.match(objectOf(posted), { statusCode: 409, error: 'Conflict', message: /^E11000 duplicate key error collection: .+ receivedUserId: "a"/ })
  const patched = await upload('PATCH', MAPS, { type: NDJSON, content: map('d', '4') + map('a', '5') })
  t.equal(patched.status, 409)
  t.strictSame(listOf(await call('GET', `${MAPS}/`)).map(one => one['receivedUserId']), ['a', 'd'])
})

t.test('rows and columns that a caller may not touch are not imported over', async t => {
  const { call, upload } = await start(t)
  const content = JSON.stringify({ _id: ID, bandyerId: 'b', receivedUserId: 'u' })
  await upload('POST', MAPS, { type: NDJSON, content })
  const changed = JSON.stringify({ _id: ID, bandyerId: 'c', receivedUserId: 'u' })
  const outside = await upload('PATCH', MAPS, { type: NDJSON, content: changed, headers: { acl_rows: '{"receivedUserId":"other"}' } })
  t.equal(outside.status, 409)
  t.match(objectOf(outside), { message: /^E11000 .+ _id: "/ })
  const column = await upload('PATCH', MAPS, { type: NDJSON, content: changed, headers: { acl_write_columns: 'receivedUserId' } })
  t.match(objectOf(column), { statusCode: 500, message: 'You cannot edit "bandyerId" field' })
  t.match(objectOf(await call('GET', `${MAPS}/${ID}`)), { bandyerId: 'b' })
})

t.test('a file of another type, a body that is no form, and a form without a file are refused', async t => {
  const { call, upload } = await start(t)
  const other = await upload('POST', MAPS, { type: 'application/octet-stream', content: '' })
  t.equal(other.status, 415)
  t.equal(other.text, '{"statusCode":415,"error":"Unsupported Media Type","message":"Unsupported file type application/octet-stream"}')
  const bodies = [
    await call('POST', `${MAPS}/import`, {}),
    await call('PATCH', `${MAPS}/import`, []),
    await call('POST', `${MAPS}/import`),
    await call('POST', `${MAPS}/import`, 'x', { 'content-type': 'multipart/form-data; boundary=y' }),
    await call('POST', `${MAPS}/import`, 'x', { 'content-type': 'multipart/form-data' }),
  ]
  for (const answer of bodies) {
    t.equal(answer.status, 400)
    t.equal(answer.text, '{"statusCode":400,"error":"Bad Request","message":"Request is not multipart"}')
  }
  const empty = await call('POST', `${MAPS}/import`, '--y\r\ncontent-disposition: form-data; name="encoding"\r\n\r\nutf8\r\n--y--\r\n', { 'content-type': 'multipart/form-data; boundary=y' })
  t.match(objectOf(empty), { statusCode: 400, message: 'Missing file' })
  t.equal((await call('POST', `${MAPS}/import`, 'x', { 'content-type': 'text/csv' })).status, 415)
})

t.test('options say how a table is read, and unknown ones are refused', async t => {
  const { call, upload } = await start(t)
  const content = Buffer.from('bandyerId|receivedUserId\r\n\r\n"a|~"b~""|Zoë\r\n', 'latin1')
  t.equal((await upload('POST', MAPS, { type: 'text/csv', content, options: { delimiter: '|', escape: '~', encoding: 'latin1' } })).status, 201)
  t.match(listOf(await call('GET', `${MAPS}/`)), [{ bandyerId: 'a|"b"', receivedUserId: 'Zoë' }])
  for (const options of [{ delimiter: '' }, { escape: 'ab' }, { encoding: 'utf7' }, { quote: 'x' }]) {
    const answer = await upload('POST', MAPS, { type: 'text/csv', content, options })
    t.match(objectOf(answer), { statusCode: 400, error: 'Bad Request', message: 'Invalid options' })
  }
})

t.test('a table that cannot be read is refused', async t => {
  const { upload } = await start(t)
  for (const content of ['bandyerId,receivedUserId\n"a,b\n', 'bandyerId,receivedUserId\na\n', 'bandyerId,receivedUserId\n"a"b,c\n']) {
    const answer = await upload('POST', MAPS, { type: 'text/csv', content })
    t.match(objectOf(answer), { statusCode: 500, error: 'Internal Server Error', message: /^the file is no table: / })
  }
  const one = await upload('POST', MAPS, { type: 'application/json', content: '{}' })
  t.match(objectOf(one), { statusCode: 400, message: 'the file must hold an array' })
})

t.test('what is asked of each collection is counted', async t => {
  const { call, upload } = await start(t)
  const id = idOf(await call('POST', `${PATH}/`, teleconsultation('a')))
  await call('GET', `${PATH}/${id}`)
  await call('GET', `${PATH}/count`)
  await call('GET', `${PATH}/schema`)
  await call('POST', `${PATH}/${id}/state`, { stateTo: 'DRAFT' })
  await call('DELETE', `${PATH}/${id}?_st=DRAFT`)
  await upload('POST', MAPS, { type: NDJSON, content: '' })
  const { status, contentType, text } = await call('GET', '/-/metrics')
  t.equal(status, 200)
  t.equal(contentType, 'text/plain; version=0.0.4; charset=utf-8')
  const name = 'mia_platform_crud_service_collection_invocation'
  t.strictSame(text.split('\n').filter(line => line.startsWith(name)), [
    `${name}{collection_name="teleconsultations",type="insert_or_update"} 1`,
    `${name}{collection_name="teleconsultations",type="fetch"} 2`,
    `${name}{collection_name="teleconsultations",type="change_state"} 1`,
    `${name}{collection_name="teleconsultations",type="delete"} 1`,
    `${name}{collection_name="userid_maps",type="import"} 1`,
  ])
})

t.test('HEAD is answered for every GET', async t => {
  const { call } = await start(t)
  const id = idOf(await call('POST', `${PATH}/`, teleconsultation('a')))
  for (const path of [PATH, `${PATH}/`, `${PATH}/${id}`, `${PATH}/count`, `${PATH}/export`, `${PATH}/schema`, '/-/healthz', '/-/ready', '/-/check-up', '/-/metrics', '/-/schemas']) {
    const answer = await call('HEAD', path)
    t.equal(answer.status, 200, path)
    t.equal(answer.text, '')
    t.equal(answer.contentType, (await call('GET', path)).contentType, path)
  }
  t.equal((await call('HEAD', `${PATH}/000000000000000000000000`)).status, 404)
})

t.test('a raw projection keeps, leaves out, and picks the first element that passes', async t => {
  const { call } = await start(t)
  const id = idOf(await call('POST', `${PATH}/`, teleconsultation('a', { service: { owner: 'o', kept: { x: 1, y: 2 } } })))
  const get = (projection: unknown, headers = {}) => call('GET', `${PATH}/${id}?_rawp=${encodeURIComponent(JSON.stringify(projection))}`, undefined, headers)
  t.strictSame((await get({ service: { owner: 1, kept: { x: true } } })).json, { _id: id, service: { owner: 'o', kept: { x: 1 } } })
  t.strictSame((await get({ participants: { $elemMatch: { userBandyerId: { $ne: 'one' } } }, bandyerRoomId: 1 })).json, { _id: id, bandyerRoomId: 'a', participants: [{ userBandyerId: 'two' }] })
  t.strictSame((await get({ participants: { $elemMatch: { userBandyerId: 'none' } } })).json, { _id: id })
  t.strictSame((await get({ participants: { $elemMatch: { userBandyerId: 'one' } } }, { acl_read_columns: 'duration' })).json, { _id: id })
  const refusals = [
    [{ participants: { $slice: 1 } }, 'Operator $slice is not allowed in raw projection'],
    [{ service: { $function: {} } }, 'Operator $function is not allowed in raw projection'],
    [{ duration: '$nope' }, 'Operator $nope is not allowed in raw projection'],
    [{ duration: '$participantsNumber' }, '_rawp takes inclusion, exclusion and $elemMatch here'],
    [{ duration: { $first: '$participants' } }, '_rawp takes inclusion, exclusion and $elemMatch here'],
    [{ duration: '$$ROOT' }, '_rawp takes inclusion, exclusion and $elemMatch here'],
    [{ duration: 1, endDate: 0 }, 'Cannot mix inclusion and exclusion in a projection'],
  ] as const
  for (const [projection, message] of refusals) t.strictSame((await get(projection)).json, { statusCode: 400, message, error: 'Bad Request' })
})

t.test('text search, places and joins are not there', async t => {
  const { call } = await start(t)
  const text = await call('GET', `${PATH}/?_q=${encodeURIComponent('{"$text":{"$search":"a"}}')}`)
  t.match(objectOf(text), { statusCode: 500, code: '27', message: 'text index required for $text query' })
  const place = await call('GET', `${PATH}/?_q=${encodeURIComponent('{"startDate":{"$nearSphere":{}}}')}`)
  t.match(objectOf(place), { statusCode: 400, message: 'Unsupported operator: $nearSphere for Date field' })
  const joined = await call('POST', '/join/one-to-many/teleconsultations/userid_maps/export', {})
  t.equal(joined.status, 404)
  t.equal(joined.text, '{"error":"not found"}')
})
