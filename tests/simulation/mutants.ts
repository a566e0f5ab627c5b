import type { Control, Teleconsultation } from '../../lib/domain/teleconsultation.ts'
import { StorageTimeout, StorageUnavailable } from '../../lib/errors.ts'
import type { VideoProvider } from '../../lib/providers/provider.ts'
import type { Changes, TeleconsultationStore } from '../../lib/storage/teleconsultation-store.ts'
import type { Ports, Settings } from '../../lib/teleconsultations/ports.ts'

/** A fault of the service written back in, which the invariants must notice. */
export interface Mutant {
  name: string
  /** What the requests reach the world by. */
  requests? (ports: Ports): Ports
  /** The same of the reconciler; absent: as `requests`. */
  reconciler? (ports: Ports): Ports
  /** Absent: it reconciles. */
  reconciles?: false
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
  { name: 'the end of a lease permits deletion', reconciler: (ports) => withStore((store) => ({ get: async (...args) => withoutExpired(ports, await store.get(...args)) }))(ports) },
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
  { name: 'a deletion is decided without a write', requests: withStore((store) => ({ decideDeletion: async (id, context) => await store.get(id, context) ?? 'unmet' })) }
]

function withStore (change: (store: TeleconsultationStore) => Partial<TeleconsultationStore>): (ports: Ports) => Ports {
  return (ports) => ({ ...ports, store: { ...ports.store, ...change(ports.store) } })
}

function withProvider (change: (provider: VideoProvider) => Partial<VideoProvider>): (ports: Ports) => Ports {
  return (ports) => ({ ...ports, provider: { ...ports.provider, ...change(ports.provider) } })
}

function withSettings (change: Partial<Settings>): (ports: Ports) => Ports {
  return (ports) => ({ ...ports, settings: { ...ports.settings, ...change } })
}

function withWritten (change: (control: Control) => Control): (ports: Ports) => Ports {
  return withStore((store) => ({
    insert: (content, control, context) => store.insert(content, change(control), context),
    replaceIfUnchanged: (current, changes, context) => store.replaceIfUnchanged(current, { ...changes, control: change(changes.control) }, context)
  }))
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

function blindWrites (when: (changes: Changes, current: Teleconsultation) => boolean): (store: TeleconsultationStore) => Partial<TeleconsultationStore> {
  return (store) => ({
    replaceIfUnchanged: async (current, changes, context) => {
      if (!when(changes, current)) return await store.replaceIfUnchanged(current, changes, context)
      const now = await store.get(current.id, context)
      return now === undefined ? 'changed' : await store.replaceIfUnchanged({ ...current, version: now.version }, changes, context)
    }
  })
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
