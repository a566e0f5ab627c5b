import t from 'tap'
import type { Test } from 'tap'
import { TELECONSULTATIONS } from '../../lib/storage/collections.ts'
import { defineCollection } from '../../lib/storage/embedded/collection-definition.ts'
import { matches } from '../../lib/storage/embedded/query-evaluation.ts'
import { parseFilter } from '../../lib/storage/embedded/query-language.ts'
import { openDatabase } from '../../lib/storage/embedded/sqlite-database.ts'
import { openStore } from '../../lib/storage/embedded/sqlite-store.ts'
import type { SortKey } from '../../lib/storage/embedded/sqlite-store.ts'
import { compare } from '../../lib/storage/embedded/values.ts'
import type { Document } from '../../lib/storage/embedded/values.ts'
import { isInState, sessionFilter, textFinder } from '../../lib/storage/session-search.ts'
import type { SessionSearch, SessionsOf } from '../../lib/storage/session-search.ts'
import { teleconsultationOf } from '../../lib/storage/stored-teleconsultation.ts'
import { SESSION_STATES } from '../../schemas/session.ts'

const NOON = new Date('2026-11-23T12:00:00.000Z')
const HOUR_MS = 3600_000
const atHour = (hours: number) => new Date(NOON.getTime() + hours * HOUR_MS)
const idOf = (number: number) => number.toString(16).padStart(24, '0')
const PAGE = 25

const ELEMENTS = 'SEARCH teleconsultations.participants_startDate.elements USING PRIMARY KEY (element=?'
const OWNER = 'SEARCH teleconsultations USING INDEX teleconsultations.service_session_owner_startDate (<expr>=?'
const ORGANISATION = 'SEARCH teleconsultations USING INDEX teleconsultations.service_session_organisation_startDate (<expr>=?'
const START = 'teleconsultations USING INDEX teleconsultations.startDate_id'

/** Whose list, and how its reading begins. */
const LISTS: ReadonlyArray<readonly [of: SessionsOf, step: string]> = [
  [{ participant: 'p' }, ELEMENTS],
  [{ owner: 'p' }, OWNER],
  [{ organisation: 'o', orNone: false }, ORGANISATION],
  // Nearly all sessions of a service that has one organisation: in their own order they are found at once.
  [{ organisation: 'o', orNone: true }, START],
  ['everybody', START]
]

type Extra = Omit<SessionSearch, 'of' | 'after' | 'descending' | 'limit'>

const inState = (name: typeof SESSION_STATES[number]): Extra => ({ state: { name, now: NOON, linksUntil: atHour(1) } })

const EXTRAS: ReadonlyArray<readonly [title: string, extra: Extra]> = [
  ['nothing else', {}],
  ...SESSION_STATES.map((name) => [name, inState(name)] as const),
  ['a participant', { participant: 'q' }],
  ['a type', { type: 'cardiology' }],
  ['a kind', { kind: 'televisit' }],
  ['a text', { text: 'Control (2)' }],
  ['from', { from: atHour(-30) }],
  ['to', { to: atHour(30) }],
  ['a span', { from: atHour(-30), to: atHour(30) }],
  ['everything', { ...inState('planned'), from: atHour(-30), to: atHour(30), participant: 'q', type: 'cardiology', kind: 'televisit', text: 'control' }]
]

function sessionStore (t: Test) {
  const database = openDatabase(':memory:')
  t.teardown(() => database.close())
  let statement = ''
  const collection = defineCollection(TELECONSULTATIONS)
  const store = openStore({ ...database, statement: (sql) => { statement = sql; return database.statement(sql) } }, collection)
  const parsed = (search: SessionSearch) => parseFilter(sessionFilter(search), collection)
  const explained = (how: 'EXPLAIN' | 'EXPLAIN QUERY PLAN') => database.statement(`${how} ${statement}`).all()
  return {
    insert: (document: Document) => { store.insert(document) },
    fits: (search: SessionSearch, document: Document) => matches(parsed(search), document),
    page (search: SessionSearch) {
      const direction = search.descending === true ? -1 : 1
      const sort: SortKey[] = [{ path: 'startDate', direction }, { path: '_id', direction }]
      return store.find({ filter: parsed(search), states: ['PUBLIC'], sort, limit: search.limit ?? PAGE })
    },
    /** How the last page was read. */
    plan: () => explained('EXPLAIN QUERY PLAN').map((step) => String(step['detail'])).join('; '),
    /** Which of its question marks, counted from one, the last page's index is entered by, behind what is the same in the whole list. */
    enteredBy () {
      const steps = explained('EXPLAIN')
      const seek = steps.find(({ opcode }) => /^Seek(GE|GT|LE|LT)$/.test(String(opcode)))
      const last = Number(seek?.['p3']) + Number(seek?.['p4']) - 1
      return Number(steps.findLast(({ opcode, p2 }) => opcode === 'Variable' && p2 === last)?.['p1'])
    },
    questionMarks: () => statement.split('?').slice(0, -1)
  }
}

const titleOf = (...parts: unknown[]) => parts.map((part) => typeof part === 'string' ? part : JSON.stringify(part)).join(', ')

t.test('every page of every list is read along the list’s index, without sorting, whatever else is asked', async (t) => {
  const { page, plan } = sessionStore(t)
  for (const [of, step] of LISTS) {
    for (const [asked, extra] of EXTRAS) {
      // People are in few sessions: theirs are looked at sooner than an owner's or an organisation's.
      const expected = extra.participant === undefined ? step : ELEMENTS
      for (const descending of [false, true]) {
        for (const after of [undefined, { startAt: atHour(7), id: idOf(7) }]) {
          page({ of, ...extra, descending, after })
          const how = plan()
          const title = titleOf(of, asked, descending ? 'downwards' : 'upwards', after === undefined ? 'first page' : 'later page')
          t.ok([expected, `SEARCH ${expected}`, `SCAN ${expected}`].some((begin) => how.startsWith(begin)), `${title}: ${how}`)
          t.notMatch(how, /TEMP B-TREE/, title)
          if (after !== undefined) t.match(how, descending ? /(<expr>|key_1)<\?/ : /(<expr>|key_1)>\?/, `${title}: ${how}`)
        }
      }
    }
  }
})

t.test('a later page begins at its place, and a first one at the narrowest bound of the start', async (t) => {
  const { page, enteredBy, questionMarks } = sessionStore(t)
  const place = { startAt: atHour(7), id: idOf(7) }
  // What is asked, and which of the bounds on its side is the narrowest.
  const cases: ReadonlyArray<readonly [title: string, search: Omit<SessionSearch, 'of'>, bound: string]> = [
    ['planned, later', { ...inState('planned'), after: place }, '>='],
    ['open, later', { ...inState('open'), after: place, descending: true }, '<='],
    ['planned and from, later', { ...inState('planned'), from: atHour(2), after: place }, '>='],
    ['planned and from before', { ...inState('planned'), from: atHour(-2) }, '>'],
    ['planned and from behind', { ...inState('planned'), from: atHour(2) }, '>='],
    ['open and to before', { ...inState('open'), to: atHour(-2), descending: true }, '<'],
    ['open and to behind', { ...inState('open'), to: atHour(2), descending: true }, '<=']
  ]
  for (const [of] of LISTS) {
    for (const [asked, search, bound] of cases) {
      page({ of, ...search })
      const before = questionMarks()[enteredBy() - 1] ?? ''
      t.equal(/ (<=?|>=?) $/.exec(before)?.[1], bound, titleOf(of, asked, before))
    }
  }
})

t.test('the pages of a list, one after the other, are the whole list', async (t) => {
  const { insert, page, fits } = sessionStore(t)
  let seed = 5
  const below = (limit: number) => {
    seed = (seed * 48271) % 2147483647
    return seed % limit
  }
  const pick = <Item>(...items: [Item, ...Item[]]): Item => items[below(items.length)] ?? items[0]
  const documents = Array.from({ length: 240 }, (_, number): Document => {
    const startAt = atHour(below(80) - 40)
    const owner = pick({}, { owner: 'p' }, { owner: 'q' })
    const organisation = pick({}, { organisation: 'o' }, { organisation: 'o' }, { organisation: 'another' })
    const ended = pick({}, {}, { endedAt: startAt.getTime() })
    return {
      _id: idOf(number * 7919 % 240),
      creatorId: 'a',
      createdAt: NOON,
      updaterId: 'a',
      updatedAt: NOON,
      __STATE__: pick('PUBLIC', 'PUBLIC', 'PUBLIC', 'TRASH'),
      bandyerRoomId: '',
      participants: pick(['p'], ['p', 'q'], ['q'], ['q', 'r', 'p'], []).map((userExternalId) => ({ userExternalId })),
      participantsNumber: 2,
      startDate: startAt,
      endDate: new Date(startAt.getTime() + HOUR_MS * (1 + below(4))),
      teleconsultationState: pick('READY', 'READY', 'INCOMPLETE', 'DELETING'),
      service: { session: { ...owner, ...organisation, ...ended, types: pick(['cardiology'], ['neurology', 'cardiology'], []), kind: pick('televisit', 'session'), title: `control (${below(4)})` } }
    }
  })
  for (const document of documents) insert(document)
  let listed = 0
  for (const [of] of LISTS) {
    for (const [asked, extra] of EXTRAS) {
      for (const descending of [false, true]) {
        const search = { of, ...extra, descending }
        const expected = documents.filter((document) => document['__STATE__'] === 'PUBLIC' && fits(search, document))
          .sort((a, b) => (descending ? -1 : 1) * (compare(a['startDate'], b['startDate']) || compare(a['_id'], b['_id']))).map(({ _id }) => _id)
        const walked: unknown[] = []
        // One that does not begin at its place would never come to the end.
        for (let after: SessionSearch['after']; walked.length <= expected.length;) {
          const rows = page({ ...search, after, limit: 7 })
          walked.push(...rows.map(({ _id }) => _id))
          const last = rows.at(-1)
          if (last === undefined) break
          after = { startAt: last['startDate'] as Date, id: String(last['_id']) }
        }
        t.strictSame(walked, expected, titleOf(of, asked, descending ? 'downwards' : 'upwards'))
        listed += walked.length
      }
    }
  }
  t.ok(listed > 2000, `${listed} rows`)
})

t.test('a list leaves out what its filter leaves out', async (t) => {
  const { fits } = sessionStore(t)
  const session = (fields: Document, more: Document = {}): Document => ({
    startDate: atHour(2), endDate: atHour(3), teleconsultationState: 'READY', participants: [{ userExternalId: 'p' }], service: { session: { organisation: 'o', ...fields } }, ...more
  })
  const everybody = (search: Extra, document: Document) => fits({ of: 'everybody', ...search }, document)
  t.equal(everybody({}, session({}, { teleconsultationState: 'DELETING' })), false)
  for (const [document, state] of [
    [session({}), 'planned'],
    [session({}, { startDate: atHour(1) }), 'open'],
    [session({}, { teleconsultationState: 'INCOMPLETE' }), 'incomplete'],
    [session({}, { endDate: atHour(-1) }), 'ended'],
    [session({ endedAt: 1 }), 'ended'],
    [session({ endedAt: 1 }, { teleconsultationState: 'INCOMPLETE' }), 'ended']
  ] as const) {
    t.strictSame(SESSION_STATES.filter((name) => everybody(inState(name), document)), [state], 'in exactly one state')
  }
  const texts = session({ title: 'A (first) look', description: 'about both', references: { bookingCode: 'B.1', appointmentId: 'X' } })
  for (const text of ['a (FIRST)', 'BOTH', 'b.1']) t.equal(everybody({ text }, texts), true, text)
  for (const text of ['a .first.', 'b11', '^a']) t.equal(everybody({ text }, texts), false, text)
  t.equal(fits({ of: { organisation: 'o', orNone: true } }, session({ organisation: 'another' })), false)
  t.equal(fits({ of: { organisation: 'o', orNone: true } }, { ...session({}), service: {} }), true, 'of no organisation')
  t.equal(fits({ of: { organisation: 'o', orNone: false } }, { ...session({}), service: {} }), false)
})

t.test('who has a document in hand finds texts and states in it as the storage does', async (t) => {
  const { fits } = sessionStore(t)
  let seed = 3
  const below = (limit: number) => {
    seed = (seed * 48271) % 2147483647
    return seed % limit
  }
  const pick = <Item>(...items: [Item, ...Item[]]): Item => items[below(items.length)] ?? items[0]
  const words: [string, ...string[]] = ['Check-up', '(.*)', 'ΟΔΟΣ', 'ὀδός', 'Straße', 'STRASSE', 'İstanbul', 'ıSPARTA', 'ﬁne', 'Kelvin', '\u212a', 'ǅ', 'ÀÉ', 'e\u0301', '\ud800', '👩🏽', 'a+b?', '\\', '']
  const cased = (text: string) => pick(text, text.toLowerCase(), text.toUpperCase())
  const twoWords = () => `${cased(pick(...words))} ${cased(pick(...words))}`
  const found = { texts: 0, states: 0 }
  for (let number = 0; number < 4000; number++) {
    const session = {
      ...pick({}, { title: twoWords() }),
      ...pick({}, { description: twoWords() }),
      ...pick({}, { references: {} }, { references: { bookingCode: twoWords() } }, { references: { appointmentId: twoWords() } }),
      ...pick({}, {}, { endedAt: below(10) }),
      owner: twoWords()
    }
    const at = (hours: number) => new Date(atHour(hours).getTime() + below(3) - 1)
    const phase = pick('READY', 'PENDING', 'INCOMPLETE')
    const fields = {
      startDate: at(pick(0, 1, 2)).toISOString(),
      endDate: at(pick(-1, 0, 1)).toISOString(),
      participants: [],
      teleconsultationState: phase,
      service: { phase, sealed: false, epoch: 0, applied: [], garbage: [], provider: 'embedded', session }
    }
    const stored = { ...fields, startDate: new Date(fields.startDate), endDate: new Date(fields.endDate) }
    const read = teleconsultationOf({ _id: idOf(number), updatedAt: NOON.toISOString(), ...fields }, 'declared', 'embedded')
    for (let times = 0; times < 4; times++) {
      const text = pick(twoWords(), cased(pick(...words)), cased(pick(...words)).slice(below(3)))
      const expected = fits({ of: 'everybody', text }, stored)
      if (textFinder(text)(read.control.session ?? {}) !== expected) t.fail(JSON.stringify({ text, session }))
      if (expected) found.texts++
    }
    for (const name of SESSION_STATES) {
      const state = { name, now: NOON, linksUntil: atHour(1) }
      const expected = fits({ of: 'everybody', state }, stored)
      if (isInState(read, state) !== expected) t.fail(JSON.stringify({ name, fields }))
      if (expected) found.states++
    }
  }
  t.ok(found.texts > 2000, `${found.texts} texts`)
  t.equal(found.states, 4000, 'each in one state')
})
