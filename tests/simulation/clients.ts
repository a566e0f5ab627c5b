import { entityTagOf } from '../../lib/domain/entity-tag.ts'
import type { KnownPerson } from '../../lib/domain/participants.ts'
import type { Content } from '../../lib/domain/teleconsultation.ts'
import { addParticipant, changeTeleconsultation } from '../../lib/teleconsultations/change.ts'
import { createTeleconsultation } from '../../lib/teleconsultations/create.ts'
import { removeTeleconsultation } from '../../lib/teleconsultations/remove.ts'
import { described } from '../../lib/teleconsultations/describe-session.ts'
import { contentOf, isOfSession, nameOf, type Entry, type SessionKind } from './history.ts'
import type { Random } from './random.ts'
import { repetitions } from './repetitions.ts'
import type { Replica } from './replica.ts'
import { requests } from './requests.ts'
import { SESSION_WISHES, sessionRequests, titleBy } from './session-requests.ts'
import { BEGINNING, type Scenario } from './scenario.ts'
import type { Scheduler } from './scheduler.ts'
import type { Watch } from './watch.ts'

const PEOPLE = ['ada', 'bruno', 'carla', 'dario', 'elsa', 'fabio'] as const
/** Of the same person some requests say that he can hold the call, others that he can't. */
const SOMETIMES_PLUS = new Set<string>(['ada', 'elsa'])

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
  /** The same a day later, when every key may be used for something new. */
  planNextDay (): void
  /** Asks for one participant's way in: the address, null, or the code of the refusal. */
  ask (documentId: string, caller: string, replica: Replica): Promise<string | null>
  /** Sends every request of the day that had a key once more, one after the other, and expects what is due then. */
  repeatAll (replica: () => Replica | undefined): Promise<void>
}

export function clients ({ scenario, schedule, random, history, watch, replicas, complain }: ClientsOptions): Clients {
  const ids: Array<string | undefined> = []
  /** What clients were told of each: its entity tags, and what they stand for. */
  const told: Array<Array<{ tag: string, content: string }>> = []
  const { latencyMs, horizonMs } = scenario
  const { begin, send } = requests({ scenario, schedule, history, watch, complain })
  const repeating = repetitions({ scenario, schedule, replicas, complain })
  let day = 1

  const dates = () => {
    const startAt = BEGINNING + random.between(Math.floor(horizonMs / 10), horizonMs * (random.chance(scenario.settings.window.skewMs < scenario.skewMs ? 0 : 0.5) ? 4 : 1)) + scenario.settings.window.periodMs
    const seconds = 300 + random.between(0, 3)
    return { startAt, endAt: startAt + seconds * 1000, wish: { start_date: new Date(startAt).toISOString(), duration_in_seconds: seconds } }
  }
  const person = (entry: Pick<Entry, 'id'>, externalId: string, plus: boolean): KnownPerson => {
    const privilege = plus ? 'plus' : 'basic'
    return { externalId, groups: [privilege], privilege, fullName: nameOf(entry, externalId) }
  }
  const choice = () => random.chance(scenario.choosing) ? { videoProvider: random.pick(scenario.providers) } : {}
  const list = (entry: Entry, complete: number) => {
    const number = random.between(2, 4)
    const known = random.chance(complete) ? number : random.between(1, number - 1)
    const at = random.between(0, PEOPLE.length - 1)
    const chosen = Array.from({ length: known }, (_, i) => PEOPLE[(at + i) % PEOPLE.length] ?? PEOPLE[0])
    const people = chosen.map((externalId, i) => person(entry, externalId, i === 0 || (SOMETIMES_PLUS.has(externalId) && random.chance(0.3))))
    Object.assign(entry, { number, people })
    return { number, people }
  }

  const learn = (entry: Entry, documentId: string, content: Content) => {
    const known = told[entry.teleconsultation] ??= []
    const { number, startAt, endAt, participants } = content
    const text = contentOf(number, startAt.getTime(), endAt.getTime(), participants)
    const tag = entityTagOf(content)
    if (known.at(-1)?.tag !== tag) known.push({ tag, content: text })
    if (watch.had(documentId, text, 0, Infinity) === 'never') complain(`request ${entry.id} was told a content that ${documentId} never had`)
  }
  /** An If-Match: mostly the latest that is known, or an older one. */
  const condition = (entry: Entry, { precondition }: Replica) => {
    const known = told[entry.teleconsultation] ?? []
    const chosen = random.chance(0.7) ? known.at(-1) : known[random.between(0, Math.max(0, known.length - 2))]
    if (chosen === undefined || !random.chance(scenario.conditional)) return undefined
    entry.seen = chosen.content
    return precondition(random.chance(0.2) ? `"another", ${chosen.tag}` : chosen.tag)
  }

  const knownIn = (documentId: string) => history.findLast((entry) => entry.documentId === documentId && entry.number !== undefined)?.people?.map(({ externalId }) => externalId) ?? []
  const askOfSession = sessionRequests({ random, people: PEOPLE, knownIn, send, personOf: person, condition })
  /** What is said about a teleconsultation that is a session as well. */
  const titled = (entry: Entry) => {
    if (scenario.layout === 'official' || !random.chance(scenario.sessions)) return undefined
    entry.title = titleBy(entry)
    return { title: entry.title }
  }

  const brokenDown = (error: unknown) => { complain(`the simulation is at fault: ${String(error)}`) }
  const anyReplica = (): Replica | undefined => {
    const [first, ...others] = replicas().filter((replica) => replica !== undefined)
    return first === undefined ? undefined : random.pick([first, ...others])
  }

  /** Of a booking or an addition: how it is sent, once or again. */
  const booking = (entry: Entry) => {
    const { wish: dated, ...when } = dates()
    const wish = { ...dated, ...choice() }
    const wanted = list(entry, 0.5)
    Object.assign(entry, when)
    const session = titled(entry)
    return async (replica: Replica) => {
      const { ports, context, once, requestKey } = replica
      const key = entry.key === undefined ? undefined : requestKey(wireKey(entry.key), `body ${entry.id}`)
      return await send(entry, replica, async () => await once.run(key, async () => await createTeleconsultation(ports, async () => wanted, wish, context, key, session)), (created) => {
        watch.booked(entry, created.id)
        entry.documentId = created.id
        ids[entry.teleconsultation] ??= created.id
        if (ids[entry.teleconsultation] === created.id) learn(entry, created.id, created.content)
      })
    }
  }
  const addition = (entry: Entry) => {
    const added = person(entry, random.pick(PEOPLE), random.chance(0.3))
    entry.people = [added]
    return async (replica: Replica) => {
      const { ports, context, once, requestKey } = replica
      const key = entry.key === undefined ? undefined : requestKey(wireKey(entry.key), `body ${entry.id}`)
      return await send(entry, replica, async () => { await once.run(key, async () => { await addParticipant(ports, entry.documentId ?? '', added, context, key) }) })
    }
  }

  /** @param key of an earlier request, for another body */
  const keyed = (fields: Pick<Entry, 'kind' | 'teleconsultation' | 'documentId'>, key?: string) => {
    const entry = begin(fields)
    if (key !== undefined || random.chance(scenario.keyed)) entry.key = key ?? `key ${entry.id} of day ${day}`
    return { entry, sending: entry.kind === 'create' ? booking(entry) : addition(entry) }
  }

  const request = async (teleconsultation: number, kind: Entry['kind']): Promise<unknown> => {
    const replica = anyReplica()
    if (replica === undefined) return undefined
    const documentId = ids[teleconsultation]
    if ((documentId === undefined) !== (kind === 'create')) return undefined
    const { ports, context } = replica
    const id = documentId ?? ''
    const fields = { kind, teleconsultation, documentId }
    if (kind === 'create' || kind === 'add') {
      const { entry, sending } = keyed(fields)
      if (entry.key === undefined) return await sending(replica)
      const other = random.chance(0.2) ? keyed(fields, entry.key) : undefined
      return await repeating.insist(entry, sending, replica, random.fork(), other)
    }
    const entry = begin(fields)
    if (isAboutSession(entry)) return await askOfSession(entry, replica)
    switch (kind) {
      case 'change': {
        const what = random.pick(['dates', 'people', 'both'] as const)
        const { wish, ...when } = dates()
        const wanted = what === 'dates' ? undefined : list(entry, 0.75)
        if (what !== 'people') Object.assign(entry, when)
        const wishes = titled(entry)
        const precondition = condition(entry, replica)
        return await send(entry, replica, async () => await changeTeleconsultation(ports, id, wanted === undefined ? undefined : async () => wanted, { ...what === 'people' ? {} : wish, ...choice() }, context, precondition, wishes === undefined ? undefined : (before) => described(before, wishes)), ({ content }) => {
          learn(entry, id, content)
        })
      }
      case 'remove': {
        const precondition = condition(entry, replica)
        return await send(entry, replica, async () => { await removeTeleconsultation(ports, id, context, precondition) })
      }
      case 'access':
        return await askFor(entry, random.pick([...PEOPLE, 'outsider']), replica)
    }
  }

  const askFor = async (entry: Entry, caller: string, replica: Replica): Promise<string | null> => {
    const documentId = entry.documentId ?? ''
    const view = await send(entry, replica, async () => await replica.access.giveAccess(documentId, caller, {}, replica.context))
    if (view === undefined) return `refused with ${entry.code ?? ''}`
    if (view.participant.userExternalId !== caller) complain(`${caller} was taken for somebody else`)
    if (view.access !== null) watch.linkGiven(entry, caller, view.access.url, schedule.now())
    if (entry.teleconsultation >= 0) learn(entry, documentId, view.document.content)
    return view.access?.url ?? null
  }

  const planOthers = (operations: number) => {
    let at = latencyMs * 10
    for (let i = 0; i < operations; i++) {
      // Bursts: what comes together collides.
      at = random.chance(0.65) ? at + random.around(latencyMs) : random.between(latencyMs * 5, horizonMs)
      const kind = random.chance(scenario.sessions) ? random.pick(SESSION_WISHES) : random.pick(['change', 'change', 'change', 'add', 'add', 'add', 'access', 'access', 'access', 'access', 'remove'] as const)
      const teleconsultation = random.between(0, scenario.documents - 1)
      schedule.after(at, () => { request(teleconsultation, kind).catch(brokenDown) })
    }
  }

  return {
    plan () {
      for (let teleconsultation = 0; teleconsultation < scenario.documents; teleconsultation++) {
        const bookedMs = random.around(latencyMs * 2)
        // A client whose booking failed books again.
        for (const delayMs of [0, horizonMs / 8, horizonMs / 4]) schedule.after(bookedMs + delayMs, () => { request(teleconsultation, 'create').catch(brokenDown) })
      }
      planOthers(scenario.operations)
    },

    planNextDay () {
      day++
      repeating.forget()
      const used = new Map(history.filter(({ key }) => key !== undefined).map(({ key, kind, teleconsultation, documentId }) => [key ?? '', { kind, teleconsultation, documentId }]))
      for (const [key, fields] of used) {
        schedule.after(random.between(0, latencyMs * 20), () => {
          const replica = anyReplica()
          if (replica === undefined) return
          const { entry, sending } = keyed({ ...fields, documentId: fields.kind === 'create' ? undefined : fields.documentId }, `${withoutDay(key)} of day ${day}`)
          repeating.insist(entry, sending, replica, random.fork(), undefined).catch(brokenDown)
        })
      }
      planOthers(Math.ceil(scenario.operations / 2))
    },

    ask: (documentId, caller, replica) => askFor(begin({ kind: 'access', teleconsultation: -1, documentId }), caller, replica),
    repeatAll: repeating.repeatAll
  }
}

const isAboutSession = (entry: Entry): entry is Entry & { kind: SessionKind } => isOfSession(entry)

const withoutDay = (key: string) => key.replace(/ of day .*/, '')
/** What stands in the header: the same on every day. */
const wireKey = (key: string) => withoutDay(key).replace(' ', '-')
