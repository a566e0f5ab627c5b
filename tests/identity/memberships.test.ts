import t from 'tap'
import type { GivenRole } from '../../schemas/organisations.ts'
import { StorageUnavailable } from '../../lib/errors.ts'
import { memberships } from '../../lib/identity/memberships.ts'

const CONTEXT = { headers: {} }
const NOON_MS = Date.parse('2026-11-23T12:00:00.000Z')

/** What is kept, with a count of the reads; an answer waits while `held` is set. */
function kept () {
  const state = {
    nowMs: NOON_MS,
    reads: 0,
    roles: ['STANDARD'] as GivenRole[],
    held: undefined as Promise<void> | undefined,
    isFailing: false,
    tell: (_userId: string) => {}
  }
  const known = memberships({
    clock: () => new Date(state.nowMs),
    store: {
      async ofUser () {
        state.reads++
        const found = [{ organisation: 'ward', roles: new Set(state.roles) }]
        if (state.isFailing) throw new StorageUnavailable()
        await state.held
        return found
      },
      onWrite (listener) { state.tell = listener }
    }
  })
  return { state, of: async (userId = 'ada') => [...(await known.of(userId, CONTEXT)).get('ward') ?? []] }
}

t.test('roles come with SELF, and are read once in two seconds, however many ask', async (t) => {
  const { state, of } = kept()
  t.same(await Promise.all([of(), of()]), [['SELF', 'STANDARD'], ['SELF', 'STANDARD']])
  state.nowMs += 1999
  await of()
  t.equal(state.reads, 1)
  state.roles = ['STANDARD', 'ADMIN']
  state.nowMs += 1
  t.same(await of(), ['SELF', 'STANDARD', 'ADMIN'])
  t.equal(state.reads, 2)
})

t.test('a clock that was put back keeps nothing longer', async (t) => {
  const { state, of } = kept()
  await of()
  state.nowMs -= 3600_000
  await of()
  t.equal(state.reads, 2)
})

t.test('a write of this replica is seen at once, and only by whom it is about', async (t) => {
  const { state, of } = kept()
  await of()
  await of('bruno')
  state.roles = ['STANDARD', 'ADMIN']
  state.tell('ada')
  t.same(await of(), ['SELF', 'STANDARD', 'ADMIN'])
  t.same(await of('bruno'), ['SELF', 'STANDARD'])
  t.equal(state.reads, 3)
})

t.test('a read that began before the write is not remembered after it', async (t) => {
  const { state, of } = kept()
  const { promise, resolve } = Promise.withResolvers<void>()
  state.held = promise
  const early = of()
  state.roles = []
  state.tell('ada')
  state.held = undefined
  resolve()
  await early
  t.same(await of(), ['SELF'])
})

t.test('a failure is the caller’s and is not remembered', async (t) => {
  const { state, of } = kept()
  state.isFailing = true
  await t.rejects(of(), { code: 'STORAGE_UNAVAILABLE', statusCode: 503 })
  state.isFailing = false
  t.same(await of(), ['SELF', 'STANDARD'])
})

t.test('whoever is remembered longest goes when there are too many', async (t) => {
  const { state, of } = kept()
  for (let person = 0; person <= 10_000; person++) await of(`person-${person}`)
  t.equal(state.reads, 10_001)
  await of('person-10000')
  t.equal(state.reads, 10_001)
  await of('person-0')
  t.equal(state.reads, 10_002)
})
