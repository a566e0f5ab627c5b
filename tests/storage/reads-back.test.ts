import t from 'tap'
import { StorageRefused, StorageUnavailable } from '../../lib/errors.ts'
import type { CrudCollection } from '../../lib/storage/crud-client.ts'
import { readsBack } from '../../lib/storage/reads-back.ts'

const fine: CrudCollection = {
  get: async () => undefined,
  list: async () => [],
  insert: async () => 'id',
  patch: async () => undefined,
  moveTo: async () => true,
  remove: async () => {},
  schema: async () => ({}),
  count: async () => 0
}

function deferred () {
  const calls: Array<{ resolve: (value: string) => void, reject: (error: Error) => void }> = []
  return { calls, read: () => new Promise<string>((resolve, reject) => { calls.push({ resolve, reject }) }) }
}
const turn = () => new Promise((resolve) => { setImmediate(resolve) })

t.test('of many at once one goes first, and the others when it was answered', async (t) => {
  const { ask } = readsBack(fine)
  const { calls, read } = deferred()
  const answers = Promise.all(Array.from({ length: 5 }, () => ask(read)))
  await turn()
  t.equal(calls.length, 1)
  calls[0]?.resolve('there')
  await turn()
  t.equal(calls.length, 5)
  for (const call of calls) call.resolve('there')
  t.same(await answers, Array.from({ length: 5 }, () => 'there'))
})

t.test('when it fails no other is sent until something has worked', async (t) => {
  const { collection, ask } = readsBack(fine)
  const { calls, read } = deferred()
  const both = [ask(read), ask(read)]
  await turn()
  calls[0]?.reject(new StorageUnavailable())
  for (const one of both) await t.rejects(one, { code: 'STORAGE_UNAVAILABLE', statusCode: 503 })
  await t.rejects(ask(read), { code: 'STORAGE_UNAVAILABLE', statusCode: 503, unsent: true })
  t.equal(calls.length, 1)
  await collection.insert({}, {})
  const again = ask(read)
  await turn()
  calls[1]?.resolve('there')
  t.equal(await again, 'there')
})

t.test('a refusal is an answer: the others are sent', async (t) => {
  const { ask } = readsBack(fine)
  await t.rejects(ask(async () => { throw new StorageRefused('no') }), { code: 'STORAGE_REFUSED', statusCode: 400 })
  t.equal(await ask(async () => 'there'), 'there')
})
