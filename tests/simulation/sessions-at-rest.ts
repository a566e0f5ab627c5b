import type { PermissionName } from '../../schemas/permissions.ts'
import { hasUntold } from '../../lib/domain/teleconsultation.ts'
import { abilitiesOf } from './abilities.ts'
import { followedBy, mayHaveHappened, overwritten, type Entry } from './history.ts'
import { comesIn, type SimulatedRoom, type SimulatedVendor, type WayIn } from './provider.ts'
import type { Scenario } from './scenario.ts'
import { isOver, standings, toolsStored } from './session-watch.ts'
import type { Stored } from './watch.ts'

/** Whether the provider knows in the end what was decided about a session. */
export function toldAtRest (stored: Stored, { scenario, vendor }: { scenario: Scenario, vendor: SimulatedVendor }): string[] {
  if (stored.gone) return []
  const { id, control } = stored
  const room = vendor.rooms.get(stored.roomKey)
  return [
    ...hasUntold(control) || control.session?.words !== undefined ? [`the provider was never told all of ${id}`] : [],
    ...room === undefined ? [] : isOver(stored) ? stillOpen(stored, room, scenario) : waysIn(stored, room, scenario)
  ]
}

/** Where the vendor keeps rooms that take changes, or deletes them without losing anything; elsewhere nothing can be asked of it. */
function stillOpen ({ id, startAt, control }: Stored, room: SimulatedRoom, { jitsiEndsCalls }: Scenario): string[] {
  const { roomChange, uploads, transcription, endCall } = abilitiesOf(room.provider, jitsiEndsCalls)
  const endedAt = Math.max(control.session?.endedAt ?? 0, startAt + 1000)
  if (room.disputed === true) return []
  return [
    ...roomChange === 'replace' && !uploads && !transcription && room.madeAgain !== true ? [`${room.id} of ${id} stands, which was ended`] : [],
    ...roomChange === 'change' && room.endAt !== endedAt ? [`${room.id} of ${id} can be entered after its end`] : [],
    ...roomChange === 'change' && endCall && room.endedAt === undefined ? [`the call of ${id} goes on after its end`] : []
  ]
}

function waysIn (stored: Stored, room: SimulatedRoom, { jitsiEndsCalls, settings }: Scenario): string[] {
  const { livePermissions, removal, access } = abilitiesOf(room.provider, jitsiEndsCalls)
  const known = standings(stored)
  return stored.participants.flatMap(({ userExternalId, userBandyerId }) => {
    const { removedAt, revocations = 0 } = known.get(userExternalId) ?? {}
    const about = `${userExternalId} of ${stored.id}`
    const his = room.ways.filter(({ account }) => account === userBandyerId)
    const problems: string[] = []
    if (removedAt !== undefined && removal !== 'never' && (access === 'vendor-link' ? room.people.includes(userExternalId) : his.some((way) => comesIn(room, way)))) problems.push(`${about} was removed and comes in`)
    if (!livePermissions || removedAt !== undefined) return problems
    const tools = toolsStored(stored, userExternalId, settings.privileges)
    const next: WayIn = { account: userBandyerId, revocations, tools: [] }
    if (his.some((way) => way.revocations < revocations && comesIn(room, way))) problems.push(`something was taken from ${about}, and an earlier way in works`)
    if (room.disputed === true) return problems
    if (!comesIn(room, next)) problems.push(`${about} cannot come in`)
    for (const way of his.filter((one) => comesIn(room, one))) {
      const rights = room.rights.get(userBandyerId)
      const has = rights?.tools == null || way.revocations > rights.revocations ? way.tools : rights.tools
      if ([...has].sort().join() !== tools.sort().join()) problems.push(`${about} has ${has.join(' and ')} and should have ${tools.join(' and ')}`)
    }
    return problems
  })
}

/** Whether what clients were told of a session agrees with what is there. */
export function sessionAcknowledged (stored: Stored, entries: readonly Entry[]): string[] {
  const known = standings(stored)
  const isListed = (who: string | undefined) => stored.participants.some(({ userExternalId }) => userExternalId === who)
  const listsWithout = (who: string | undefined) => entries.filter(({ number, people }) => number !== undefined && people?.every(({ externalId }) => externalId !== who) === true)
  const done = (kind: Entry['kind']) => entries.filter((entry) => entry.kind === kind && entry.outcome === 'done')
  const about = (who: string | undefined, kinds: ReadonlyArray<Entry['kind']>) =>
    entries.filter(({ kind, about, people }) => kinds.includes(kind) && (about === who || people?.some(({ externalId }) => externalId === who) === true))
  return [
    ...done('permit').flatMap((entry) => (Object.entries(entry.grants ?? {}) as Array<[PermissionName, boolean]>)
      .filter(([name, value]) => known.get(entry.about ?? '')?.permissions?.[name] !== value)
      .filter(([name]) => followedBy(entry, about(entry.about, ['permit', 'invite']).filter(({ grants }) => grants?.[name] !== undefined)).length === 0)
      // Who is removed, or not in a new list, loses what he had.
      .filter(() => followedBy(entry, [...about(entry.about, ['dismiss']), ...listsWithout(entry.about)]).length === 0)
      .map(([name]) => `${name} of ${entry.about} in ${stored.id} is not as it was acknowledged`)),
    ...done('dismiss')
      .filter((entry) => known.get(entry.about ?? '')?.removedAt === undefined && isListed(entry.about) && followedBy(entry, about(entry.about, ['invite', 'change', 'add'])).length === 0)
      .map((entry) => `the acknowledged removal of ${entry.about} from ${stored.id} was lost`),
    ...done('invite')
      .filter((entry) => known.get(entry.about ?? '')?.removedAt !== undefined && followedBy(entry, about(entry.about, ['dismiss'])).length === 0)
      .map((entry) => `${entry.about} was invited to ${stored.id} and is removed`),
    ...done('end').length > 0 && !isOver(stored) ? [`the acknowledged end of ${stored.id} was lost`] : [],
    ...titleOf(stored, entries)
  ]
}

function titleOf ({ id, control }: Stored, entries: readonly Entry[]): string[] {
  const titled = entries.filter(({ title }) => title !== undefined)
  if (titled.length === 0) return []
  const written = titled.filter(({ title }) => title === control.session?.title)
  if (!written.some(mayHaveHappened)) return titled.some(({ outcome }) => outcome === 'done') ? [`${id} has a title that nobody acknowledged`] : []
  return written.every((entry) => overwritten(entry, titled)) ? [`the title of ${id} is older than what was acknowledged`] : []
}
