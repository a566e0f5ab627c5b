import type { Precondition } from '../../lib/domain/entity-tag.ts'
import { isHeld, wasBooked, type Control, type Teleconsultation } from '../../lib/domain/teleconsultation.ts'
import { StorageTimeout, StorageUnavailable } from '../../lib/errors.ts'
import type { VideoProvider } from '../../lib/providers/provider.ts'
import type { TeleconsultationStore } from '../../lib/storage/teleconsultation-store.ts'
import type { Ports } from '../../lib/teleconsultations/ports.ts'
import { blindWrites, withProvider, withProviders, withSettings, withStore, withWritten } from './mutant-changes.ts'
import type { Scenario } from './scenario.ts'
import { SESSION_MUTANTS } from './session-mutants.ts'

/** A fault of the service written back in, which the invariants must notice. */
export interface Mutant {
  name: string
  /** What the requests reach the world by. */
  requests? (ports: Ports): Ports
  /** The same of the reconciler; absent: as `requests`. */
  reconciler? (ports: Ports): Ports
  /** What access is given by; absent: as `requests`. */
  access? (ports: Ports): Ports
  /** Where it shows seldom else. */
  scenario? (drawn: Scenario): Scenario
  /** Absent: it reconciles. */
  reconciles?: false
  /** Absent: no two documents have one key, where the collection can keep it so. */
  keysAreUnique?: false
  /** Absent: the body of a repetition must be the same. */
  comparesBodies?: false
  precondition? (honest: Precondition): Precondition
}

export const MUTANTS: readonly Mutant[] = [
  { name: 'no reconciler', reconciles: false },
  { name: 'no compare-and-set', requests: withStore(blindWrites(() => true)) },
  { name: 'the commit overwrites whatever is there', requests: withStore(blindWrites(({ control }, current) => current.control.operation !== undefined && control.operation === undefined && control.room !== undefined)) },
  { name: 'no garbage is kept', requests: withWritten((control) => ({ ...control, garbage: [] })) },
  { name: 'no search for orphans', requests: withSettings({ deletesOrphans: false }) },
  { name: 'no lease', requests: withWritten((control) => withLease(control, 0)) },
  { name: 'a lease without end', requests: withWritten((control) => withLease(control, Number.MAX_SAFE_INTEGER)) },
  { name: 'no seal', requests: (ports) => withSeal(ports) },
  { name: 'no guard for clocks that differ', requests: (ports) => withSettings({ window: { ...ports.settings.window, skewMs: 0 } })(ports) },
  { name: 'no window', requests: (ports) => withSettings({ window: { ...ports.settings.window, periodMs: 24 * 60 * 60 * 1000 } })(ports), reconciler: (ports) => ports },
  { name: 'an accepted operation is not remembered', requests: withWritten((control) => ({ ...control, applied: [] })) },
  { name: 'an unknown outcome counts as no', requests: withStore((store) => ({ replaceIfUnchanged: async (...args) => await store.replaceIfUnchanged(...args).catch(ifUnknown(() => 'changed' as const)) })) },
  { name: 'an unknown outcome counts as yes', requests: withStore((store) => ({ replaceIfUnchanged: async (current, changes, context) => await store.replaceIfUnchanged(current, changes, context).catch(ifUnknown(() => ({ ...current, content: changes.content ?? current.content, control: changes.control }))) })) },
  { name: 'the end of a lease permits deletion', scenario: withShortLeases, reconciler: (ports) => withStore((store) => ({ get: async (...args) => withoutExpired(ports, await store.get(...args)) }))(ports) },
  { name: 'the pending operation of another is overlooked', requests: withStore((store) => ({ get: async (...args) => withoutOperation(await store.get(...args)) })), reconciler: (ports) => ports },
  { name: 'the old room is deleted before the new one is made', requests: withProvider(deletesBeforeCreating) },
  { name: 'the old room is deleted once the new one is made, before it is published', requests: withProvider(deletesBeforeCommit) },
  { name: 'a deletion leaves the rooms', requests: withProvider((provider) => ({ deleteRoom: async (_room, signal) => { await provider.check(signal) } })) },
  { name: 'rooms of others are taken for ours', requests: withProvider((provider) => ({ findRooms: async (marker, since, signal) => (await provider.findRooms(marker === 'sim' ? 'sim-2' : marker, since, signal)).map((room) => ({ ...room, marker: room.marker?.replace('sim-2', 'sim') })) })) },
  { name: 'the same link for everybody', requests: withProvider((provider) => ({ accessFor: async (room, participant, options, signal) => await provider.accessFor(room, { ...participant, providerUserId: Object.keys(room.links ?? {})[0] ?? 'acc-ada' }, options, signal) })) },
  { name: 'an account for every use', requests: withNewAccounts },
  { name: 'what was read once is given out for ever', requests: withStore(rememberedReads) },
  { name: 'an addition is not looked at', requests: withStore(blindWrites((changes, current) => (changes.content?.participants.length ?? 0) > current.content.participants.length)) },
  { name: 'an answer comes before the write', requests: withStore((store) => ({ replaceIfUnchanged: async (current, changes, context) => changes.control.operation === undefined && changes.control.phase === 'PENDING' ? { ...current, content: changes.content ?? current.content, control: changes.control } : await store.replaceIfUnchanged(current, changes, context) })) },
  { name: 'a deletion is decided without a write', requests: withStore((store) => ({ decideDeletion: async (id, context) => await store.get(id, context) ?? 'unmet' })) },
  { name: 'neither a seal nor a guard for clocks that differ', requests: (ports) => withSeal(withSettings({ window: { ...ports.settings.window, skewMs: 0 } })(ports)) },
  { name: 'no seal where rooms are made late', requests: (ports) => withSeal(withSettings({ roomCreation: 'late' })(ports)) },
  { name: 'the key is not looked up', requests: withStore(() => ({ findByKey: async () => [] })) },
  { name: 'no unique key', keysAreUnique: false },
  { name: 'a booking counts before it was looked whether another has its key', requests: withStore((store) => ({ insert: async (content, control, context) => await store.insert(content, control, context) })) },
  { name: 'the fingerprint is not compared', comparesBodies: false },
  { name: 'a failed booking keeps its key', requests: withStore(failedKeepsKey) },
  { name: 'an expired attempt is not resumed but booked anew while the old can still win', requests: (ports) => withStore(bookedBesideExpired(ports))(ports) },
  { name: 'a key is never forgotten', requests: (ports) => withStore((store) => ({ findByKey: async (...args) => (await store.findByKey(...args)).map((found) => asOfNow(ports, found)) }))(ports) },
  { name: 'the precondition is checked once and not again', precondition: checkedOnce },
  { name: 'the precondition is not checked', precondition: () => () => true },
  { name: 'an addition is not remembered', requests: forgottenAdditions },
  { name: 'a room that may have been changed is trusted when the change is undone', requests: withStore(trustsChangedRooms) },
  { name: 'a room is looked for at the wrong provider', requests: deletesAtDefault },
  { name: 'a room is taken for one of the provider that failed to make it', requests: withWritten((control) => control.fellBackFrom === undefined ? control : { ...control, provider: control.fellBackFrom }) },
  { name: 'the room is forgotten that a provider made all the same when another one stood in', scenario: withoutSearch, requests: withWritten(withoutUnknown) },
  { name: 'a replaced room is taken for one of the new provider', scenario: withoutSearch, requests: withWritten((control) => ({ ...control, garbage: control.garbage.map((item) => 'providerRoomId' in item ? { ...item, provider: control.provider } : item) })) },
  ...SESSION_MUTANTS
]

/** Rooms are made within about a lease, and looked for all the time. */
function withShortLeases (drawn: Scenario): Scenario {
  const { latencyMs, settings } = drawn
  return {
    ...drawn,
    replicas: 3,
    operations: 24,
    horizonMs: latencyMs * 60,
    reconcilerEveryMs: latencyMs * 6,
    settings: { ...settings, leaseMs: latencyMs * 8, roomCreation: 'eager', deletesOrphans: true }
  }
}

function withoutSearch (drawn: Scenario): Scenario {
  return { ...drawn, settings: { ...drawn.settings, deletesOrphans: false } }
}

/** What is at another provider is looked for, and deleted, at the default. */
function deletesAtDefault (ports: Ports): Ports {
  const { deleteRoom, findRooms } = ports.provider
  return withProviders(ports, (provider) => ({ ...provider, deleteRoom, findRooms }))
}

/** What the provider that failed may have made is not noted down. */
function withoutUnknown (control: Control): Control {
  const { fellBackFrom, garbage, room } = control
  return fellBackFrom === undefined ? control : { ...control, garbage: garbage.filter((item) => 'providerRoomId' in item || item.marker !== room?.marker) }
}

const withLease = (control: Control, leaseUntil: number): Control =>
  control.operation === undefined ? control : { ...control, operation: { ...control.operation, leaseUntil } }

/** The replica that sealed believes so, and nobody else. */
function withSeal (ports: Ports): Ports {
  return withStore((store) => ({
    replaceIfUnchanged: async (current, changes, context) => {
      const written = await store.replaceIfUnchanged(current, { ...changes, control: { ...changes.control, sealed: false } }, context)
      return written === 'changed' ? written : { ...written, control: { ...written.control, sealed: changes.control.sealed } }
    }
  }))(ports)
}

function ifUnknown<T> (instead: () => T): (error: unknown) => T {
  return (error) => {
    if (error instanceof StorageTimeout || error instanceof StorageUnavailable) return instead()
    throw error
  }
}

const withoutOperation = (read: Teleconsultation | undefined): Teleconsultation | undefined =>
  read === undefined ? undefined : { ...read, control: { ...read.control, operation: undefined } }

const withoutExpired = (ports: Ports, read: Teleconsultation | undefined): Teleconsultation | undefined =>
  (read?.control.operation?.leaseUntil ?? Infinity) > ports.clock.now().getTime() ? read : withoutOperation(read)

const documentMarker = (marker: string) => marker.split('|').slice(0, 2).join('|')
const everSince = new Date(0)

function deletesBeforeCreating (provider: VideoProvider): Partial<VideoProvider> {
  return {
    createRoom: async (spec, signal) => {
      const before = await provider.findRooms(documentMarker(spec.marker), everSince, signal)
      for (const room of before) await provider.deleteRoom(room, signal)
      return await provider.createRoom(spec, signal)
    }
  }
}

function deletesBeforeCommit (provider: VideoProvider): Partial<VideoProvider> {
  return {
    createRoom: async (spec, signal) => {
      const made = await provider.createRoom(spec, signal)
      const all = await provider.findRooms(documentMarker(spec.marker), everSince, signal)
      for (const room of all) if (room.providerRoomId !== made.providerRoomId) await provider.deleteRoom(room, signal)
      return made
    }
  }
}

function withNewAccounts (ports: Ports): Ports {
  if (!ports.provider.capabilities.registersPeople) return ports
  return withProvider((provider) => ({
    ensureUser: async (person, signal) => await provider.ensureUser({ ...person, externalId: `${person.externalId}+${ports.ids.operation()}` }, signal)
  }))(ports)
}

function rememberedReads (store: TeleconsultationStore): Partial<TeleconsultationStore> {
  const known = new Map<string, Teleconsultation>()
  return {
    get: async (id, context) => {
      const remembered = known.get(id)
      if (remembered !== undefined) return remembered
      const read = await store.get(id, context)
      if (read !== undefined) known.set(id, read)
      return read
    }
  }
}

/** Rolled back as if it had been booked: whoever repeats the request gets the id of what is deleted. */
function failedKeepsKey (store: TeleconsultationStore): Partial<TeleconsultationStore> {
  return {
    replaceIfUnchanged: async (current, { content, control }, context) => {
      const { operation, idempotency } = current.control
      const isRolledBack = control.phase === 'DELETING' && operation?.kind === 'create' && idempotency !== undefined
      return await store.replaceIfUnchanged(current, { content, control: isRolledBack ? { ...control, idempotency, applied: [operation.id] } : control }, context)
    }
  }
}

function trustsChangedRooms (store: TeleconsultationStore): Partial<TeleconsultationStore> {
  return {
    replaceIfUnchanged: async (current, { content, control }, context) => {
      const { operation, room } = current.control
      const isUndone = operation?.inPlace === true && control.room === undefined && room !== undefined && control.phase !== 'DELETING'
      const garbage = control.garbage.filter((item) => !('providerRoomId' in item) || item.providerRoomId !== room?.providerRoomId)
      return await store.replaceIfUnchanged(current, { content, control: isUndone ? { ...control, room, phase: 'READY', garbage } : control }, context)
    }
  }
}

function bookedBesideExpired ({ clock }: Ports): (store: TeleconsultationStore) => Partial<TeleconsultationStore> {
  return (store) => {
    const expired = new Set<string>()
    return {
      findByKey: async (key, context) => {
        const found = await store.findByKey(key, context)
        const usable = found.filter(({ control }) => wasBooked(control) || isHeld(control, clock.now()))
        if (usable.length < found.length) expired.add(key)
        return usable
      },
      insert: async (content, { idempotency, ...control }, context, doubtful) => {
        const isBeside = idempotency !== undefined && expired.has(idempotency.key)
        return await store.insert(content, isBeside ? control : { ...control, idempotency }, context, doubtful)
      }
    }
  }
}

const asOfNow = ({ clock }: Ports, found: Teleconsultation): Teleconsultation => {
  const { idempotency } = found.control
  return idempotency === undefined ? found : { ...found, control: { ...found.control, idempotency: { ...idempotency, at: clock.now().getTime() } } }
}

function checkedOnce (honest: Precondition): Precondition {
  let first: boolean | undefined
  return (content) => {
    first ??= honest(content)
    return first
  }
}

function forgottenAdditions (ports: Ports): Ports {
  return withWritten((control) => ({ ...control, additions: undefined }))(ports)
}
