import t from 'tap'
import type { Actor } from '../../lib/domain/authorization.ts'
import type { Session } from '../../lib/domain/session.ts'
import type { Content, Control } from '../../lib/domain/teleconsultation.ts'
import { httpClient } from '../../lib/http/client.ts'
import { fieldCipher } from '../../lib/privacy/field-cipher.ts'
import { TELECONSULTATIONS } from '../../lib/storage/collections.ts'
import { crudCollection } from '../../lib/storage/crud-client.ts'
import { startEmbeddedCrud } from '../../lib/storage/embedded/server.ts'
import { PERSONAL_IN_TELECONSULTATIONS, protectedCollection } from '../../lib/storage/protected-collection.ts'
import { teleconsultationStore } from '../../lib/storage/teleconsultation-store.ts'
import { countSessions, listSessions, type Wanted } from '../../lib/teleconsultations/list-sessions.ts'
import { SESSION_STATES, type SessionPage } from '../../schemas/session.ts'
import { world } from '../support/operations.ts'
import { ADMIN, DOCTOR_TOKEN, holding, OWNER, sessionCalls, startSessions, STRANGER, TOKENS, type Headers } from '../support/session-callers.ts'
import { after, DOCTOR, NOON, startService, temporaryFolder, type Teardown } from '../support/service.ts'

const NONE = { PII_ENCRYPTION_KEYS: 'none' }
const STATES = SESSION_STATES.map((name) => ({ name, search: { name, now: NOON, linksUntil: after(NOON, 60) } }))

/** A storage with or without encryption, and how often it was asked for sessions. */
async function stored (t: Teardown, { encrypts, clock = () => NOON }: { encrypts: boolean, clock?: () => Date }) {
  const crud = await startEmbeddedCrud({ file: ':memory:', collections: [TELECONSULTATIONS], userIdHeaderKey: 'miauserid', clock: () => NOON })
  const http = httpClient({ baseUrl: crud.origin, timeoutMs: 30_000, now: () => clock().getTime() })
  t.teardown(async () => {
    await http.close()
    await crud.close()
  })
  const cipher = fieldCipher({ keys: encrypts ? [{ id: 'a', key: Buffer.alloc(32, 1) }] : [] })
  const store = teleconsultationStore(protectedCollection(crudCollection(http, '/teleconsultations'), cipher, PERSONAL_IN_TELECONSULTATIONS), async () => 'declared', 'embedded', { searchesTexts: !encrypts })
  const made = world()
  const asked = { sessions: 0 }
  return {
    asked,
    context: made.context,
    ports: {
      ...made.ports,
      store: { ...store, sessions: async (...given: Parameters<typeof store.sessions>) => { asked.sessions++; return await store.sessions(...given) } }
    },
    async insert (number: number, session: Session, changes: Partial<Content> & Partial<Control> = {}) {
      const { startAt = after(NOON, number - 200), participants = ['p'].map(seat), phase = 'PENDING', ...others } = changes
      const control: Control = { phase, sealed: false, epoch: 0, applied: [`op-${number}`], garbage: [], provider: 'embedded', session, ...others }
      await store.insert({ number: 2, participants, startAt, endAt: after(startAt, 15) }, control, { headers: {} })
    }
  }
}

const seat = (userExternalId: string) => ({ userExternalId, userBandyerId: `usr_${userExternalId}`, accessLinkURL: null, fullName: 'A Person' })

const PERSON: Actor = { kind: 'person', id: 'p', organisations: new Map([['ward', new Set(['ADMIN'] as const)]]) }

t.test('over many pages it finds and counts what a storage finds that reads the texts, in the same order and from the same place on', async (t) => {
  const [plain, sealed] = [await stored(t, { encrypts: false }), await stored(t, { encrypts: true })]
  let seed = 11
  const below = (limit: number) => {
    seed = (seed * 48271) % 2147483647
    return seed % limit
  }
  const pick = <Item>(...items: [Item, ...Item[]]): Item => items[below(items.length)] ?? items[0]
  for (let number = 0; number < 450; number++) {
    const session: Session = {
      title: pick('Check-up', 'check.up', 'ΟΔΟΣ', 'Straße', 'İstanbul', `Number ${number}`),
      ...pick<Session>({}, { description: 'über (CHECK) die Schulter' }, { references: { bookingCode: `B-${number}` } }),
      ...pick<Session>({}, { owner: 'p' }, { owner: 'q' }),
      ...pick<Session>({}, { organisation: 'ward' }, { organisation: 'elsewhere' }),
      ...pick<Session>({}, {}, {}, { endedAt: NOON.getTime() }),
      kind: pick('televisit', 'session')
    }
    const changes = {
      startAt: after(NOON, below(200) - 100),
      participants: pick(['p'], ['q'], ['p', 'q'], ['r']).map(seat),
      phase: pick<Control['phase']>('PENDING', 'PENDING', 'INCOMPLETE', 'DELETING')
    }
    await Promise.all([plain, sealed].map((one) => one.insert(number, session, changes)))
  }
  const extras: ReadonlyArray<Partial<Wanted>> = [{}, { descending: true }, { kind: 'televisit' }, { participant: 'q' }, { from: after(NOON, -50), to: after(NOON, 50) }, ...STATES.map(({ search }) => ({ state: search }))]
  const walked = async ({ ports, context }: typeof plain, actor: Actor, wanted: Partial<Wanted>, limit: number) => {
    const pages: string[][] = []
    for (let place: Wanted['after']; pages.length < 40;) {
      const { documents, next } = await listSessions(ports, actor, { ...wanted, limit, after: place }, context)
      pages.push(documents.map(({ control }) => control.applied.join()))
      place = next
      if (next === undefined) return pages
    }
    throw new Error('the list has no end')
  }
  let found = 0
  const actors: readonly Actor[] = [{ kind: 'gateway' }, PERSON, { kind: 'gateway', id: 'q' }, { kind: 'clinic', organisation: 'default' }]
  for (const text of ['check', 'CHECK.UP', 'οδοσ', 'οδος', 'STRASSE', 'straßE', 'i̇', 'ist', 'ÜBER (', '99', 'nowhere']) {
    for (const [index, actor] of actors.entries()) {
      const extra = extras[below(extras.length)]
      const title = JSON.stringify({ actor, text, extra })
      const expected = await walked(plain, actor, { ...extra, text }, 70)
      found += expected.flat().length
      t.strictSame(await walked(sealed, actor, { ...extra, text }, 70), expected, title)
      const counts = await countSessions(sealed.ports, actor, { ...extra, text, limit: 1 }, STATES, sealed.context)
      // Without a look at each, sessions count that somebody owns in an organisation of which he is no member.
      if (index === 0) t.strictSame(counts, await countSessions(plain.ports, actor, { ...extra, text, limit: 1 }, STATES, plain.context), title)
      const state = STATES[below(STATES.length)]
      if (state !== undefined) t.equal(counts[state.name], (await walked(plain, actor, { ...extra, text, state: state.search }, 199)).flat().length, `${title}, ${state.name}`)
    }
  }
  t.ok(found > 500, `${found} rows`)
})

t.test('a search reads as few pages as it can, no page twice, and lets others have their turn between them', async (t) => {
  const { ports, context, asked, insert } = await stored(t, { encrypts: true })
  await Promise.all(Array.from({ length: 410 }, (_, number) => insert(number, { title: number % 400 === 399 ? 'found' : 'other', organisation: 'ward', owner: 'p' })))
  const pagesOf = async (wanted: Partial<Wanted>) => {
    asked.sessions = 0
    const { documents } = await listSessions(ports, PERSON, { limit: 10, ...wanted }, context)
    return { pages: asked.sessions, found: documents.length }
  }
  let turns = 0
  const isOver = { now: false }
  const turn = () => {
    turns++
    if (!isOver.now) setImmediate(turn)
  }
  setImmediate(turn)
  // Three ways to see, of three pages each: he takes part, owns, and administers.
  t.same(await pagesOf({ text: 'found' }), { pages: 9, found: 1 })
  isOver.now = true
  t.ok(turns >= 3)
  t.same(await pagesOf({ text: 'other' }), { pages: 3, found: 10 })
  t.same(await pagesOf({}), { pages: 3, found: 10 })
  asked.sessions = 0
  t.same(await countSessions(ports, PERSON, { text: 'other', limit: 10 }, STATES, context), { incomplete: 0, planned: 148, open: 76, ended: 185 })
  t.equal(asked.sessions, 9, 'once for all states')
})

t.test('a search that would last longer than its request is broken off', async (t) => {
  let now = NOON
  const { ports, context, asked, insert } = await stored(t, { encrypts: true, clock: () => now })
  await Promise.all(Array.from({ length: 410 }, (_, number) => insert(number, { title: 'other' })))
  const { store } = ports
  const slow = {
    ...ports,
    store: {
      ...store,
      sessions: async (...given: Parameters<typeof store.sessions>) => {
        const page = await store.sessions(...given)
        now = after(now, 1)
        return page
      }
    }
  }
  asked.sessions = 0
  await t.rejects(listSessions(slow, { kind: 'gateway' }, { text: 'found', limit: 10 }, { ...context, endsAt: after(NOON, 2).getTime() }), { code: 'STORAGE_TIMEOUT', statusCode: 504 })
  t.equal(asked.sessions, 3)
})

t.test('texts are found and counted for those who may see them, and for nobody who was removed', async (t) => {
  const { create, list, call, read } = await startSessions(t)
  const { id } = await create(OWNER, { title: 'A seldom word' })
  const { body: { mediaUrl } } = await read(DOCTOR_TOKEN, id)
  const found = async (caller: Headers, query = '') => {
    const { status, body } = await list(caller, `?text=SELDOM&counts=true${query}`)
    t.equal(status, 200)
    return [body.sessions.length, body.counts]
  }
  const none = { incomplete: 0, planned: 0, open: 0, ended: 0 }
  const one = { ...none, planned: 1 }
  for (const caller of [OWNER, ADMIN, DOCTOR_TOKEN, holding(mediaUrl)]) t.same(await found(caller), [1, one])
  t.same(await found(STRANGER), [0, none])
  t.same(await found(OWNER, '&state=open'), [0, one])
  // A count would tell him what it is about.
  t.equal((await call(OWNER, 'DELETE', `/sessions/${id}/participants/${DOCTOR.userExternalId}`)).status, 200)
  t.same(await found(DOCTOR_TOKEN), [0, none])
})

t.test('a cursor that was given before the encryption goes on behind it', async (t) => {
  const dataPath = temporaryFolder(t)
  const readable = sessionCalls(await startService(t, { ...TOKENS, ...NONE }, { dataPath }))
  for (const [minutes, title] of [[10, 'A visit'], [20, 'A call'], [30, 'B visit'], [40, 'C visit']] as const) {
    await readable.create(OWNER, { title, start_date: after(NOON, minutes).toISOString() })
  }
  const first = await readable.list(OWNER, '?text=VISIT&limit=1')
  t.same(titlesOf(first.body), ['A visit'])
  await readable.service.app.close()
  const sealed = sessionCalls(await startService(t, TOKENS, { dataPath }))
  await sealed.create(OWNER, { title: 'D visit', start_date: after(NOON, 50).toISOString() })
  t.same(titlesOf((await sealed.list(OWNER, '?text=VISIT')).body), ['A visit', 'B visit', 'C visit', 'D visit'])
  const second = await sealed.list(OWNER, `?text=VISIT&limit=1&cursor=${first.body.next ?? ''}`)
  t.equal(second.status, 200)
  t.same(titlesOf(second.body), ['B visit'])
  t.same(titlesOf((await sealed.list(OWNER, `?text=VISIT&limit=1&cursor=${second.body.next ?? ''}`)).body), ['C visit'])
})

const titlesOf = ({ sessions }: SessionPage) => sessions.map(({ title }) => title)
