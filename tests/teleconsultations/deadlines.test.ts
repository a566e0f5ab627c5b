import t from 'tap'
import { ProviderTimeout, StorageTimeout } from '../../lib/errors.ts'
import { addParticipant, changeTeleconsultation } from '../../lib/teleconsultations/change.ts'
import { createTeleconsultation } from '../../lib/teleconsultations/create.ts'
import { accessGiver } from '../../lib/teleconsultations/give-access.ts'
import type { Context, Ports } from '../../lib/teleconsultations/ports.ts'
import { reconcile } from '../../lib/teleconsultations/reconcile.ts'
import { removeTeleconsultation } from '../../lib/teleconsultations/remove.ts'
import type { TeleconsultationStore } from '../../lib/storage/teleconsultation-store.ts'
import { DATES, PAIR, person, world } from '../support/operations.ts'
import { virtualClock } from '../support/virtual-clock.ts'
import { after, NOON } from '../support/service.ts'

const TIMEOUT_MS = 20_000
const OTHERS = { number: 2, people: [person('doctor', 'plus'), person('other')] }

/**
 * A world whose storage and provider keep to the deadlines that they are given, as the HTTP client does, and in which the
 * deadline passes during the step of the given number: what that step does is done, and whatever follows comes too late.
 */
function hurried (passesIn = Infinity) {
  const made = world()
  const clock = virtualClock()
  const begunLate: string[] = []
  let steps = 0
  let counting = false
  const step = () => {
    if (counting && ++steps === passesIn) clock.pass(TIMEOUT_MS)
  }
  const isOver = (endsAt: number | undefined) => endsAt !== undefined && endsAt <= clock.now().getTime()

  const store = Object.fromEntries(Object.entries(made.ports.store).map(([name, method]) => [name, async (...given: unknown[]) => {
    const context = given.find((one): one is Context => typeof one === 'object' && one !== null && 'headers' in one)
    if (isOver(context?.endsAt)) throw Object.assign(new StorageTimeout(), { unsent: true })
    const result: unknown = await (method as (...given: unknown[]) => unknown)(...given)
    step()
    return result
  }])) as unknown as TeleconsultationStore
  const { provider } = made.vendor
  const inTime = async <T> (name: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> => {
    if (signal.aborted) throw new ProviderTimeout()
    if (counting && name === 'createRoom' && clock.now().getTime() >= NOON.getTime() + TIMEOUT_MS) begunLate.push(name)
    const result = await work()
    step()
    return result
  }
  const ports: Ports = {
    ...made.ports,
    clock,
    store,
    provider: {
      ...provider,
      createRoom: (spec, signal) => inTime('createRoom', signal, () => provider.createRoom(spec, signal)),
      deleteRoom: (room, signal) => inTime('deleteRoom', signal, () => provider.deleteRoom(room, signal)),
      findRooms: (marker, since, signal) => inTime('findRooms', signal, () => provider.findRooms(marker, since, signal))
    }
  }
  return {
    ...made,
    ports,
    clock,
    begunLate,
    steps: () => steps,
    /** From here on steps count, and the deadline is given. */
    begin: (): Context => {
      counting = true
      return { ...made.context, endsAt: clock.now().getTime() + TIMEOUT_MS }
    }
  }
}

type World = ReturnType<typeof hurried>
const bookedPair = async ({ ports, context }: World) => await createTeleconsultation(ports, async () => PAIR, DATES, context)
const OPERATIONS: Record<string, (world: World) => Promise<(context: Context) => Promise<unknown>>> = {
  'a booking': async ({ ports }) => (context) => createTeleconsultation(ports, async () => PAIR, DATES, context),
  'a booking with a key': async ({ ports }) => (context) => createTeleconsultation(ports, async () => PAIR, DATES, context, { key: 'key', fingerprint: 'body' }),
  'a change that needs a new room': async (made) => {
    const { id } = await bookedPair(made)
    return (context) => changeTeleconsultation(made.ports, id, async () => OTHERS, {}, context)
  },
  'a change that needs none': async (made) => {
    const { id } = await bookedPair(made)
    return (context) => changeTeleconsultation(made.ports, id, undefined, { duration_in_seconds: 600 }, context)
  },
  'an addition that completes the list': async (made) => {
    const { id } = await createTeleconsultation(made.ports, async () => ({ number: 2, people: [person('doctor', 'plus')] }), DATES, made.context)
    return (context) => addParticipant(made.ports, id, person('patient'), context)
  },
  'the first link': async (made) => {
    const { id } = await createTeleconsultation({ ...made.ports, settings: { ...made.ports.settings, roomCreation: 'late' } }, async () => PAIR, { ...DATES, start_date: NOON.toISOString() }, made.context)
    return (context) => accessGiver(made.ports).giveAccess(id, 'doctor', {}, context)
  },
  'a deletion': async (made) => {
    const { id } = await bookedPair(made)
    return (context) => removeTeleconsultation(made.ports, id, context)
  }
}

for (const [name, prepare] of Object.entries(OPERATIONS)) {
  t.test(`${name} leaves nothing half done, whichever of its steps the deadline passes in`, async (t) => {
    const whole = hurried()
    const run = await prepare(whole)
    await run(whole.begin())
    await whole.quiet()
    t.ok(whole.steps() > 0)
    for (let passesIn = 1; passesIn <= whole.steps(); passesIn++) {
      const made = hurried(passesIn)
      const { ports, documents, vendor, context, begunLate, quiet } = made
      const hurry = await prepare(made)
      await hurry(made.begin()).catch((error: { code: string, statusCode: number }) => {
        t.match(error, { code: /^(STORAGE|PROVIDER)_TIMEOUT$/, statusCode: 504 }, `step ${passesIn}`)
      })
      await quiet()
      t.same(begunLate, [], 'no room is begun')
      const kept = [...documents.values()].filter(({ trashed }) => !trashed)
      t.same(kept.filter(({ control }) => control.operation !== undefined), [], 'no operation is left for its lease')
      // A deletion that is decided may be left for the reconciler.
      await reconcile(ports, context)
      const there = [...documents.values()].filter(({ trashed }) => !trashed)
      t.same([...vendor.rooms.keys()], there.flatMap(({ control }) => control.room?.providerRoomId ?? []), `step ${passesIn}`)
    }
  })
}

t.test('a room that was made is published, however late', async (t) => {
  const { ports, begin, vendor, clock, documents } = hurried()
  vendor.hooks.create = async (make) => {
    const room = make()
    clock.pass(TIMEOUT_MS)
    return room
  }
  const { id } = await createTeleconsultation({ ...ports, provider: vendor.provider }, async () => PAIR, DATES, begin())
  t.match(documents.get(id)?.control, { phase: 'READY', operation: undefined, room: { providerRoomId: 'room-1' } })
})

t.test('a provider is given what is left of the request’s time, and never more than its own', async (t) => {
  for (const { leftMs, spentMs, aborted } of [
    { leftMs: 400, spentMs: 399, aborted: false },
    { leftMs: 400, spentMs: 400, aborted: true },
    { leftMs: TIMEOUT_MS, spentMs: 999, aborted: false },
    { leftMs: TIMEOUT_MS, spentMs: 1000, aborted: true }
  ]) {
    const { ports, begin, clock, vendor } = hurried()
    const context = begin()
    const seen: boolean[] = []
    const provider: Ports['provider'] = {
      ...vendor.provider,
      createRoom: async (spec, signal) => {
        clock.pass(spentMs)
        seen.push(signal.aborted)
        return await vendor.provider.createRoom(spec, signal)
      }
    }
    clock.pass(TIMEOUT_MS - leftMs)
    await createTeleconsultation({ ...ports, provider }, async () => PAIR, DATES, context)
    t.same(seen, [aborted], `${spentMs} of ${leftMs} ms`)
  }
})

t.test('a request whose time is over writes nothing and asks nobody', async (t) => {
  for (const [name, prepare] of Object.entries(OPERATIONS)) {
    const made = hurried()
    const run = await prepare(made)
    const context = made.begin()
    const before = JSON.stringify([...made.documents])
    made.vendor.calls.length = 0
    made.clock.pass(TIMEOUT_MS)
    await t.rejects(run(context), { code: 'STORAGE_TIMEOUT', statusCode: 504 }, name)
    await made.quiet()
    t.equal(JSON.stringify([...made.documents]), before, name)
    t.same(made.vendor.calls, [], name)
  }
})

t.test('what nobody waits for is done after the deadline', async (t) => {
  const made = hurried()
  const { ports, vendor, clock, documents, quiet } = made
  const { id } = await bookedPair(made)
  const held: Array<() => void> = []
  const inBackground: Ports['inBackground'] = (name, work, log) => {
    ports.inBackground(name, async () => {
      await new Promise<void>((resolve) => { held.push(resolve) })
      await work()
    }, log)
  }
  await changeTeleconsultation({ ...ports, inBackground }, id, async () => OTHERS, {}, made.begin())
  t.equal(vendor.rooms.size, 2)
  clock.pass(10 * TIMEOUT_MS)
  for (const go of held) go()
  await quiet()
  t.same([...vendor.rooms.keys()], ['room-2'])
  t.same(documents.get(id)?.control.garbage, [])
  t.ok(after(NOON, 3) < clock.now())
})
