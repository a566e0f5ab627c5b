import type { Control, Teleconsultation } from '../../lib/domain/teleconsultation.ts'
import type { VideoProvider } from '../../lib/providers/provider.ts'
import type { Changes, TeleconsultationStore } from '../../lib/storage/teleconsultation-store.ts'
import type { Ports, Settings } from '../../lib/teleconsultations/ports.ts'

/** What mutants change in what the operations reach the world by. */

export function withStore (change: (store: TeleconsultationStore) => Partial<TeleconsultationStore>): (ports: Ports) => Ports {
  return (ports) => ({ ...ports, store: { ...ports.store, ...change(ports.store) } })
}

export function withProvider (change: (provider: VideoProvider) => Partial<VideoProvider>): (ports: Ports) => Ports {
  return (ports) => withProviders(ports, (provider) => ({ ...provider, ...change(provider) }))
}

export function withProviders (ports: Ports, change: (provider: VideoProvider) => VideoProvider): Ports {
  const changed = new Map([ports.provider, ...ports.others ?? []].map((provider) => [provider, change(provider)]))
  const instead = (provider: VideoProvider) => changed.get(provider) ?? provider
  return { ...ports, provider: instead(ports.provider), others: ports.others?.map(instead), fallback: ports.fallback === undefined ? undefined : instead(ports.fallback) }
}

export function withSettings (change: Partial<Settings>): (ports: Ports) => Ports {
  return (ports) => ({ ...ports, settings: { ...ports.settings, ...change } })
}

export function withWritten (change: (control: Control) => Control): (ports: Ports) => Ports {
  return withStore((store) => ({
    insert: (content, control, context, doubtful) => store.insert(content, change(control), context, doubtful),
    replaceIfUnchanged: (current, changes, context) => store.replaceIfUnchanged(current, { ...changes, control: change(changes.control) }, context)
  }))
}

export function blindWrites (when: (changes: Changes, current: Teleconsultation) => boolean): (store: TeleconsultationStore) => Partial<TeleconsultationStore> {
  return (store) => ({
    replaceIfUnchanged: async (current, changes, context) => {
      if (!when(changes, current)) return await store.replaceIfUnchanged(current, changes, context)
      const now = await store.get(current.id, context)
      return now === undefined ? 'changed' : await store.replaceIfUnchanged({ ...current, version: now.version }, changes, context)
    }
  })
}
