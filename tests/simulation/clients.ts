import type { KnownPerson } from '../../lib/domain/participants.ts'
import { addParticipant, changeTeleconsultation } from '../../lib/teleconsultations/change.ts'
import { createTeleconsultation } from '../../lib/teleconsultations/create.ts'
import { removeTeleconsultation } from '../../lib/teleconsultations/remove.ts'
import { ended, nameOf, type Entry } from './history.ts'
import type { Random } from './random.ts'
import type { Replica } from './replica.ts'
import { BEGINNING, type Scenario } from './scenario.ts'
import type { Scheduler } from './scheduler.ts'
import type { Watch } from './watch.ts'

const PEOPLE = ['ada', 'bruno', 'carla', 'dario', 'elsa', 'fabio'] as const
/** Of the same person some requests say that he can hold the call, others that he can't. */
const SOMETIMES_PLUS = new Set<string>(['ada', 'elsa'])

/** What comes of an answer that may have been lost on its way to the service; every other code refuses for good. */
const UNKNOWN = new Set(['STORAGE_UNAVAILABLE', 'STORAGE_TIMEOUT', 'STORAGE_BAD_ANSWER'])
const ANSWERS = new Set([
  'IMMUTABLE_PERIOD', 'OPERATION_IN_PROGRESS', 'CONCURRENT_CHANGE', 'TELECONSULTATION_NOT_FOUND', 'UNAUTHORIZED_USER', 'NO_PLUS_USER',
  'DUPLICATE_PARTICIPANT', 'TOO_MANY_PARTICIPANTS', 'INVALID_SPAN', 'PROVIDER_UNAVAILABLE', 'PROVIDER_TIMEOUT', 'PROVIDER_BAD_ANSWER'
])

export interface ClientsOptions {
  scenario: Scenario
  schedule: Scheduler
  random: Random
  history: Entry[]
  watch: Watch
  replicas (): ReadonlyArray<Replica | undefined>
  complain (problem: string): void
}

export interface Clients {
  /** Plans all requests of the run. */
  plan (): void
  /** Asks for one participant's way in: the address, null, or the code of the refusal. */
  ask (entry: Omit<Entry, 'id' | 'replica' | 'beganAt' | 'endedAt' | 'outcome'>, caller: string, replica: Replica): Promise<string | null>
}

export function clients ({ scenario, schedule, random, history, watch, replicas, complain }: ClientsOptions): Clients {
  const ids: Array<string | undefined> = []
  const { latencyMs, horizonMs } = scenario

  const dates = () => {
    const startAt = BEGINNING + random.between(Math.floor(horizonMs / 10), horizonMs * (random.chance(0.5) ? 4 : 1)) + scenario.settings.window.periodMs
    const seconds = 300 + random.between(0, 3)
    return { startAt, endAt: startAt + seconds * 1000, wish: { start_date: new Date(startAt).toISOString(), duration_in_seconds: seconds } }
  }
  const person = (entry: Pick<Entry, 'id'>, externalId: string, plus: boolean): KnownPerson => {
    const privilege = plus ? 'plus' : 'basic'
    return { externalId, groups: [privilege], privilege, fullName: nameOf(entry, externalId) }
  }
  const list = (entry: Entry, complete: number) => {
    const number = random.between(2, 4)
    const known = random.chance(complete) ? number : random.between(1, number - 1)
    const at = random.between(0, PEOPLE.length - 1)
    const chosen = Array.from({ length: known }, (_, i) => PEOPLE[(at + i) % PEOPLE.length] ?? PEOPLE[0])
    const people = chosen.map((externalId, i) => person(entry, externalId, i === 0 || (SOMETIMES_PLUS.has(externalId) && random.chance(0.3))))
    Object.assign(entry, { number, people })
    return { number, people }
  }

  const brokenDown = (error: unknown) => { complain(`the simulation is at fault: ${String(error)}`) }

  const begin = (fields: Pick<Entry, 'kind' | 'teleconsultation' | 'documentId'>, { life, onEnd }: Replica): Entry => {
    const entry: Entry = { ...fields, id: history.length + 1, replica: life.name, beganAt: schedule.now(), endedAt: Infinity, outcome: 'pending' }
    history.push(entry)
    onEnd(() => { ended(entry, 'unknown', schedule.now(), 'CRASH') })
    return entry
  }

  const finish = async <T> (entry: Entry, work: Promise<T>): Promise<T | undefined> => {
    try {
      const result = await work
      ended(entry, 'done', schedule.now())
      schedule.trace(`request ${entry.id} ${entry.kind}: done`)
      return result
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
      ended(entry, UNKNOWN.has(code) ? 'unknown' : 'refused', schedule.now(), code)
      schedule.trace(`request ${entry.id} ${entry.kind}: ${code}`)
      if (!UNKNOWN.has(code) && !ANSWERS.has(code)) complain(`a ${entry.kind} ended with ${code}`)
      // Somebody else finished what this request decided, before it could read that: the document is gone as it was to be.
      if (entry.kind === 'remove' && code === 'TELECONSULTATION_NOT_FOUND') entry.outcome = 'unknown'
      judge(entry, code)
      return undefined
    }
  }

  const judge = ({ id, kind, documentId, beganAt, endedAt }: Entry, code: string) => {
    if (code === 'TELECONSULTATION_NOT_FOUND' && !history.some((other) => other.kind === 'remove' && other.documentId === documentId && (other.id !== id || watch.isGone(documentId ?? '')))) {
      complain(`${documentId} was acknowledged and not found`)
    }
    // Nobody but a reconciler knows of it, and that one has to wait for the lease.
    if (kind === 'create' && code === 'CONCURRENT_CHANGE' && endedAt - beganAt < scenario.settings.leaseMs - 2 * scenario.skewMs) {
      complain('a booking was taken away within its lease')
    }
  }

  const request = async (teleconsultation: number, kind: Entry['kind']): Promise<unknown> => {
    const alive = replicas().filter((replica) => replica !== undefined)
    const [first, ...others] = alive
    if (first === undefined) return undefined
    const replica = random.pick([first, ...others])
    const documentId = ids[teleconsultation]
    if ((documentId === undefined) !== (kind === 'create')) return undefined
    const { ports, context } = replica
    const entry = begin({ kind, teleconsultation, documentId }, replica)
    const id = documentId ?? ''
    switch (kind) {
      case 'create': {
        const { wish, ...when } = dates()
        const wanted = list(entry, 0.5)
        Object.assign(entry, when)
        return await finish(entry, createTeleconsultation(ports, async () => wanted, wish, context).then((created) => {
          entry.documentId = created.id
          ids[teleconsultation] ??= created.id
        }))
      }
      case 'change': {
        const what = random.pick(['dates', 'people', 'both'] as const)
        const { wish, ...when } = dates()
        const wanted = what === 'dates' ? undefined : list(entry, 0.75)
        if (what !== 'people') Object.assign(entry, when)
        return await finish(entry, changeTeleconsultation(ports, id, wanted === undefined ? undefined : async () => wanted, what === 'people' ? {} : wish, context))
      }
      case 'add': {
        const added = person(entry, random.pick(PEOPLE), random.chance(0.3))
        entry.people = [added]
        return await finish(entry, addParticipant(ports, id, added, context))
      }
      case 'remove':
        return await finish(entry, removeTeleconsultation(ports, id, context))
      case 'access':
        return await askFor(entry, random.pick([...PEOPLE, 'outsider']), replica)
    }
  }

  const askFor = async (entry: Entry, caller: string, { access, context }: Replica): Promise<string | null> => {
    const view = await finish(entry, access.giveAccess(entry.documentId ?? '', caller, {}, context))
    if (view === undefined) return `refused with ${entry.code ?? ''}`
    if (view.participant.userExternalId !== caller) complain(`${caller} was taken for somebody else`)
    if (view.access !== null) watch.linkGiven(entry, caller, view.access.url, schedule.now())
    return view.access?.url ?? null
  }

  return {
    plan () {
      for (let teleconsultation = 0; teleconsultation < scenario.documents; teleconsultation++) {
        const bookedMs = random.around(latencyMs * 2)
        // A client whose booking failed books again.
        for (const delayMs of [0, horizonMs / 8, horizonMs / 4]) schedule.after(bookedMs + delayMs, () => { request(teleconsultation, 'create').catch(brokenDown) })
      }
      let at = latencyMs * 10
      for (let i = 0; i < scenario.operations; i++) {
        // Bursts: what comes together collides.
        at = random.chance(0.65) ? at + random.around(latencyMs) : random.between(latencyMs * 5, horizonMs)
        const kind = random.pick(['change', 'change', 'change', 'add', 'add', 'add', 'access', 'access', 'access', 'access', 'remove'] as const)
        const teleconsultation = random.between(0, scenario.documents - 1)
        schedule.after(at, () => { request(teleconsultation, kind).catch(brokenDown) })
      }
    },
    ask: (fields, caller, replica) => askFor(begin(fields, replica), caller, replica)
  }
}
