import t from 'tap'
import { flakyCrud } from '../support/flaky-crud.ts'
import { after, book, NOON, open, startService } from '../support/service.ts'

t.test('fifty who ask for the same link at once cost two reads at the most, and get the same room', async (t) => {
  const crud = await flakyCrud(t)
  const service = await startService(t, crud.variables)
  const roomId = await book(service)
  service.setClock(after(NOON, 11))
  t.equal((await open(service, roomId)).statusCode, 200)
  crud.seen.length = 0
  const answers = await Promise.all(Array.from({ length: 50 }, (_, index) => open(service, roomId, index % 2 === 0 ? 'doctor-1' : 'patient-1')))
  t.same(new Set(answers.map(({ statusCode }) => statusCode)), new Set([200]))
  t.ok(answers.every((answer) => answer.json<{ accessLinkURL: string | null }>().accessLinkURL !== null))
  t.ok(crud.seen.length <= 2, `${crud.seen.length} requests`)
})

t.test('fifty who are the first to come make one room and seal once', async (t) => {
  const crud = await flakyCrud(t)
  const service = await startService(t, crud.variables)
  const roomId = await book(service)
  service.setClock(after(NOON, 11))
  crud.seen.length = 0
  const answers = await Promise.all(Array.from({ length: 50 }, () => open(service, roomId)))
  t.same(new Set(answers.map(({ statusCode }) => statusCode)), new Set([200]))
  t.ok(answers.every((answer) => answer.json<{ accessLinkURL: string | null }>().accessLinkURL !== null))
  t.equal(crud.seen.filter(({ method }) => method === 'PATCH').length, 2, 'the intent and the room')
})
