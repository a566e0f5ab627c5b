import t from 'tap'
import { sharedReads } from '../../lib/teleconsultations/shared-reads.ts'

const deferred = () => {
  const calls: Array<{ resolve: (value: number) => void, reject: (error: Error) => void }> = []
  return { calls, read: () => new Promise<number>((resolve, reject) => { calls.push({ resolve, reject }) }) }
}
const turn = () => new Promise((resolve) => { setImmediate(resolve) })

t.test('fifty who ask at once cost two reads', async (t) => {
  const reads = sharedReads<number>()
  const { calls, read } = deferred()
  const answers = Promise.all(Array.from({ length: 50 }, () => reads('a', read)))
  t.equal(calls.length, 1)
  calls[0]?.resolve(1)
  await turn()
  t.equal(calls.length, 2)
  calls[1]?.resolve(2)
  t.same(await answers, [1, ...Array.from({ length: 49 }, () => 2)], 'who came later has an answer that was asked for later')
})

t.test('different things are read beside each other', async (t) => {
  const reads = sharedReads<number>()
  const { calls, read } = deferred()
  const both = [reads('a', read), reads('b', read)]
  t.equal(calls.length, 2)
  for (const call of calls) call.resolve(1)
  t.same(await Promise.all(both), [1, 1])
})

t.test('a read that fails fails for those who share it, and the next one is made anew', async (t) => {
  const reads = sharedReads<number>()
  const { calls, read } = deferred()
  const first = reads('a', read)
  const second = reads('a', read)
  const third = reads('a', read)
  calls[0]?.reject(new Error('down'))
  await t.rejects(first)
  await turn()
  calls[1]?.reject(new Error('still down'))
  await t.rejects(second)
  await t.rejects(third)
  const again = reads('a', read)
  t.equal(calls.length, 3)
  calls[2]?.resolve(3)
  t.equal(await again, 3)
})
