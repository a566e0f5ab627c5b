import t from 'tap'
import type { LightMyRequestResponse } from 'fastify'
import { loadConfiguration } from '../../lib/config/load.ts'
import { randomOf, type Random } from '../simulation/random.ts'
import { memoryStore, memoryUserMap } from '../support/operations.ts'
import { FAKED, follow, GRACE_MS, linksOf, startSwitched, WINDOW, type Fault } from '../support/providers-world.ts'
import { after } from '../support/service.ts'

const SEQUENCES = 1000
const MINUTE_MS = 60_000

// No sockets are cut here: of those an adapter's breaker would keep count by the real clock.
const FAULTS: readonly [Fault, ...Fault[]] = ['wrong key', 'failing', 'failing', 'malformed', 'malformed', 'lost', 'lost', 'silent']

const { privileges } = loadConfiguration({})

type Subject = Awaited<ReturnType<typeof startSwitched>>

class Broken extends Error {}

/** One teleconsultation from its booking to its end, with everything that may happen to it and its providers meanwhile. */
function sequence ({ fakes, app, state, met, now, setClock, isBroken, breakDown, recover, quiet, reconcile, endCalls }: Subject, random: Random) {
  const story: string[] = []
  // A room that stays at one that is not in use is found as an orphan; otherwise each has to be remembered.
  const dropsProviders = random.chance(0.5)
  const links = new Map<string, string>()
  let people: Array<{ userExternalId: string, groups: string[], fullName: string }> = []
  let roomId = ''
  let home: string | undefined
  let named = 0

  const must = (holds: boolean, what: string) => { if (!holds) throw new Broken(`${what}, after: ${story.join('; ')}`) }
  const somebody = (group: 'doctor' | 'patient') => ({ userExternalId: `${group}-${++named}`, groups: [group], fullName: 'Ada Rossi' })
  const codeOf = ({ statusCode, body }: LightMyRequestResponse) => `${statusCode} ${String((JSON.parse(body === '' ? '{}' : body) as { code?: string }).code ?? '')}`.trim()
  const document = () => {
    const found = state.memory.documents.get(roomId)
    return found === undefined || found.trashed ? undefined : found
  }
  const pass = (ms: number) => { setClock(new Date(now().getTime() + ms)) }

  const use = () => {
    const first = random.pick(FAKED)
    const others = FAKED.filter((name) => name !== first && (!dropsProviders || random.chance(0.7)))
    const [other] = others
    const fallback = other !== undefined && random.chance(0.5) ? random.pick([other, ...others]) : undefined
    state.using = { first, others, fallback }
    state.settings = { ...state.settings, choice: { default: first, perRequest: true, byGroup: new Map(others.includes('livekit') && random.chance(0.2) ? [['patient', 'livekit'], ['doctor', 'livekit']] : []) } }
    story.push(`${first} (${others.join(', ')})${fallback === undefined ? '' : ` or ${fallback}`}`)
  }

  /** @returns whether it was done; it may fail only by a provider, while one is broken and so is what it would fall back to */
  const did = async (what: string, answer: LightMyRequestResponse, success: number) => {
    await quiet()
    story.push(`${what}: ${codeOf(answer)}`)
    const at = document()?.control.provider
    if (home !== undefined && at !== undefined && at !== home) met.moves++
    home = at
    if (answer.statusCode === success) return true
    const { fallback } = state.using
    must(isBroken() && (fallback === undefined || isBroken(fallback)) && /^50\d PROVIDER_/.test(codeOf(answer)), `${what} is refused`)
    met.failures++
    return false
  }

  const book = async () => {
    people = [somebody('doctor'), somebody('patient')]
    const number = random.between(2, 3)
    const start = after(now(), random.between(60, 300))
    const videoProvider = random.chance(0.2) ? random.pick([state.using.first, ...state.using.others]) : undefined
    const answer = await app.inject({ method: 'POST', url: '/teleconsultation', payload: { participants: { number, data: people }, start_date: start.toISOString(), duration_in_seconds: 1800, ...(videoProvider === undefined ? {} : { videoProvider }) } })
    if (!await did(`book ${number}${videoProvider === undefined ? '' : ` at ${videoProvider}`}`, answer, 201)) return false
    roomId = answer.json<{ roomId: string }>().roomId
    return true
  }

  const change = async (what: string, payload: object) => await did(what, await app.inject({ method: 'PATCH', url: `/teleconsultation/${roomId}`, payload }), 204)
  const reschedule = async () => { await change('reschedule', { start_date: after(now(), random.between(60, 20 * 60)).toISOString(), duration_in_seconds: random.pick([1800, 3600]) }) }
  const replacePeople = async () => {
    const [doctor = somebody('doctor'), ...patients] = people
    const wanted = [random.chance(0.3) ? somebody('doctor') : doctor, ...patients.slice(0, random.between(0, 1)), somebody('patient')]
    const number = random.chance(0.2) ? wanted.length + 1 : wanted.length
    if (await change(`${wanted.length} of ${number} people`, { participants: { number, data: wanted } })) people = wanted
  }
  const complete = async () => {
    for (let missing = (document()?.content.number ?? 0) - people.length; missing > 0; missing--) {
      const added = somebody('patient')
      if (await did('add', await app.inject({ method: 'POST', url: `/teleconsultation/${roomId}/participants/data`, payload: added }), 201)) people.push(added)
    }
  }

  /** Every link is the text that it was, and opens its page. */
  const look = async () => {
    const listed = await linksOf(app, roomId)
    for (const { userExternalId } of people) {
      const link = links.get(userExternalId) ?? listed[userExternalId] ?? ''
      links.set(userExternalId, link)
      must(link !== '' && link === listed[userExternalId], `the link of ${userExternalId} has changed`)
      const answer = await follow(app, link)
      must(answer.statusCode === 200, `a link answers ${codeOf(answer)}`)
    }
    await quiet()
  }

  /** All come at once; while a provider is broken its failure may be the answer. */
  const enter = async () => {
    await Promise.all(people.map(async ({ userExternalId }) => {
      const answer = await follow(app, links.get(userExternalId))
      if (answer.statusCode !== 200) return must(isBroken() && /^50\d PROVIDER_/.test(codeOf(answer)), `inside the window a link answers ${codeOf(answer)}`)
      const { accessLinkURL, bandyerUserId } = answer.json<{ accessLinkURL: string | null, bandyerUserId: string }>()
      if (accessLinkURL === null) return must(isBroken(), 'inside the window there is no way in')
      const { provider = '', room } = document()?.control ?? {}
      const entered = await fakes.enter(provider, accessLinkURL).catch((error: unknown) => { throw new Broken(`no way in at ${provider} (${String(error)}), after: ${story.join('; ')}`) })
      must(entered.providerUserId === bandyerUserId && entered.providerRoomId === room?.providerRoomId, `somebody is somebody else, or elsewhere, at ${provider}`)
      met.entries++
    }))
    await quiet()
  }

  const trouble = () => {
    const name = random.chance(0.6) ? state.using.first : random.pick(FAKED)
    const fault = random.pick(FAULTS)
    breakDown(name, fault)
    story.push(`${name} ${fault}`)
  }
  const heal = () => {
    recover()
    story.push('recovered')
  }

  const steps: ReadonlyArray<() => void | Promise<void>> = [reschedule, reschedule, replacePeople, replacePeople, complete, trouble, trouble, heal, use, use, reconcile, () => { pass(random.between(1, 5) * MINUTE_MS) }]

  /** Nothing is anywhere but what the document names. */
  const leavesNothing = (when: string) => {
    const { room, provider = '' } = document()?.control ?? {}
    const left = fakes.rooms().filter((one) => one !== `${provider} ${room?.providerRoomId ?? ''}`)
    must(left.length === 0, `${when} ${left.length} rooms are left: ${left.map((one) => one.split(' ')[0]).join(', ')}`)
  }
  const settle = async () => {
    recover()
    state.using = { ...state.using, others: FAKED.filter((name) => name !== state.using.first) }
    // What a process that died began is anybody's when its lease is over.
    pass(MINUTE_MS)
    await reconcile()
    await reconcile()
    await endCalls()
  }

  return async () => {
    fakes.forget()
    recover()
    state.memory = memoryStore()
    state.people = memoryUserMap()
    state.settings = { ...state.settings, window: WINDOW, deletesOrphans: dropsProviders, roomCreation: random.pick(['eager', 'late']), unlimited: random.chance(0.7), providerTimeoutMs: 10_000, privileges }
    story.push(`${state.settings.roomCreation}${state.settings.unlimited ? '' : ', limited'}`)
    use()
    if (random.chance(0.5)) trouble()
    if (!await book()) {
      heal()
      await reconcile()
      leavesNothing('after a booking that failed')
      must(await book(), 'nothing can be booked')
    }
    await look()
    for (let count = random.between(3, 8); count > 0; count--) {
      await random.pick([...steps] as [() => void, ...Array<() => void>])()
      await look()
    }

    if (random.chance(0.3)) heal()
    while ((document()?.content.number ?? 0) > people.length) {
      await complete()
      heal()
    }
    await look()
    const { startAt, endAt } = document()?.content ?? { startAt: now(), endAt: now() }
    setClock(new Date(Math.max(now().getTime(), startAt.getTime() - random.between(0, 9) * MINUTE_MS)))
    story.push('the window is open')
    await enter()
    for (let count = random.between(0, 2); count > 0; count--) {
      await random.pick([use, trouble, reconcile, () => { pass(MINUTE_MS) }])()
      await enter()
    }
    heal()
    await enter()

    if (random.chance(0.3)) {
      const removed = await app.inject({ method: 'DELETE', url: `/teleconsultation/${roomId}` })
      must(await did('delete', removed, 204), 'it cannot be deleted')
      await settle()
      must(document() === undefined, 'a deleted one is still there')
      return leavesNothing('after the deletion')
    }
    setClock(endAt)
    await settle()
    leavesNothing('after the end')
    await look()
    setClock(new Date(endAt.getTime() + GRACE_MS + 1))
    for (const { userExternalId } of people) must(codeOf(await follow(app, links.get(userExternalId))) === '401 INVALID_PERSONAL_LINK', 'a link outlives its grace')
  }
}

t.test('whatever becomes of providers, people and dates, no personal link changes or dies early, each opens a live room in its time, and no room is left', async (t) => {
  const subject = await startSwitched(t)
  const only = process.env['PROVIDER_SEQUENCES_SEED']
  const seeds = only === undefined ? Array.from({ length: SEQUENCES }, (_, index) => index + 1) : [Number(only)]
  const failed: string[] = []
  for (const seed of seeds) {
    try {
      await sequence(subject, randomOf(seed))()
    } catch (error) {
      failed.push(`PROVIDER_SEQUENCES_SEED=${seed}: ${error instanceof Broken ? error.message : error instanceof Error ? error.stack : String(error)}`)
      if (failed.length >= 5) break
    }
  }
  t.same(failed, [])
  if (only !== undefined) return
  const { fallbacks, moves, failures, entries } = subject.met
  for (const [what, times] of Object.entries({ fallbacks, moves, failures })) t.ok(times >= 50, `${times} ${what}`)
  t.ok(entries >= 5 * SEQUENCES, `${entries} times somebody came in`)
})
