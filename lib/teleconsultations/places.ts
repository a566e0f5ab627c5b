import { CapabilityLimit } from '../errors.ts'
import type { Content, Control, StoredParticipant, Teleconsultation } from '../domain/teleconsultation.ts'
import type { KnownPerson } from '../domain/participants.ts'
import type { Capabilities } from '../providers/provider.ts'
import type { Ports } from './ports.ts'

/** The ports as an operation sees them that works with one certain provider. Undefined: that one is not in use (any more). */
export function atProvider (ports: Ports, name: string): Ports | undefined {
  if (ports.provider.name === name) return ports
  const provider = inUse(ports).find((other) => other.name === name)
  return provider === undefined ? undefined : { ...ports, provider, others: inUse(ports).filter((other) => other !== provider) }
}

const inUse = ({ provider, others = [] }: Ports) => [provider, ...others]

/** One view for each provider in use, the default first. */
export const everywhere = (ports: Ports): Ports[] => inUse(ports).flatMap(({ name }) => atProvider(ports, name) ?? [])

/** The first provider in use that can do it. */
export const whereIs = (ports: Ports, capability: 'uploads' | 'transcription' | 'background' | 'sdkCredentials') =>
  everywhere(ports).find(({ provider }) => provider.capabilities[capability])

/**
 * Where a room for this content is to be made: what the booking chose, else what the groups of those say who hold the call, else
 * the default.
 */
export function atTarget (ports: Ports, { chosen }: Pick<Control, 'chosen'>, participants: ReadonlyArray<Pick<StoredParticipant, 'groups' | 'privilege'>>): Ports {
  const home = ports.settings.choice?.default ?? ports.provider.name
  return (chosen === undefined ? undefined : atProvider(ports, chosen)) ??
    atGroups(ports, participants) ??
    atProvider(ports, home) ?? ports
}

function atGroups (ports: Ports, participants: ReadonlyArray<Pick<StoredParticipant, 'groups' | 'privilege'>>): Ports | undefined {
  for (const [group, name] of ports.settings.choice?.byGroup ?? []) {
    if (participants.some(({ groups, privilege }) => privilege !== 'basic' && groups?.includes(group) === true)) return atProvider(ports, name)
  }
  return undefined
}

/** Where the room of record is. Undefined: there is none, or its provider is not in use any more. */
export const atRoom = (ports: Ports, { room, provider }: Control): Ports | undefined =>
  room === undefined ? undefined : atProvider(ports, provider)

/** Where the document is at home: with its room, else where that will be made. */
export const atHome = (ports: Ports, control: Control, { participants }: Content): Ports =>
  atRoom(ports, control) ?? atTarget(ports, control, participants)

/** @throws CAPABILITY_LIMIT where a request may not choose, or chose one that is not in use */
export function checkChoice (ports: Ports, chosen: string | undefined): void {
  if (chosen === undefined) return
  if (ports.settings.choice?.perRequest !== true) throw new CapabilityLimit('a booking to choose its provider: videoProviders.perRequest of the service configuration is off')
  if (atProvider(ports, chosen) === undefined) throw new CapabilityLimit('a provider that is not in use')
}

/**
 * The participants with the ids that they have at this provider, as far as these are known without registering anybody.
 *
 * @param before the provider whose ids they have
 */
export function seatedAt ({ provider }: Ports, before: string, participants: readonly StoredParticipant[], privilegeOf: (participant: StoredParticipant) => KnownPerson['privilege'] | undefined): StoredParticipant[] {
  return participants.map((participant) => {
    const { userExternalId: externalId } = participant
    // In documents of the original somebody may have no other id.
    if (externalId === undefined) return participant
    if (provider.capabilities.registersPeople) return before === provider.name ? participant : { ...participant, userBandyerId: '' }
    return { ...participant, userBandyerId: provider.accountOf({ externalId, privilege: privilegeOf(participant) ?? 'basic' }) }
  })
}

/** What was configured and this provider cannot give: named tools, the kind of recording. */
export function unsupportedBy ({ settings }: Ports, { tools, recording }: Capabilities): string[] {
  return [
    ...[...settings.wishes?.tools ?? []].filter((tool) => !tools.has(tool)).map((tool) => `tool ${tool}`),
    ...recording.has(settings.recording) ? [] : [`recording ${settings.recording}`]
  ]
}

/** @throws CAPABILITY_LIMIT where one is missing, unless that is accepted */
export function checkWishes (ports: Ports): void {
  if (ports.settings.wishes?.accepted !== false) return
  const [missing] = unsupportedBy(ports, ports.provider.capabilities)
  if (missing !== undefined) throw new CapabilityLimit(missing)
}

/** The same of a booking that was taken. */
export const unsupportedIn = (ports: Ports, { control }: Teleconsultation): string[] => {
  const there = atProvider(ports, control.provider)
  return there === undefined || ports.settings.wishes?.accepted !== true ? [] : unsupportedBy(there, there.provider.capabilities)
}
