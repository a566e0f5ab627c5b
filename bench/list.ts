/**
 * Prints what a page of a long list costs in the embedded storage and in `GET /sessions` of the whole service above it, and what
 * inserting costs: `node bench/list.ts [sessions] [none]`. Names and titles are encrypted, but for `none`.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { SignJWT } from 'jose'
import { Pool } from 'undici'
import { fieldCipher } from '../lib/privacy/field-cipher.ts'
import { documentCipher } from '../lib/privacy/protected-fields.ts'
import { TELECONSULTATIONS } from '../lib/storage/collections.ts'
import { startEmbeddedCrud } from '../lib/storage/embedded/server.ts'
import { PERSONAL_IN_TELECONSULTATIONS } from '../lib/storage/protected-collection.ts'
import { startServer, type ServerProcess } from './processes.ts'

const SESSIONS = Number(process.argv[2] ?? 100_000)
const KEY = Buffer.alloc(32, 7)
const [CIPHER, PII_ENCRYPTION_KEYS] = process.argv[3] === 'none' ? [fieldCipher({ keys: [] }), 'none'] : [fieldCipher({ keys: [{ id: 'bench', key: KEY }] }), `bench:${KEY.toString('base64')}`]
const documents = documentCipher(PERSONAL_IN_TELECONSULTATIONS, CIPHER)
const PEOPLE = 2_000
const BULK = 500
const SINGLE = 1_000
const PAGE = 26
const ROUNDS = 15
const QUARTER_MS = 15 * 60 * 1000
// Half of them are over.
const FIRST_START = Date.now() - SESSIONS / 2 * QUARTER_MS

/** Numbers below a limit that look random and are the same in every run. */
function numbers (seed: number): (limit: number) => number {
  let state = seed
  return (limit) => {
    state = (state * 48271) % 2147483647
    return state % limit
  }
}

const below = numbers(7)
const person = (number: number) => `person-${number.toString().padStart(6, '0')}`

const participant = (id: string) => ({
  userBandyerId: `usr_${id}`,
  userExternalId: id,
  accessLinkURL: null,
  privilege: 'basic',
  fullName: `Example ${id}`,
  groups: ['patient'],
  language: 'it'
})

function session (number: number) {
  const people = [...new Set(Array.from({ length: 2 + below(2) }, () => person(below(PEOPLE))))]
  const start = FIRST_START + below(SESSIONS) * QUARTER_MS
  return documents.sealed({
    bandyerRoomId: '',
    participants: people.map(participant),
    participantsNumber: people.length,
    startDate: new Date(start).toISOString(),
    endDate: new Date(start + QUARTER_MS).toISOString(),
    duration: QUARTER_MS / 1000,
    teleconsultationState: 'READY',
    revision: 1,
    service: {
      phase: 'READY',
      sealed: false,
      epoch: 0,
      applied: [`operation-${number}`],
      garbage: [],
      provider: 'embedded',
      idempotency: { key: `key-${number}`, fingerprint: 'f', at: FIRST_START },
      session: {
        owner: person(below(PEOPLE)),
        organisation: number % 2 === 0 ? 'large' : `small-${below(500)}`,
        kind: 'televisit',
        title: `Control number ${number}`,
        types: ['cardiology'],
        timeZone: 'Europe/Rome'
      }
    }
  })
}

interface Row { _id: string, startDate: string }

const folder = mkdtempSync(join(tmpdir(), 'list-bench-'))
process.on('exit', () => { rmSync(folder, { recursive: true, force: true, maxRetries: 3 }) })
const file = join(folder, 'teleconsultations.sqlite')
const open = () => startEmbeddedCrud({ file, collections: [TELECONSULTATIONS], userIdHeaderKey: 'miauserid', clock: () => new Date() })
let crud = await open()
let pool = new Pool(crud.origin)

async function call (method: 'GET' | 'POST', path: string, body?: object): Promise<unknown> {
  const answer = await pool.request({ method, path: `/teleconsultations${path}`, ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }) })
  const text = await answer.body.text()
  if (answer.statusCode !== 200) throw new Error(`${method} answered ${answer.statusCode}: ${text}`)
  return JSON.parse(text)
}

async function timed<T> (work: () => Promise<T>): Promise<[number, T]> {
  const from = performance.now()
  const result = await work()
  return [performance.now() - from, result]
}

async function milliseconds (work: () => Promise<unknown>): Promise<string> {
  const taken: number[] = []
  for (let round = 0; round < ROUNDS; round++) taken.push((await timed(work))[0])
  taken.sort((a, b) => a - b)
  return `${taken[Math.floor(ROUNDS / 2)]?.toFixed(1)} (${taken.at(-1)?.toFixed(1)} at most)`
}

const list = (path: string, parameters: Record<string, string>) => call('GET', `${path}?${new URLSearchParams(parameters)}`)

/** The first page, or the one behind a session. */
const page = (key: object, after?: Row): Promise<unknown> => list('/', {
  _q: JSON.stringify(after === undefined
    ? key
    : { ...key, $and: [{ startDate: { $gte: after.startDate } }, { $or: [{ startDate: { $gt: after.startDate } }, { _id: { $gt: after._id } }] }] }),
  _s: 'startDate,_id',
  _l: String(PAGE)
})

/** All rows of a list in order, read page by page as a client does. */
async function allOf (key: object): Promise<Row[]> {
  const rows: Row[] = []
  for (;;) {
    const more = await page(key, rows.at(-1)) as Row[]
    rows.push(...more)
    if (more.length < PAGE) return rows
  }
}

const bulks = Array.from({ length: Math.ceil(SESSIONS / BULK) }, (_, bulk) => Array.from({ length: Math.min(BULK, SESSIONS - bulk * BULK) }, (__, index) => session(bulk * BULK + index)))
const [bulkMs] = await timed(async () => { for (const bulk of bulks) await call('POST', '/bulk', bulk) })
const [singleMs] = await timed(async () => { for (let number = 0; number < SINGLE; number++) await call('POST', '/', session(SESSIONS + number)) })
console.log(`insert: ${Math.round(SESSIONS / bulkMs * 1000)}/s in bulks of ${BULK}, ${Math.round(SINGLE / singleMs * 1000)}/s one after the other`)

await pool.close()
await crud.close()
const [startMs] = await timed(async () => { crud = await open() })
pool = new Pool(crud.origin)
console.log(`start on a file of ${SESSIONS + SINGLE}: ${startMs.toFixed(0)} ms`)

for (const [name, key] of [
  ['person', { 'participants.userExternalId': person(1) }],
  ['owner', { 'service.session.owner': person(1) }],
  ['organisation', { 'service.session.organisation': 'large' }],
  ['everybody', {}]
] as const) {
  const rows = await allOf(key)
  const middle = rows[Math.floor(rows.length / 2)]
  const last = rows[Math.max(rows.length - PAGE - 1, 0)]
  console.log(`${name}, ${rows.length} sessions: first page ${await milliseconds(() => page(key))} ms, middle ${await milliseconds(() => page(key, middle))} ms, last ${await milliseconds(() => page(key, last))} ms, count ${await milliseconds(() => list('/count', { _q: JSON.stringify(key) }))} ms`)
}
await pool.close()
await crud.close()

const SECRET = 'only for this measurement, and long enough'
const service = await startServer({
  name: 'the service',
  command: () => [fileURLToPath(new URL('../index.ts', import.meta.url))],
  environment: (port) => ({ HTTP_PORT: String(port), HTTP_HOST: '127.0.0.1', DATA_PATH: folder, TOKEN_SECRET: SECRET, PII_ENCRYPTION_KEYS, LOG_LEVEL: 'error' }),
  readyPath: '/-/ready'
})

interface SessionPage { sessions: Array<{ id: string }>, next: string | null, counts?: object }

async function sessionsOf ({ origin }: ServerProcess, claims: { sub: string, organisation: string, roles: string[] }) {
  const token = await new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).setExpirationTime('1h').sign(new TextEncoder().encode(SECRET))
  const connection = new Pool(origin, { connections: 1 })
  const ask = async (parameters: Record<string, string> = {}): Promise<SessionPage> => {
    const answer = await connection.request({ method: 'GET', path: `/sessions?${new URLSearchParams(parameters)}`, headers: { authorization: `Bearer ${token}` } })
    const text = await answer.body.text()
    if (answer.statusCode !== 200) throw new Error(`GET /sessions answered ${answer.statusCode}: ${text}`)
    return JSON.parse(text) as SessionPage
  }
  /** The cursors of all pages but the first. */
  const walk = async () => {
    const cursors: string[] = []
    for (let next: string | null = null; ;) {
      const { next: following } = await ask({ fields: 'id', ...next === null ? {} : { cursor: next } })
      if (following === null) return cursors
      cursors.push(following)
      next = following
    }
  }
  return { ask, walk, close: () => connection.close() }
}

/** How long the service answers nobody else while it works: the longest of many small requests, sent one after the other. */
async function longestPause ({ origin }: ServerProcess, work: () => Promise<unknown>): Promise<number> {
  const connection = new Pool(origin, { connections: 1 })
  const signal = { isOver: false }
  const watching = (async () => {
    let longest = 0
    while (!signal.isOver) {
      const [taken] = await timed(async () => await (await connection.request({ method: 'GET', path: '/-/healthz' })).body.dump())
      longest = Math.max(longest, taken)
      await wait(1)
    }
    return longest
  })()
  await work()
  signal.isOver = true
  const longest = await watching
  await connection.close()
  return longest
}

for (const [name, claims] of [
  ['a member', { sub: person(1), organisation: 'large', roles: ['STANDARD'] }],
  ['an administrator', { sub: 'administrator', organisation: 'large', roles: ['ADMIN'] }]
] as const) {
  const { ask, walk, close } = await sessionsOf(service, { ...claims, roles: [...claims.roles] })
  const cursors = await walk()
  const at = (share: number): Record<string, string> => {
    const cursor = cursors[Math.floor((cursors.length - 1) * share)]
    return cursor === undefined ? {} : { cursor }
  }
  console.log(`GET /sessions of ${name}, ${cursors.length + 1} pages: first page ${await milliseconds(() => ask())} ms, the latest first ${await milliseconds(() => ask({ sort: '-startAt' }))} ms, middle ${await milliseconds(() => ask(at(0.5)))} ms, last ${await milliseconds(() => ask(at(1)))} ms`)
  for (const parameters of [{ state: 'planned' }, { state: 'open' }, { state: 'ended', sort: '-startAt' }, { text: 'that no session holds' }, { text: 'number 1999' }, { text: 'that no session holds', counts: 'true' }, { counts: 'true' }]) {
    const [taken, pauseMs] = await timed(async () => await longestPause(service, async () => { await ask(parameters) }))
    console.log(`  ${new URLSearchParams(parameters)}: ${taken.toFixed(0)} ms, others waited up to ${pauseMs.toFixed(0)} ms`)
  }
  await close()
}
await service.stop()
