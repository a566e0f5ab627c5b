import t from 'tap'
import { flakyCrud } from '../support/flaky-crud.ts'
import { after, book, booking, DOCTOR, NOON, PATIENT, startService } from '../support/service.ts'

const people = (...data: object[]) => ({ participants: { number: 3, data } })
const START = after(NOON, 10)

const BAD_BOOKINGS: Array<[about: string, body: unknown, code: string, says?: RegExp]> = [
  ['no body', undefined, 'FST_ERR_CTP_EMPTY_JSON_BODY'],
  ['an array', [], 'FST_ERR_VALIDATION'],
  ['null', null, 'FST_ERR_VALIDATION'],
  ['a text', '"x"', 'FST_ERR_VALIDATION'],
  ['an unknown field', booking({ colour: 'red' }), 'FST_ERR_VALIDATION', /"colour"/],
  ['an unknown field of a participant', booking(people({ ...DOCTOR, admin: true })), 'FST_ERR_VALIDATION', /participants\/data\/0 .*"admin"/],
  ['a server field of a participant', booking(people({ ...DOCTOR, userBandyerId: 'usr_x' })), 'FST_ERR_VALIDATION'],
  ['no participants', booking({ participants: undefined }), 'FST_ERR_VALIDATION', /'participants'/],
  ['participants as a text', booking({ participants: 'doctor-1' }), 'FST_ERR_VALIDATION', /body\/participants must be array or object/],
  ['participants as ids without AUTH_SERVICE', booking({ participants: ['doctor-1', 'patient-1'] }), 'PARTICIPANTS_NEED_AUTH_SERVICE'],
  ['no number', booking({ participants: { data: [DOCTOR, PATIENT] } }), 'FST_ERR_VALIDATION', /'number'/],
  ['number as a text', booking({ participants: { number: '2', data: [DOCTOR, PATIENT] } }), 'FST_ERR_VALIDATION', /participants\/number must be integer/],
  ['number 1', booking({ participants: { number: 1, data: [DOCTOR] } }), 'FST_ERR_VALIDATION'],
  ['number 26', booking({ participants: { number: 26, data: [] } }), 'FST_ERR_VALIDATION'],
  ['number 2.5', booking({ participants: { number: 2.5, data: [] } }), 'FST_ERR_VALIDATION'],
  ['more participants than number', booking({ participants: { number: 2, data: [DOCTOR, PATIENT, { ...PATIENT, userExternalId: 'x' }] } }), 'TOO_MANY_PARTICIPANTS'],
  ['somebody twice', booking(people(DOCTOR, PATIENT, DOCTOR)), 'DUPLICATE_PARTICIPANT', /participants\/data\/2/],
  ['a group that no privilege lists', booking(people({ ...DOCTOR, groups: ['wizard'] })), 'UNKNOWN_GROUP', /"wizard"/],
  ['an unknown group beside a known one', booking(people({ ...DOCTOR, groups: ['doctor', 'wizard'] })), 'UNKNOWN_GROUP'],
  ['a group named like a property of every object', booking(people({ ...DOCTOR, groups: ['constructor'] })), 'UNKNOWN_GROUP'],
  ['no groups', booking(people({ ...DOCTOR, groups: undefined })), 'PARTICIPANT_FIELD_MISSING', /participants\/data\/0\/groups/],
  ['no name', booking(people({ ...DOCTOR, fullName: undefined })), 'PARTICIPANT_FIELD_MISSING', /participants\/data\/0\/fullName/],
  ['an empty id', booking(people({ ...DOCTOR, userExternalId: '' })), 'FST_ERR_VALIDATION'],
  ['an id as a number', booking(people({ ...DOCTOR, userExternalId: 7 })), 'FST_ERR_VALIDATION'],
  ['an id as an operator', booking(people({ ...DOCTOR, userExternalId: { $ne: '' } })), 'FST_ERR_VALIDATION'],
  ['an id with a line break', booking(people({ ...DOCTOR, userExternalId: 'a\nb' })), 'FST_ERR_VALIDATION'],
  ['an id with half a character', booking(people({ ...DOCTOR, userExternalId: 'a\ud800' })), 'FST_ERR_VALIDATION'],
  ['an id of 257 characters', booking(people({ ...DOCTOR, userExternalId: 'x'.repeat(257) })), 'FST_ERR_VALIDATION'],
  ['a name of 257 characters', booking(people({ ...DOCTOR, fullName: 'x'.repeat(257) })), 'FST_ERR_VALIDATION'],
  ['33 groups', booking(people({ ...DOCTOR, groups: Array.from({ length: 33 }, () => 'doctor') })), 'FST_ERR_VALIDATION'],
  ['a language that is none', booking(people({ ...DOCTOR, language: 'it_IT!' })), 'FST_ERR_VALIDATION'],
  ['no start', booking({ start_date: undefined }), 'FST_ERR_VALIDATION', /'start_date'/],
  ['a start that is no date', booking({ start_date: 'tomorrow' }), 'FST_ERR_VALIDATION', /body\/start_date/],
  ['a start without a time', booking({ start_date: '2026-11-23' }), 'FST_ERR_VALIDATION'],
  ['a start without a zone', booking({ start_date: '2026-11-23T12:00:00' }), 'FST_ERR_VALIDATION'],
  ['the 30th of February', booking({ start_date: '2026-02-30T12:00:00Z' }), 'FST_ERR_VALIDATION'],
  ['hour 25', booking({ start_date: '2026-11-23T25:00:00Z' }), 'FST_ERR_VALIDATION'],
  ['a leap second', booking({ start_date: '2016-12-31T23:59:60Z' }), 'INVALID_DATE', /start_date/],
  ['a year before any clock', booking({ start_date: '0001-01-01T00:00:00Z' }), 'INVALID_DATE'],
  ['a start as a number', booking({ start_date: 1795230033608 }), 'FST_ERR_VALIDATION'],
  ['neither end nor duration', booking({ duration_in_seconds: undefined }), 'END_OR_DURATION'],
  ['both end and duration', booking({ end_date: after(START, 30).toISOString() }), 'END_OR_DURATION'],
  ['an end before the start', booking({ duration_in_seconds: undefined, end_date: NOON.toISOString() }), 'INVALID_SPAN'],
  ['four minutes and 59 seconds', booking({ duration_in_seconds: undefined, end_date: new Date(START.getTime() + 299_000).toISOString() }), 'INVALID_SPAN'],
  ['a second over 24 hours', booking({ duration_in_seconds: undefined, end_date: new Date(START.getTime() + 86_401_000).toISOString() }), 'INVALID_SPAN'],
  ['299 seconds', booking({ duration_in_seconds: 299 }), 'FST_ERR_VALIDATION'],
  ['86401 seconds', booking({ duration_in_seconds: 86_401 }), 'FST_ERR_VALIDATION'],
  ['a duration as a text', booking({ duration_in_seconds: '1800' }), 'FST_ERR_VALIDATION'],
  ['half a second', booking({ duration_in_seconds: 1800.5 }), 'FST_ERR_VALIDATION'],
  ['malformed JSON', '{"participants":', 'FST_ERR_CTP_INVALID_JSON_BODY'],
  ['a prototype in the JSON', '{"__proto__":{"x":1}}', 'FST_ERR_CTP_INVALID_JSON_BODY'],
  ['a constructor in the JSON', '{"constructor":{"prototype":{"x":1}}}', 'FST_ERR_CTP_INVALID_JSON_BODY']
]

t.test('a bad booking is a 400 with a code, and reaches no upstream', async (t) => {
  const crud = await flakyCrud(t)
  const service = await startService(t, crud.variables)
  await book(service)
  crud.seen.length = 0
  for (const [about, body, code, says] of BAD_BOOKINGS) {
    const payload = typeof body === 'string' ? body : JSON.stringify(body)
    const answer = await service.inject({ method: 'POST', url: '/teleconsultation', ...(payload === undefined ? {} : { payload }), headers: { 'content-type': 'application/json' } })
    t.equal(answer.statusCode, 400, about)
    const answered = answer.json<{ code: string, message: string }>()
    t.equal(answered.code, code, `${about}: ${answered.message}`)
    if (says !== undefined) t.match(answered.message, says, about)
  }
  t.same(crud.seen, [])
})

t.test('a bad change is a 400 and leaves the teleconsultation as it is', async (t) => {
  const service = await startService(t)
  const roomId = await book(service)
  const listed = async () => (await service.inject({ url: '/clinic/teleconsultations' })).json()
  const before = await listed()
  const bad: Array<[object, string]> = [
    [{}, 'FST_ERR_VALIDATION'],
    [{ colour: 'red' }, 'FST_ERR_VALIDATION'],
    [{ start_date: 'soon' }, 'FST_ERR_VALIDATION'],
    [{ end_date: after(NOON, 30).toISOString(), duration_in_seconds: 600 }, 'END_OR_DURATION'],
    [{ end_date: after(NOON, 12).toISOString() }, 'INVALID_SPAN'],
    [{ participants: { number: 2, data: [DOCTOR, DOCTOR] } }, 'DUPLICATE_PARTICIPANT'],
    [{ participants: { number: 2, data: [{ ...DOCTOR, groups: ['wizard'] }, PATIENT] } }, 'UNKNOWN_GROUP'],
    [{ participants: ['a', 'b'] }, 'PARTICIPANTS_NEED_AUTH_SERVICE']
  ]
  for (const [payload, code] of bad) {
    const answer = await service.inject({ method: 'PATCH', url: `/teleconsultation/${roomId}`, payload })
    t.equal(answer.statusCode, 400)
    t.equal(answer.json().code, code)
  }
  t.same(await listed(), before)
})

t.test('an id of any odd shape is a 404 and reaches no upstream', async (t) => {
  const crud = await flakyCrud(t)
  const service = await startService(t, crud.variables)
  await service.inject({ url: '/-/ready' })
  crud.seen.length = 0
  for (const id of ['%00', '%2e%2e%2f', 'a%2fb', '%7B%22$ne%22%3A1%7D', 'x'.repeat(300), '%F0%9F%92%A9', "';--", '*', ' ']) {
    for (const [method, suffix] of [['GET', ''], ['PATCH', ''], ['DELETE', ''], ['POST', '/participants/data']] as const) {
      const answer = await service.inject({
        method,
        url: `/teleconsultation/${id}${suffix}`,
        headers: { miauserid: 'doctor-1' },
        ...(method === 'PATCH' ? { payload: { duration_in_seconds: 600 } } : method === 'POST' ? { payload: PATIENT } : {})
      })
      t.equal(answer.statusCode, 404, `${method} ${id}`)
      t.equal(answer.json().code, 'TELECONSULTATION_NOT_FOUND')
    }
  }
  const malformed = await service.inject({ method: 'GET', url: '/teleconsultation/%E0%A4%A', headers: { miauserid: 'doctor-1' } })
  t.equal(malformed.statusCode, 400)
  t.match(malformed.json(), { statusCode: 400, code: 'FST_ERR_BAD_URL' })
  t.same(crud.seen, [])
})

t.test('a body over 64 KiB is 413, one that is not exactly JSON is 415', async (t) => {
  const service = await startService(t)
  const send = (payload: string, type: string) => service.inject({ method: 'POST', url: '/teleconsultation', payload, headers: { 'content-type': type } })
  const large = await send(JSON.stringify({ filler: 'x'.repeat(65_536) }), 'application/json')
  t.equal(large.statusCode, 413)
  t.equal(large.json().code, 'FST_ERR_CTP_BODY_TOO_LARGE')
  for (const type of ['text/plain', 'text/html', 'application/xml', 'multipart/form-data; boundary=x', 'application/jsonp', 'application/json5', 'application/x-www-form-urlencoded', 'nonsense']) {
    const answer = await send(JSON.stringify(booking()), type)
    t.equal(answer.statusCode, 415, type)
    t.equal(answer.json().code, 'FST_ERR_CTP_INVALID_MEDIA_TYPE')
  }
  t.equal((await send(JSON.stringify(booking()), 'application/json; charset=utf-8')).statusCode, 201)
})

t.test('no mutation of a booking is answered by a 5xx', async (t) => {
  const service = await startService(t)
  const random = generator(20261121)
  const odd = [null, '', 0, -1, 1e308, true, [], {}, 'x'.repeat(300), '\u0000', { $gt: '' }, ['a'], '2026-11-23T12:00:00Z', '9999-12-31T23:59:59Z', 300, 3.5]
  for (let run = 0; run < 400; run++) {
    const body = structuredClone(booking()) as Record<string, unknown>
    mutate(body, random, odd)
    const answer = await service.inject({ method: 'POST', url: '/teleconsultation', payload: body })
    if (answer.statusCode >= 500 || ![201, 400, 422].includes(answer.statusCode)) t.fail(`${answer.statusCode} for ${JSON.stringify(body)}`)
  }
  t.pass('400 mutations')
})

function mutate (value: Record<string, unknown>, random: () => number, odd: readonly unknown[]): void {
  const keys = Object.keys(value)
  const key = keys[Math.floor(random() * keys.length)]
  if (key === undefined) return
  const inner = value[key]
  if (typeof inner === 'object' && inner !== null && random() < 0.7) return mutate(inner as Record<string, unknown>, random, odd)
  if (random() < 0.2) delete value[key]
  else value[key] = odd[Math.floor(random() * odd.length)]
}

// mulberry32: the same numbers in every run.
function generator (seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
