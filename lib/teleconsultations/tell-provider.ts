import { sessionOf, standingOf, withStanding, type Session, type Standing } from '../domain/session.ts'
import type { StoredParticipant, Teleconsultation } from '../domain/teleconsultation.ts'
import type { RoomState } from '../providers/provider.ts'
import { atRoom } from './places.ts'
import { isOfProvider } from './room.ts'
import { callProvider, roomParticipantOf, roomSpecOf, unhurried, type Context, type Ports } from './ports.ts'

/**
 * When a decision about somebody binds him at the provider: `now`; with his `next-entry`, an earlier way in being worth nothing, or
 * the one that he has lasting; with the `next-room`, because the vendor's rooms do not change; `pending`: the provider did not answer,
 * and is told again until it does.
 */
export type TakesEffect = 'now' | 'next-entry' | 'next-room' | 'pending'

/**
 * Tells the provider what was decided about one person, and notes down that it knows. The decision stands whatever becomes of
 * this: nothing is given out against it.
 */
export async function tellOfPerson (ports: Ports, document: Teleconsultation, externalId: string, context: Context): Promise<TakesEffect> {
  const standing = standingOf(sessionOf(document), externalId)
  const participant = document.content.participants.find(({ userExternalId }) => userExternalId === externalId)
  if (standing === undefined || participant === undefined) return 'now'
  return await told(ports, document, context, async (there, room) => await tell(there, room, document, participant, standing), (session) =>
    withStanding(session, externalId, ({ untold: _told, ...rest }) => rest))
}

/** The same of the end of a session: who is inside is put out, and nobody comes in any more, as far as the provider can do that. */
export async function tellOfEnd (ports: Ports, document: Teleconsultation, context: Context): Promise<TakesEffect> {
  return await told(ports, document, context, async (there, room) => await close(there, room, document), ({ untoldEnd: _told, ...rest }) => rest)
}

/** Everything that one document's provider was not told of. @throws PROVIDER_*, STORAGE_* */
export async function tellAll (ports: Ports, document: Teleconsultation, context: Context): Promise<void> {
  let current = document
  const { standings = [], untoldEnd } = sessionOf(document)
  for (const { externalId, untold } of standings) {
    if (untold !== true) continue
    await tellOfPerson(ports, current, externalId, context)
    current = await ports.store.get(document.id, context) ?? current
  }
  if (untoldEnd === true) await tellOfEnd(ports, current, context)
}

async function told (
  ports: Ports, document: Teleconsultation, context: Context, tellIt: (there: Ports, room: RoomState) => Promise<TakesEffect>, without: (session: Session) => Session
): Promise<TakesEffect> {
  const there = atRoom(ports, document.control)
  const { room } = document.control
  let effect: TakesEffect = 'now'
  if (there !== undefined && room !== undefined) {
    try {
      effect = await tellIt(there, { ...room, links: linksOf(document) })
    } catch (error) {
      if (!isOfProvider(error)) throw error
      context.log.warn({ err: error, roomId: document.id }, 'The provider was not told yet of a decision about a session')
      return 'pending'
    }
  }
  // Where somebody else writes first the reconciler tells it again, which changes nothing.
  await ports.store.replaceIfUnchanged(document, { control: { ...document.control, session: without(sessionOf(document)) } }, unhurried(context)).catch(() => {})
  return effect
}

const linksOf = (document: Teleconsultation) => Object.fromEntries(document.content.participants.flatMap(({ userBandyerId, accessLinkURL }) =>
  accessLinkURL === null ? [] : [[userBandyerId, accessLinkURL]]))

async function tell (ports: Ports, room: RoomState, { control }: Teleconsultation, participant: StoredParticipant, { removedAt }: Standing): Promise<TakesEffect> {
  const { livePermissions, removal, access } = ports.provider.capabilities
  const who = roomParticipantOf(ports, participant, control)
  if (removedAt !== undefined) {
    if (removal === 'never') return access === 'vendor-link' ? 'next-room' : 'next-entry'
    await callProvider(ports, async (provider, signal) => { await provider.removeParticipant(room, who, signal) })
    return removal
  }
  if (!livePermissions) return access === 'vendor-link' ? 'next-room' : 'next-entry'
  await callProvider(ports, async (provider, signal) => { await provider.setPermissions(room, who, signal) })
  return 'now'
}

async function close (ports: Ports, room: RoomState, { content, control }: Teleconsultation): Promise<TakesEffect> {
  const { roomChange, endCall, uploads, transcription } = ports.provider.capabilities
  if (roomChange === 'change') {
    const endAt = new Date(Math.max(control.session?.endedAt ?? 0, content.startAt.getTime() + 1000))
    const spec = { ...roomSpecOf(ports, content, control, room.marker ?? ''), endAt, durationSeconds: Math.round((endAt.getTime() - content.startAt.getTime()) / 1000) }
    await callProvider(ports, async (provider, signal) => await provider.changeRoom(room, spec, signal))
  }
  if (roomChange === 'replace' && !uploads && !transcription) await callProvider(ports, async (provider, signal) => { await provider.deleteRoom(room, signal) })
  // What is kept with the room must outlive the call.
  else if (endCall) await callProvider(ports, async (provider, signal) => { await provider.endCall(room, signal) })
  return endCall ? 'now' : 'next-entry'
}
