import t from 'tap'
import { ORGANISATION_MEMBERS } from '../../lib/storage/collections.ts'
import type { CrudCollection, CrudDocument } from '../../lib/storage/crud-client.ts'
import { defineCollection } from '../../lib/storage/embedded/collection-definition.ts'
import { matches } from '../../lib/storage/embedded/query-evaluation.ts'
import { parseFilter } from '../../lib/storage/embedded/query-language.ts'
import type { Document } from '../../lib/storage/embedded/values.ts'
import { memberStore, type MemberStore } from '../../lib/storage/member-store.ts'
import { randomOf } from '../simulation/random.ts'

const CONTEXT = { headers: {} }
const DEFINED = defineCollection(ORGANISATION_MEMBERS)
const PLAIN = { state: 'ACCEPTED', roles: new Set(['STANDARD'] as const) } as const
const GONE = { state: 'REMOVED', roles: new Set<never>() } as const

/** Documents in memory; every call of every client waits until it is let go. */
function steppedStorage (admins: readonly string[]) {
  const documents = new Map<string, CrudDocument>(admins.map((userId) =>
    [userId, { _id: userId, updatedAt: '', organisation: 'ward', userId, roles: ['STANDARD', 'ADMIN'], state: 'ACCEPTED', revision: 1 }]))
  const waiting: Array<{ client: number, go: () => void }> = []
  const passes = (filter: object, document: CrudDocument) => matches(parseFilter(filter, DEFINED), document as unknown as Document)
  const collectionOf = (client: number): CrudCollection => {
    const stepped = <Given extends unknown[], Answer> (work: (...given: Given) => Answer) => async (...given: Given): Promise<Answer> =>
      await new Promise((resolve) => { waiting.push({ client, go: () => { resolve(structuredClone(work(...given))) } }) })
    const never = async (): Promise<never> => { throw new Error('not a part of this') }
    return {
      get: never,
      insert: never,
      count: never,
      moveTo: never,
      remove: never,
      schema: never,
      list: stepped(({ filter = {} }) => [...documents.values()].filter((document) => passes(filter, document))),
      patch: stepped((id, filter, { $set, $unset = {} }) => {
        const before = documents.get(id)
        if (before === undefined || !passes(filter, before)) return undefined
        const after = Object.fromEntries(Object.entries({ ...before, ...$set }).filter(([name]) => !(name in $unset))) as CrudDocument
        documents.set(id, after)
        return after
      })
    }
  }
  return {
    waiting,
    clientOf: (client: number) => memberStore(collectionOf(client)),
    adminsLeft: () => [...documents.values()].filter(({ state, roles }) => state === 'ACCEPTED' && (roles as string[]).includes('ADMIN')).length
  }
}

type Client = (store: MemberStore) => Promise<string>

/** ADMIN is taken from somebody; who is told that somebody came between tries once more, as he is then. */
const takingFrom = (userId: string, standing: typeof PLAIN | typeof GONE, attempts = 2): Client => async (store) => {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const current = await store.get('ward', userId, CONTEXT)
    if (current === undefined || !current.roles.has('ADMIN')) return 'done'
    const outcome = await store.replaceIfUnchanged(current, standing, CONTEXT)
    if (typeof outcome !== 'string') return 'done'
    if (outcome === 'last admin') return outcome
  }
  return 'changed'
}

/**
 * @param choose which of the waiting calls goes next; undefined: whoever waits has died
 * @returns what the clients were told, and whether there was an ADMIN after every single write
 */
async function play (admins: readonly string[], clients: readonly Client[], choose: (waiting: ReadonlyArray<{ client: number }>) => number | undefined) {
  const { waiting, clientOf, adminsLeft } = steppedStorage(admins)
  const outcomes: string[] = clients.map(() => 'died')
  let isSafe = true
  clients.forEach((client, index) => { client(clientOf(index)).then((outcome) => { outcomes[index] = outcome }, () => { outcomes[index] = 'failed' }) })
  for (;;) {
    await new Promise((resolve) => { setImmediate(resolve) })
    const chosen = waiting.length === 0 ? undefined : choose(waiting)
    if (chosen === undefined) break
    waiting.splice(chosen, 1)[0]?.go()
    isSafe &&= adminsLeft() > 0
  }
  return { outcomes, isSafe, adminsLeft: adminsLeft() }
}

t.test('in no order of their steps do two ADMINs both go', async (t) => {
  const clients = [takingFrom('ada', GONE, 1), takingFrom('bruno', PLAIN, 1)]
  let orders = 0
  let bad = 0
  const seen = new Set<string>()
  // Every order once: each run follows a prefix, then takes the first that waits; the last choice that has another is changed next.
  for (let prefix: number[] | undefined = []; prefix !== undefined; orders++) {
    const taken: Array<{ chosen: number, of: number }> = []
    const given: number[] = prefix
    const { outcomes, isSafe, adminsLeft } = await play(['ada', 'bruno'], clients, (waiting) => {
      const chosen = given[taken.length] ?? 0
      taken.push({ chosen, of: waiting.length })
      return chosen
    })
    if (!isSafe || adminsLeft !== 2 - outcomes.filter((outcome) => outcome === 'done').length) bad++
    seen.add([...outcomes].sort().join(' and '))
    while (taken.length > 0 && (taken.at(-1)?.chosen ?? 0) + 1 >= (taken.at(-1)?.of ?? 0)) taken.pop()
    const last = taken.pop()
    prefix = last === undefined ? undefined : [...taken.map(({ chosen }) => chosen), last.chosen + 1]
  }
  t.equal(bad, 0)
  t.ok(orders > 200, `${orders} orders`)
  t.ok(seen.has('done and last admin'))
  t.notOk(seen.has('done and done'))
})

t.test('of three ADMINs that go at once, each trying again, one stays', async (t) => {
  const clients = [takingFrom('ada', GONE), takingFrom('bruno', PLAIN), takingFrom('carla', GONE), takingFrom('ada', PLAIN)]
  let bad = 0
  for (let seed = 1; seed <= 300; seed++) {
    const random = randomOf(seed)
    const { isSafe } = await play(['ada', 'bruno', 'carla'], clients, (waiting) => random.between(0, waiting.length - 1))
    if (!isSafe) bad++
  }
  t.equal(bad, 0)
})

t.test('who dies between two steps leaves an ADMIN, and nothing that keeps the others from going', async (t) => {
  const names = ['ada', 'bruno', 'carla']
  for (let steps = 0; steps <= 6; steps++) {
    let taken = 0
    // The first client dies after so many steps; the others go one after the other.
    const { outcomes, isSafe, adminsLeft } = await play(names, [takingFrom('ada', GONE), takingFrom('bruno', GONE), takingFrom('carla', GONE)], (waiting) => {
      const first = waiting.findIndex(({ client }) => client === 0)
      if (first >= 0 && taken < steps) {
        taken++
        return first
      }
      const next = waiting.findIndex(({ client }) => client === 1)
      const other = next >= 0 ? next : waiting.findIndex(({ client }) => client === 2)
      return other >= 0 ? other : undefined
    })
    t.ok(isSafe)
    t.equal(adminsLeft, 1)
    t.equal(outcomes[1], 'done', `after ${steps} steps`)
  }
})
