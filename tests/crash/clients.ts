import { setTimeout as after } from 'node:timers/promises'
import { ended, nameOf, type Entry } from '../simulation/history.ts'
import type { Random } from '../simulation/random.ts'
import type { Layout } from '../../lib/storage/stored-teleconsultation.ts'
import { DESK, OUTSIDER, PEOPLE, wantedList, type Wanted } from './people.ts'
import type { Replica } from './processes.ts'
import { judge, send, type Answer, type Sending } from './send.ts'
import type { Violation } from './verdict.ts'

/** Where a key books once whatever happens: docs/correctness.md says what is weaker without the index. */
const KEYED_LAYOUTS: readonly Layout[] = ['declared', 'official']

/** A link that somebody was given. */
export interface GivenLink {
  documentId: string
  caller: string
  url: string
  beganAt: number
  givenAt: number
}

/** What the clients know in the end. */
export interface Records {
  history: Entry[]
  links: GivenLink[]
  /** What they noticed themselves. */
  noticed: Violation[]
}

export interface ClientsOptions {
  random: Random
  layout: Layout
  replicas: readonly Replica[]
  operations: number
  /** How many of them ask at once. */
  clients: number
  /** Called as each operation begins. */
  began (): void
}

export interface Clients extends Records {
  /** All operations, until the last is answered or given up. */
  work (): Promise<void>
  /** Asks for one way in, again while the service cannot tell, or gives no link that is due; the last answer. */
  open (documentId: string, caller: string, due: boolean): Promise<Answer>
}

const KINDS = ['create', 'create', 'create', 'create', 'create', 'change', 'change', 'change', 'change', 'add', 'add', 'add', 'access', 'access', 'access', 'access', 'remove'] as const
const HOUR_MS = 3_600_000
const KEYED_ATTEMPTS = 8
const ATTEMPTS_IN_THE_END = 20

export const hasNoLink = ({ text }: Answer) => text.includes('"accessLinkURL":null')

export function clients ({ random, layout, replicas, operations, clients: many, began }: ClientsOptions): Clients {
  const history: Entry[] = []
  const links: GivenLink[] = []
  const noticed: Violation[] = []
  const known: string[] = []
  let left = operations

  const begin = (kind: Entry['kind'], documentId: string | undefined): Entry => {
    const entry: Entry = { id: history.length + 1, kind, teleconsultation: -1, documentId, replica: '', beganAt: Date.now(), endedAt: Infinity, outcome: 'pending' }
    history.push(entry)
    return entry
  }

  const end = (entry: Entry, answer: Answer) => {
    const { outcome, code, unexpected } = judge(answer)
    // Somebody else finished what an earlier attempt of this request decided: it is gone as it was to be.
    ended(entry, entry.kind === 'remove' && code === 'TELECONSULTATION_NOT_FOUND' ? 'unknown' : outcome, Date.now(), code)
    if (unexpected) noticed.push({ kind: 'unexpected', what: `${entry.kind} of ${entry.documentId ?? 'nothing yet'} ended with ${code}` })
    if (code === 'TELECONSULTATION_NOT_FOUND' && !history.some(({ id, kind, documentId }) => kind === 'remove' && documentId === entry.documentId && id !== entry.id)) {
      noticed.push({ kind: 'lost', what: `${entry.documentId ?? ''} was acknowledged and not found` })
    }
    if (outcome !== 'done' && /canary|rest-call-handler/.test(answer.text)) noticed.push({ kind: 'leaked', what: `the refusal ${code} holds a name, an id or a link` })
  }

  /** Whichever replica is there; while none is, it waits. */
  const sendToAny = async (draw: Random, sending: Sending): Promise<Answer> => {
    let up = replicas.filter((replica) => replica.origin() !== undefined)
    if (up.length === 0) {
      await Promise.race(replicas.map((replica) => replica.up()))
      up = replicas.filter((replica) => replica.origin() !== undefined)
    }
    const origin = up[draw.between(0, up.length - 1)]?.origin()
    return origin === undefined ? { status: 'not sent', text: '', code: undefined } : await send(origin, sending)
  }

  const dates = (draw: Random) => {
    const inMs = draw.chance(0.15) ? -60_000 : draw.chance(0.4) ? draw.between(200, 5000) : draw.between(HOUR_MS, 48 * HOUR_MS)
    const startAt = Date.now() + inMs
    const seconds = 300 + draw.between(0, 3)
    return { startAt, endAt: startAt + seconds * 1000, wish: { start_date: new Date(startAt).toISOString(), duration_in_seconds: seconds } }
  }
  const described = (entry: Entry, { externalId, privilege }: Wanted) =>
    ({ userExternalId: externalId, groups: [privilege === 'plus' ? 'doctor' : 'patient'], fullName: nameOf(entry, externalId) })
  const list = (draw: Random, entry: Entry, complete: number) => {
    const { number, people } = wantedList(draw, complete)
    Object.assign(entry, { number, people })
    return { number, data: people.map((one) => described(entry, one)) }
  }

  const create = async (draw: Random) => {
    const entry = begin('create', undefined)
    const { wish, ...when } = dates(draw)
    Object.assign(entry, when)
    const booking: Sending = { method: 'POST', path: '/teleconsultation', caller: DESK, body: { participants: list(draw, entry, 0.6), ...wish } }
    const keyed = KEYED_LAYOUTS.includes(layout) && draw.chance(0.5)
    const answer = keyed ? await bookWithKey(draw, entry, booking) : await sendToAny(draw, booking)
    if (answer.status === 201) {
      entry.documentId = (JSON.parse(answer.text) as { roomId: string }).roomId
      known.push(entry.documentId)
    }
    end(entry, answer)
  }

  /** Sends it until something is known, and then perhaps once more. The worst that any attempt may have left behind is what the whole ends with. */
  const bookWithKey = async (draw: Random, entry: Entry, booking: Sending): Promise<Answer> => {
    const keyed: Sending = { ...booking, idempotencyKey: `booking-${entry.id}-${entry.beganAt}` }
    let unknown: Answer | undefined
    for (let attempt = 0; attempt < KEYED_ATTEMPTS; attempt++) {
      const answer = await sendToAny(draw, keyed)
      if (answer.status === 201) {
        await repeat(draw, entry, keyed, answer)
        return answer
      }
      if (judge(answer).outcome === 'unknown') unknown = answer
      else if (answer.status !== 409 && answer.status !== 'not sent' && typeof answer.status === 'number' && answer.status < 500) return unknown ?? answer
      await after(draw.between(50, 400))
    }
    return unknown ?? { status: 'not sent', text: '', code: undefined }
  }

  const repeat = async (draw: Random, entry: Entry, keyed: Sending, first: Answer) => {
    if (draw.chance(0.5)) return
    const again = await sendToAny(draw, keyed)
    if (again.status === 201 && again.text !== first.text) noticed.push({ kind: 'duplicated', what: `request ${entry.id} and its repetition were answered with two bookings` })
    const other = await sendToAny(draw, { ...keyed, body: { ...keyed.body, ...dates(draw).wish } })
    if (other.status === 201) noticed.push({ kind: 'duplicated', what: `another booking was taken under the key of request ${entry.id}` })
  }

  const change = async (draw: Random, documentId: string) => {
    const entry = begin('change', documentId)
    const what = draw.pick(['dates', 'people', 'both'] as const)
    const { wish, ...when } = dates(draw)
    const participants = what === 'dates' ? undefined : list(draw, entry, 0.75)
    if (what !== 'people') Object.assign(entry, when)
    const body = { ...(participants === undefined ? {} : { participants }), ...(what === 'people' ? {} : wish) }
    end(entry, await sendToAny(draw, { method: 'PATCH', path: `/teleconsultation/${documentId}`, body }))
  }

  const add = async (draw: Random, documentId: string) => {
    const entry = begin('add', documentId)
    const added: Wanted = { externalId: draw.pick(PEOPLE), privilege: draw.chance(0.3) ? 'plus' : 'basic' }
    entry.people = [added]
    end(entry, await sendToAny(draw, { method: 'POST', path: `/teleconsultation/${documentId}/participants/data`, body: described(entry, added) }))
  }

  const access = async (draw: Random, documentId: string, caller: string): Promise<Answer> => {
    const entry = begin('access', documentId)
    const answer = await sendToAny(draw, { method: 'GET', path: `/teleconsultation/${documentId}`, caller })
    end(entry, answer)
    if (entry.outcome !== 'done') return answer
    if (caller === OUTSIDER) noticed.push({ kind: 'leaked', what: `an outsider was let into ${documentId}` })
    const { accessLinkURL: url } = JSON.parse(answer.text) as { accessLinkURL: string | null }
    if (answer.text.split('rest-call-handler').length > (url === null ? 1 : 2)) noticed.push({ kind: 'leaked', what: `an answer of ${documentId} holds more than one link` })
    if (url !== null) links.push({ documentId, caller, url, beganAt: entry.beganAt, givenAt: entry.endedAt })
    return answer
  }

  const remove = async (draw: Random, documentId: string) => {
    const entry = begin('remove', documentId)
    end(entry, await sendToAny(draw, { method: 'DELETE', path: `/teleconsultation/${documentId}` }))
  }

  const operate = async (draw: Random) => {
    const kind = known.length < 3 ? 'create' : draw.pick(KINDS)
    // The youngest are asked for most: what comes together collides.
    const at = draw.chance(0.7) ? draw.between(Math.max(0, known.length - 4), known.length - 1) : draw.between(0, known.length - 1)
    const id = known[at] ?? ''
    if (kind === 'create') await create(draw)
    else if (kind === 'change') await change(draw, id)
    else if (kind === 'add') await add(draw, id)
    else if (kind === 'access') await access(draw, id, draw.pick([...PEOPLE, OUTSIDER]))
    else await remove(draw, id)
  }

  const client = async (draw: Random) => {
    while (left > 0) {
      left--
      began()
      await operate(draw)
      await after(draw.between(0, 30))
    }
  }

  return {
    history,
    links,
    noticed,
    async work () {
      await Promise.all(Array.from({ length: many }, () => client(random.fork())))
    },
    async open (documentId, caller, due) {
      for (let attempt = 0; ; attempt++) {
        const answer = await access(random, documentId, caller)
        const answered = typeof answer.status === 'number' && answer.status < 500
        // Null: another replica is making the room, and whoever asks asks again.
        if (attempt >= ATTEMPTS_IN_THE_END || (answered && !(due && hasNoLink(answer)))) return answer
        await after(200)
      }
    }
  }
}
