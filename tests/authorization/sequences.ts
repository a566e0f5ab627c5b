import type { InjectOptions } from 'fastify'
import { PERMISSION_NAMES, type PermissionName, type RoleName } from '../../schemas/permissions.ts'
import type { Found } from '../../lib/identity/actor.ts'
import { after, NOON } from '../support/service.ts'
import { randomOf, type Random } from '../simulation/random.ts'
import { DEFAULTS, guardedSessions, type GuardedSessions } from './guarded-sessions.ts'
import { readMatrix } from './matrix.ts'
import { expected, isInCharge, type Model, type ModelCaller, type ModelSession } from './model.ts'

const STEPS = 15
const PEOPLE: readonly [string, ...string[]] = ['ada', 'bea', 'cid', 'dan', 'eve']
const ORGANISATIONS = ['acme', 'beta'] as const
const ROLES: readonly [readonly RoleName[] | undefined, ...Array<readonly RoleName[] | undefined>] = [undefined, undefined, ['SELF'], ['SELF', 'STANDARD'], ['SELF', 'STANDARD'], ['SELF', 'STANDARD', 'ADMIN']]

const matrix = readMatrix()

interface Attempt {
  route: string
  request: InjectOptions
  /** Whom the path names. */
  about?: string
  /** Needs somebody in charge, whatever the matrix says of the route. */
  grants?: true
  /** What becomes of the session once it succeeded. */
  applies? (session: ModelSession): void
}

const PATHS: Record<string, (id: string) => InjectOptions> = {
  'GET /sessions/{sessionId}': (id) => ({ url: `/sessions/${id}` }),
  'GET /sessions/{sessionId}/participants': (id) => ({ url: `/sessions/${id}/participants` }),
  'PATCH /sessions/{sessionId}': (id) => ({ method: 'PATCH', url: `/sessions/${id}`, payload: { title: 'Changed' } }),
  'POST /sessions/{sessionId}/close-feed': (id) => ({ method: 'POST', url: `/sessions/${id}/close-feed` }),
  'POST /sessions/{sessionId}/recording': (id) => ({ method: 'POST', url: `/sessions/${id}/recording`, payload: { record: true } }),
  'POST /sessions/{sessionId}/end': (id) => ({ method: 'POST', url: `/sessions/${id}/end` }),
  'GET /teleconsultation/{roomId}': (id) => ({ url: `/teleconsultation/${id}` }),
  'PATCH /teleconsultation/{roomId}': (id) => ({ method: 'PATCH', url: `/teleconsultation/${id}`, payload: { start_date: after(NOON, 90).toISOString(), duration_in_seconds: 600 } }),
  'DELETE /teleconsultation/{roomId}/uploads': (id) => ({ method: 'DELETE', url: `/teleconsultation/${id}/uploads` }),
  'GET /transcription/{roomId}/{sessionId}': (id) => ({ url: `/transcription/${id}/call-1` })
}
const PLAIN = Object.keys(PATHS) as [string, ...string[]]

const remove = (session: ModelSession, who: string) => {
  session.seats.delete(who)
  session.removals.set(who, (session.removals.get(who) ?? 0) + 1)
}
const seat = (session: ModelSession, who: string, guestOf: string | undefined, decided: Partial<Record<PermissionName, boolean>>) => {
  const organisation = guestOf ?? session.guests.get(who)
  if (organisation !== undefined) session.guests.set(who, organisation)
  session.seats.set(who, { guestOf: organisation === session.organisation ? undefined : organisation, decided })
}

/** Those that open a route, more often than the others. */
const drawPermission = (random: Random): PermissionName => {
  const names = random.chance(0.8) ? [...matrix.values()].flatMap(({ openedBy }) => openedBy) : PERMISSION_NAMES
  return names[random.between(0, names.length - 1)] ?? 'canAdmit'
}

/** Much of a sequence is about one person, whom things happen to and who tries what they allow. */
const drawPerson = (random: Random, hero: string) => random.chance(0.5) ? hero : random.pick(PEOPLE)

function drawAttempt (random: Random, id: string, hero: string): Attempt {
  const who = drawPerson(random, hero)
  const name = drawPermission(random)
  const kind = random.between(0, 99)
  if (kind < 22) {
    const permissions = { [name]: random.chance(0.7) }
    return {
      route: 'PATCH /sessions/{sessionId}/participants/{userExternalId}',
      request: { method: 'PATCH', url: `/sessions/${id}/participants/${who}`, payload: { permissions } },
      about: who,
      applies: ({ seats }) => { Object.assign(seats.get(who)?.decided ?? {}, permissions) }
    }
  }
  if (kind < 34) {
    return {
      route: 'DELETE /sessions/{sessionId}/participants/{userExternalId}',
      request: { method: 'DELETE', url: `/sessions/${id}/participants/${who}` },
      about: who,
      applies: (session) => { remove(session, who) }
    }
  }
  if (kind < 46) {
    const organisation = random.pick([undefined, undefined, ...ORGANISATIONS])
    const permissions = random.chance(0.3) ? { [name]: true } : undefined
    return {
      route: 'POST /sessions/{sessionId}/participants',
      request: { method: 'POST', url: `/sessions/${id}/participants`, payload: { userExternalId: who, ...organisation === undefined ? {} : { organisation }, ...permissions === undefined ? {} : { permissions } } },
      ...permissions === undefined ? {} : { grants: true },
      applies: (session) => { seat(session, who, organisation, permissions ?? {}) }
    }
  }
  if (kind < 49) {
    return {
      route: 'POST /teleconsultation/{roomId}/participants/data',
      request: { method: 'POST', url: `/teleconsultation/${id}/participants/data`, payload: { userExternalId: who } },
      applies: (session) => { seat(session, who, undefined, {}) }
    }
  }
  if (kind < 55) {
    const list = [...new Set([who, random.pick(PEOPLE), random.pick(PEOPLE), random.pick(PEOPLE)])]
    return {
      route: 'PATCH /sessions/{sessionId}',
      request: { method: 'PATCH', url: `/sessions/${id}`, payload: { participants: { number: Math.max(2, list.length), data: list.map((userExternalId) => ({ userExternalId })) } } },
      applies: (session) => {
        for (const gone of [...session.seats.keys()].filter((one) => !list.includes(one))) remove(session, gone)
        for (const one of list) if (!session.seats.has(one)) seat(session, one, undefined, {})
      }
    }
  }
  if (kind < 57) {
    const path = random.pick(['sessions', 'teleconsultation'])
    return { route: path === 'sessions' ? 'DELETE /sessions/{sessionId}' : 'DELETE /teleconsultation/{roomId}', request: { method: 'DELETE', url: `/${path}/${id}` }, applies: (session) => { session.isDeleted = true } }
  }
  const route = random.pick(PLAIN)
  return { route, request: PATHS[route]?.(id) ?? {} }
}

function drawCaller (random: Random, model: Model, index: number, hero: string): ModelCaller {
  if (random.chance(0.04)) return { kind: 'nobody' }
  if (random.chance(0.2)) {
    const session = random.chance(0.8) ? index : 1 - index
    const id = drawPerson(random, hero)
    // One that he has, or had.
    return { kind: 'link', session, id, number: random.between(0, model.sessions[session]?.removals.get(id) ?? 0) }
  }
  return { kind: 'person', id: drawPerson(random, hero) }
}

function found (model: Model, ids: readonly string[], caller: ModelCaller): Found {
  switch (caller.kind) {
    case 'nobody': return { actor: undefined }
    case 'link': {
      const link = { room: ids[caller.session] ?? '', sub: caller.id, ...caller.number === 0 ? {} : { link: caller.number } }
      return { actor: { kind: 'link', room: link.room, id: caller.id }, link }
    }
    case 'person': {
      const organisations = new Map([...model.roles.get(caller.id) ?? []].map(([name, roles]) => [name, new Set(roles as RoleName[])]))
      return { actor: { kind: 'person', id: caller.id, organisations } }
    }
  }
}

const drawRoles = (random: Random) => new Map(ORGANISATIONS.flatMap((name) => {
  const roles = random.pick(ROLES)
  return roles === undefined ? [] : [[name, roles] as const]
}))

/** What the answer decides; what the state of things forbids to everybody was allowed to this caller. */
const decisionOf = ({ status, code }: { status: number, code: string | undefined }) =>
  status === 401 || status === 403 ? String(status) : code === 'TELECONSULTATION_NOT_FOUND' ? '404' : 'allowed'

/** Plays one sequence; undefined: everything went as the matrix says, else what did not, with all that came before. */
async function play (sessions: GuardedSessions, seed: number): Promise<string | undefined> {
  const random = randomOf(seed)
  const told: string[] = []
  const hero = random.pick(PEOPLE)
  const model: Model = { sessions: [], roles: new Map(PEOPLE.map((id) => [id, drawRoles(random)])), defaults: DEFAULTS }
  const ids: string[] = []
  for (const organisation of random.chance(0.5) ? ORGANISATIONS : ORGANISATIONS.toReversed()) {
    const owner = random.pick(PEOPLE)
    const participants = [...new Set([random.pick(PEOPLE), random.pick(PEOPLE), random.pick(PEOPLE)])]
    while (participants.length < 2) participants.push(PEOPLE.find((id) => !participants.includes(id)) ?? 'ada')
    ids.push(await sessions.create(organisation, owner, participants))
    const created: ModelSession = { organisation, owner, seats: new Map(), removals: new Map(), guests: new Map(), isDeleted: false }
    for (const id of participants) seat(created, id, undefined, {})
    model.sessions.push(created)
    told.push(`${owner} owns a session of ${organisation} with ${participants.join()}`)
  }
  for (let step = 0; step < STEPS; step++) {
    if (random.chance(0.15)) {
      const id = random.pick(PEOPLE)
      const roles = drawRoles(random)
      model.roles.set(id, roles)
      told.push(`${id} is ${JSON.stringify([...roles])} now`)
      continue
    }
    const index = random.chance(0.75) ? 0 : 1
    const [session, id] = [model.sessions[index], ids[index]]
    if (session === undefined || id === undefined) throw new Error('two sessions were made')
    const attempt = drawAttempt(random, id, hero)
    let caller = drawCaller(random, model, index, hero)
    // Else little would ever happen.
    if (random.chance(0.35)) caller = PEOPLE.map((one) => ({ kind: 'person', id: one } as const)).find((one) => isInCharge(model, index, one)) ?? caller
    const matrixSays = expected(matrix, model, attempt.route, index, caller, attempt.about)
    const wanted = matrixSays === 'allowed' && attempt.grants === true && !isInCharge(model, index, caller) ? '403' : matrixSays
    const before = sessions.revision(id)
    const answer = await sessions.send(found(model, ids, caller), attempt.request)
    told.push(`${JSON.stringify(caller)}: ${attempt.route} ${JSON.stringify(attempt.request)} of ${session.organisation}: ${answer.status} ${answer.code ?? ''}`)
    if (answer.status === 500) return [...told, 'which is a fault'].join('\n')
    if (decisionOf(answer) !== wanted) return [...told, `where the matrix says ${wanted}`].join('\n')
    if (wanted !== 'allowed' && sessions.revision(id) !== before) return [...told, 'and it changed something'].join('\n')
    if (answer.status < 300) attempt.applies?.(session)
    const differs = difference(sessions, id, session)
    if (differs !== undefined) return [...told, differs].join('\n')
  }
  return undefined
}

/** Who takes part and what was granted, kept and as it should be. */
function difference (sessions: GuardedSessions, id: string, { seats, removals, isDeleted }: ModelSession): string | undefined {
  const kept = JSON.stringify(sessions.kept(id))
  const should = JSON.stringify(isDeleted
    ? []
    : [...seats].map(([who, { decided }]) => ({ id: who, permissions: PERMISSION_NAMES.filter((name) => decided[name] === true).sort(), link: removals.get(who) ?? 0 })).sort((a, b) => a.id < b.id ? -1 : 1))
  return kept === should ? undefined : `now there is ${kept}\nand should be ${should}`
}

/** The first of so many sequences that goes otherwise than the matrix says, with its seed. */
export async function faultIn (firstSeed: number, sequences: number): Promise<string | undefined> {
  const sessions = await guardedSessions()
  try {
    for (let seed = firstSeed; seed < firstSeed + sequences; seed++) {
      const fault = await play(sessions, seed)
      if (fault !== undefined) return `seed ${seed}:\n${fault}`
    }
    return undefined
  } finally {
    await sessions.close()
  }
}
