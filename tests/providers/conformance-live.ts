import type { Test } from 'tap'
import type { Access, RoomParticipant, RoomState, VideoProvider } from '../../lib/providers/provider.ts'
import type { ToolName } from '../../schemas/tools.ts'
import { areUnsupported, enter, seated, signal, spec, wayIn, waysIn, type Check, type ConformanceSubject } from '../support/conformance-subject.ts'

/** What the contract promises of people who are inside: what they may do, that they are removed, that they are recorded. */
export async function liveConformance (check: Check): Promise<void> {
  await permissionsConformance(check)
  await removalConformance(check)
  await recordingConformance(check)
}

async function permissionsConformance (check: Check): Promise<void> {
  await check('what is given may be used at once by who is inside, and nobody loses his place', async (t, subject) => {
    const { provider, call } = subject
    const { room, a, b } = await begun(t, subject, { toolsOfB: [] })
    if (!provider.capabilities.livePermissions) {
      await areUnsupported(t, subject, ({ setPermissions, capabilities: { tools } }) => ({ give: setPermissions(room, { ...b, tools }, signal()) }))
      return
    }
    await mayUse(t, subject, room, b, new Set())
    const given = new Set<ToolName>()
    for (const tool of provider.capabilities.tools) {
      given.add(tool)
      await provider.setPermissions(room, { ...b, tools: new Set(given) }, signal())
      t.same(await insideOf(call, room), idsOf(a, b), `${tool}: nobody has left`)
      await mayUse(t, subject, room, b, given)
      await mayUse(t, subject, room, a, a.tools)
    }
  })

  await check('what is taken may be used no more by that one, who may be inside at once by a new way in', async (t, subject) => {
    const { provider, call } = subject
    const { room, a, b } = await begun(t, subject)
    if (!provider.capabilities.livePermissions) {
      await areUnsupported(t, subject, ({ setPermissions }) => ({ take: setPermissions(room, { ...b, tools: new Set(), revocations: 1 }, signal()) }))
      t.same(await insideOf(call, room), idsOf(a, b))
      return
    }
    let [taken, other] = [b, a]
    for (const turn of ['first', 'second']) {
      for (const tool of provider.capabilities.tools) {
        taken = { ...taken, tools: without(provider.capabilities.tools, tool), revocations: (taken.revocations ?? 0) + 1 }
        await provider.setPermissions(room, taken, signal())
        if ((await insideOf(call, room)).includes(taken.providerUserId)) await mayUse(t, subject, room, taken, taken.tools)
        t.equal(await call.join(room, await wayIn(subject, room, taken)), 'inside', `${turn}, ${tool}: a way in that is made after works`)
        await mayUse(t, subject, room, taken, taken.tools)
        t.ok((await insideOf(call, room)).includes(other.providerUserId), 'nobody else is put out')
        await mayUse(t, subject, room, other, other.tools)
      }
      ;[taken, other] = [other, taken]
    }
  })

  await check('a way in that was made before something was taken works no more, whether he is inside or not', async (t, subject) => {
    const { provider, call } = subject
    const { room, a, b, ways } = await begun(t, subject)
    if (!provider.capabilities.livePermissions) {
      await areUnsupported(t, subject, ({ setPermissions }) => ({ take: setPermissions(room, { ...b, tools: new Set(), revocations: 1 }, signal()) }))
      t.equal(await call.join(room, ways.b), 'inside')
      return
    }
    const [c] = await seated(provider, ['c'])
    if (c === undefined) throw new Error('he is seated')
    const withC = await provider.createRoom(spec(subject, 'd|2|1|1', [a, b, c]), signal())
    const wayOfA = await wayIn(subject, withC, a)
    const old: Access[] = []
    for (const revocations of [0, 1]) {
      old.push(await wayIn(subject, withC, { ...c, revocations }))
      await provider.setPermissions(withC, { ...c, tools: new Set(), revocations: revocations + 1 }, signal())
    }
    for (const way of old) t.equal(await call.join(withC, way), 'refused', 'he was not inside')
    t.equal(await call.join(withC, await wayIn(subject, withC, { ...c, tools: new Set(), revocations: 2 })), 'inside')
    await mayUse(t, subject, withC, c, new Set())

    await provider.setPermissions(room, { ...b, tools: new Set(), revocations: 1 }, signal())
    t.equal(await call.join(room, ways.b), 'refused', 'he was inside')
    t.equal(await call.join(room, await wayIn(subject, room, { ...b, tools: new Set(), revocations: 1 })), 'inside')
    await mayUse(t, subject, room, b, new Set())

    t.equal(await call.join(room, ways.a), 'inside', 'nobody else’s way in is touched')
    t.equal(await call.join(withC, wayOfA), 'inside')
  })

  await check('what was taken can be given back', async (t, subject) => {
    const { provider, call } = subject
    const { room, b, ways } = await begun(t, subject)
    if (!provider.capabilities.livePermissions) {
      await areUnsupported(t, subject, ({ setPermissions }) => ({ giveBack: setPermissions(room, { ...b, revocations: 1 }, signal()) }))
      return
    }
    await provider.setPermissions(room, { ...b, tools: new Set(), revocations: 1 }, signal())
    await provider.setPermissions(room, { ...b, revocations: 1 }, signal())
    t.equal(await call.join(room, await wayIn(subject, room, { ...b, revocations: 1 })), 'inside')
    await mayUse(t, subject, room, b, b.tools)
    t.equal(await call.join(room, ways.b), 'refused', 'the way in of before stays one of before')
  })

  await check('in a missing room nobody’s permissions change', async (t, subject) => {
    const { provider } = subject
    const [, b] = await seated(provider)
    if (b === undefined) throw new Error('he is seated')
    const less = { ...b, tools: new Set<never>(), revocations: 1 }
    if (provider.capabilities.livePermissions) await t.resolves(provider.setPermissions(subject.unknownRoom, less, signal()))
    else await areUnsupported(t, subject, ({ setPermissions }) => ({ set: setPermissions(subject.unknownRoom, less, signal()) }))
  })
}

async function removalConformance (check: Check): Promise<void> {
  await check('who is removed is put out now, finds no way in next time, or cannot be removed; all others stay', async (t, subject) => {
    const { provider, call } = subject
    const { removal } = provider.capabilities
    const { room, a, b, ways } = await begun(t, subject)
    if (removal === 'never') {
      await areUnsupported(t, subject, ({ removeParticipant }) => ({ remove: removeParticipant(room, b, signal()) }))
      t.equal(await call.join(room, ways.b), 'inside')
    } else {
      await provider.removeParticipant(room, b, signal())
      t.same(await insideOf(call, room), removal === 'now' ? idsOf(a) : idsOf(a, b))
      t.equal(await call.join(room, ways.b), 'refused')
    }
    t.equal(await call.join(room, ways.a), 'inside')
    t.not(await provider.getRoom(room, signal()), 'missing')
  })

  await check('who is removed has no way in, whichever it was, and though he never came', async (t, subject) => {
    const { provider, call } = subject
    const [a, b] = await seated(provider)
    if (a === undefined || b === undefined) throw new Error('both are seated')
    const room = await provider.createRoom(spec(subject, 'd|1|1|1', [a, b]), signal())
    const other = await provider.createRoom(spec(subject, 'd|2|1|1', [a, b]), signal())
    const ways = await waysIn(subject, room, [b, { ...b, revocations: 1 }])
    const elsewhere = await wayIn(subject, other, b)
    if (provider.capabilities.removal === 'never') await areUnsupported(t, subject, ({ removeParticipant }) => ({ remove: removeParticipant(room, b, signal()) }))
    else await provider.removeParticipant(room, { ...b, revocations: 1 }, signal())
    const expected = provider.capabilities.removal === 'never' ? 'inside' : 'refused'
    for (const way of ways) t.equal(await call.join(room, way), expected)
    t.equal(await call.join(other, elsewhere), 'inside', 'in other rooms he is as before')
  })

  await check('removing again is fine, and so is removing from a missing room', async (t, subject) => {
    const { provider, call } = subject
    const { room, b, ways } = await begun(t, subject)
    const all = ({ removeParticipant }: VideoProvider) => ({
      once: removeParticipant(room, b, signal()), again: removeParticipant(room, b, signal()), missing: removeParticipant(subject.unknownRoom, b, signal())
    })
    if (provider.capabilities.removal === 'never') {
      await areUnsupported(t, subject, all)
      return
    }
    await t.resolves(Promise.all(Object.values(all(provider))))
    await t.resolves(provider.removeParticipant(room, b, signal()))
    t.equal(await call.join(room, ways.b), 'refused')
    await provider.deleteRoom(room, signal())
    await t.resolves(provider.removeParticipant(room, b, signal()), 'the room was deleted meanwhile')
  })
}

async function recordingConformance (check: Check): Promise<void> {
  await check('a recording begins and ends when it is asked for, and asking twice is asking once', async (t, subject) => {
    const { provider } = subject
    const { room } = await begun(t, subject)
    if (!provider.capabilities.recordsOnRequest) {
      await areUnsupported(t, subject, bothOf(room))
      return
    }
    await t.resolves(provider.stopRecording(room, signal()), 'what stands is left as it is')
    t.same(await recordingsOf(subject, room), [])
    await provider.startRecording(room, signal())
    t.same(await recordingsOf(subject, room), ['running'])
    await provider.startRecording(room, signal())
    t.same(await recordingsOf(subject, room), ['running'], 'what runs is left as it is')
    await provider.stopRecording(room, signal())
    await provider.stopRecording(room, signal())
    t.same(await recordingsOf(subject, room), ['ended'])
    await provider.startRecording(room, signal())
    t.same(await recordingsOf(subject, room), ['ended', 'running'])
  })

  await check('where nobody is inside nothing is recorded', async (t, subject) => {
    const { provider } = subject
    const room = await provider.createRoom(recorded(subject, await seated(provider)), signal())
    if (!provider.capabilities.recordsOnRequest) {
      await areUnsupported(t, subject, bothOf(room))
      return
    }
    for (const empty of [room, subject.unknownRoom]) {
      await t.rejects(provider.startRecording(empty, signal()), { code: 'CAPABILITY_LIMIT', statusCode: 422 })
      await t.resolves(provider.stopRecording(empty, signal()))
    }
    t.same(await recordingsOf(subject, room), [])
  })
}

const bothOf = (room: RoomState) => ({ startRecording, stopRecording }: VideoProvider) => ({ start: startRecording(room, signal()), stop: stopRecording(room, signal()) })

/** A room with two inside; both may use all tools unless it is said otherwise. */
async function begun (t: Test, subject: ConformanceSubject, { toolsOfB }: { toolsOfB?: readonly ToolName[] } = {}) {
  const { provider } = subject
  const [a, second] = await seated(provider)
  if (a === undefined || second === undefined) throw new Error('both are seated')
  const b = { ...second, tools: toolsOfB === undefined ? second.tools : new Set(toolsOfB) }
  const room = await provider.createRoom(recorded(subject, [a, b]), signal())
  const [wayOfA, wayOfB] = await waysIn(subject, room, [a, b])
  if (wayOfA === undefined || wayOfB === undefined) throw new Error('both have a way in')
  await enter(t, subject, room, [wayOfA, wayOfB])
  t.same(await insideOf(subject.call, room), idsOf(a, b))
  return { room, a, b, ways: { a: wayOfA, b: wayOfB } }
}

/** Where a recording can be begun by hand, the room is made for it. */
function recorded (subject: ConformanceSubject, participants: readonly RoomParticipant[]) {
  const { recordsOnRequest } = subject.provider.capabilities
  return { ...spec(subject, 'd|1|1|1', participants), recording: recordsOnRequest ? 'manual' as const : 'none' as const }
}

/** Of shared tools nobody has more than the others. */
async function mayUse (t: Test, { provider, call }: ConformanceSubject, room: RoomState, participant: RoomParticipant, expected: ReadonlySet<ToolName>): Promise<void> {
  if (call.mayUse === undefined) throw new Error('where livePermissions is on, the subject can tell what somebody may use')
  const ofOne = async (providerUserId: string, tool: ToolName) => await call.mayUse?.(room, providerUserId, tool)
  for (const tool of provider.capabilities.tools) {
    const may = await ofOne(participant.providerUserId, tool)
    if (call.sharedTools?.has(tool) !== true) t.equal(may, expected.has(tool), `${participant.externalId}: ${tool}`)
    else for (const id of await call.inside(room)) t.equal(await ofOne(id, tool), may, `${tool} is everybody’s or nobody’s`)
  }
}

async function recordingsOf ({ call }: ConformanceSubject, room: RoomState) {
  if (call.recordings === undefined) throw new Error('where recordsOnRequest is on, the subject can tell what is recorded')
  return await call.recordings(room)
}

const insideOf = async (call: ConformanceSubject['call'], room: RoomState) => (await call.inside(room)).toSorted()
const idsOf = (...people: readonly RoomParticipant[]) => people.map(one => one.providerUserId).sort()
const without = (tools: ReadonlySet<ToolName>, taken: ToolName) => new Set([...tools].filter(tool => tool !== taken))
