/** Prints what a page of a long list costs in the embedded storage, and what inserting costs: `node bench/list.ts [sessions]`. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { Pool } from 'undici'
import { TELECONSULTATIONS } from '../lib/storage/collections.ts'
import { startEmbeddedCrud } from '../lib/storage/embedded/server.ts'

const SESSIONS = Number(process.argv[2] ?? 100_000)
const PEOPLE = 2_000
const BULK = 500
const SINGLE = 1_000
const PAGE = 26
const ROUNDS = 15
const FIRST_START = Date.parse('2030-01-01T00:00:00.000Z')
const QUARTER_MS = 15 * 60 * 1000

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
  privilege: 'basic',
  fullName: `Example ${id}`,
  groups: ['patient'],
  language: 'it',
  teleconsultationLink: `https://example.org/direct-rtc/room/${id}?t=${'x'.repeat(120)}`
})

function session (number: number) {
  const people = Array.from({ length: 2 + below(2) }, () => person(below(PEOPLE)))
  const start = FIRST_START + below(SESSIONS) * QUARTER_MS
  return {
    bandyerRoomId: `room_${number}`,
    participants: people.map(participant),
    participantsNumber: people.length,
    startDate: new Date(start).toISOString(),
    endDate: new Date(start + QUARTER_MS).toISOString(),
    teleconsultationState: 'READY',
    revision: 1,
    service: {
      phase: 'READY',
      idempotency: { key: `key-${number}` },
      applied: [`operation-${number}`],
      session: { owner: person(below(PEOPLE)), organisation: number % 2 === 0 ? 'large' : `small-${below(500)}` }
    }
  }
}

interface Row { _id: string, startDate: string }

const folder = mkdtempSync(join(tmpdir(), 'list-bench-'))
const file = join(folder, 'storage.sqlite')
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
rmSync(folder, { recursive: true })
