import { hasWordsUnderWay, sessionOf, standingOf, withStanding, type Session } from '../domain/session.ts'
import { hasUntold, type Teleconsultation } from '../domain/teleconsultation.ts'
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
 * The session as it is to be written when its provider will be told something: what is sent before `until` may arrive after what is
 * sent later, unless its sender heard that it did. Who finds such words under way tells his own all the same, and leaves it to the
 * reconciler to tell everything once more when none of them can arrive any more.
 */
export function withWords (ports: Ports, session: Session): Session {
  const now = ports.clock.now()
  const { leaseMs, providerTimeoutMs, window } = ports.settings
  const until = now.getTime() + leaseMs + providerTimeoutMs + 2 * window.skewMs
  return { ...session, words: { until: Math.max(until, session.words?.until ?? 0), ...hasWordsUnderWay(session, now) ? { contested: true as const } : {} } }
}

/**
 * Tells the provider what was decided about one person, and notes down that it knows. The decision stands whatever becomes of
 * this: nothing is given out against it.
 *
 * @param document as the decision, `withWords`, was written
 */
export async function tellOfPerson (ports: Ports, document: Teleconsultation, externalId: string, context: Context): Promise<TakesEffect> {
  const effect = await trying(ports, document, context, async (there, room) => await tell(there, room, document, externalId))
  if (effect !== 'pending' && sessionOf(document).words?.contested !== true) await note(ports, document, knowing(sessionOf(document), [externalId], false), context)
  return effect
}

/** The same of the end of a session: who is inside is put out, and nobody comes in any more, as far as the provider can do that. */
export async function tellOfEnd (ports: Ports, document: Teleconsultation, context: Context): Promise<TakesEffect> {
  const effect = await trying(ports, document, context, async (there, room) => await close(there, room, document))
  if (effect !== 'pending' && sessionOf(document).words?.contested !== true) await note(ports, document, knowing(sessionOf(document), [], true), context)
  return effect
}

/** Everything that one document's provider was not told of, once no words are under way. @throws STORAGE_* */
export async function tellAll (ports: Ports, document: Teleconsultation, context: Context): Promise<void> {
  // Of several who come now, and of one who decides something else meanwhile, one is first.
  const claimed = await ports.store.replaceIfUnchanged(document, { control: { ...document.control, session: withWords(ports, sessionOf(document)) } }, context)
  if (claimed === 'changed') return
  const session = sessionOf(claimed)
  const told: string[] = []
  for (const { externalId, untold } of session.standings ?? []) {
    if (untold === true && await trying(ports, claimed, context, async (there, room) => await tell(there, room, claimed, externalId)) !== 'pending') told.push(externalId)
  }
  const toldEnd = session.untoldEnd === true && await trying(ports, claimed, context, async (there, room) => await close(there, room, claimed)) !== 'pending'
  if (told.length > 0 || toldEnd) await note(ports, claimed, knowing(session, told, toldEnd), context)
}

async function trying (ports: Ports, document: Teleconsultation, context: Context, tellIt: (there: Ports, room: RoomState) => Promise<TakesEffect>): Promise<TakesEffect> {
  const there = atRoom(ports, document.control)
  const { room } = document.control
  if (there === undefined || room === undefined) return 'now'
  try {
    return await tellIt(there, { ...room, links: linksOf(document) })
  } catch (error) {
    if (!isOfProvider(error)) throw error
    context.log.warn({ err: error, roomId: document.id }, 'The provider was not told yet of a decision about a session')
    return 'pending'
  }
}

/** Nothing is sent that may still be on its way, within its time, when nobody reckons with it any more. */
const inTime = ({ settings: { window, providerTimeoutMs } }: Ports, document: Teleconsultation) =>
  ({ endsAt: (sessionOf(document).words?.until ?? 0) - 2 * window.skewMs - providerTimeoutMs })

/** What the session is once the provider knows of these, and of its end. While it does not know of all, words may be under way. */
function knowing (session: Session, externalIds: readonly string[], end: boolean): Session {
  const { untoldEnd, words, ...rest } = externalIds.reduce((before, externalId) => withStanding(before, externalId, ({ untold: _told, unseated: _seated, ...standing }) => standing), session)
  const left: Session = end || untoldEnd === undefined ? rest : { ...rest, untoldEnd }
  return words !== undefined && hasUntold({ session: left }) ? { ...left, words } : left
}

// Where somebody else writes first the reconciler tells it again, which changes nothing.
const note = async (ports: Ports, document: Teleconsultation, session: Session, context: Context) => {
  await ports.store.replaceIfUnchanged(document, { control: { ...document.control, session } }, unhurried(context)).catch(() => {})
}

const linksOf = (document: Teleconsultation) => Object.fromEntries(document.content.participants.flatMap(({ userBandyerId, accessLinkURL }) =>
  accessLinkURL === null ? [] : [[userBandyerId, accessLinkURL]]))

async function tell (ports: Ports, room: RoomState, document: Teleconsultation, externalId: string): Promise<TakesEffect> {
  const { content, control } = document
  const session = sessionOf(document)
  const { livePermissions, removal, access, roomChange } = ports.provider.capabilities
  const standing = standingOf(session, externalId)
  const participant = content.participants.find(({ userExternalId }) => userExternalId === externalId)
  // Nobody else has a way in.
  if (standing === undefined || participant === undefined) return 'now'
  const who = roomParticipantOf(ports, participant, control)
  if (standing.removedAt !== undefined) {
    if (removal === 'never') return access === 'vendor-link' ? 'next-room' : 'next-entry'
    await callProvider(ports, async (provider, signal) => { await provider.removeParticipant(room, who, signal) }, inTime(ports, document))
    return removal
  }
  // Where the provider keeps who may come in.
  if (standing.unseated === true && roomChange === 'change' && session.endedAt === undefined) {
    const spec = roomSpecOf(ports, content, control, room.marker ?? '')
    await callProvider(ports, async (provider, signal) => await provider.changeRoom(room, spec, signal), inTime(ports, document))
  }
  if (!livePermissions) return access === 'vendor-link' ? 'next-room' : 'next-entry'
  await callProvider(ports, async (provider, signal) => { await provider.setPermissions(room, who, signal) }, inTime(ports, document))
  return 'now'
}

async function close (ports: Ports, room: RoomState, document: Teleconsultation): Promise<TakesEffect> {
  const { content, control } = document
  const { roomChange, endCall, uploads, transcription } = ports.provider.capabilities
  if (roomChange === 'change') {
    const endAt = new Date(Math.max(control.session?.endedAt ?? 0, content.startAt.getTime() + 1000))
    const spec = { ...roomSpecOf(ports, content, control, room.marker ?? ''), endAt, durationSeconds: Math.round((endAt.getTime() - content.startAt.getTime()) / 1000) }
    await callProvider(ports, async (provider, signal) => await provider.changeRoom(room, spec, signal), inTime(ports, document))
  }
  if (roomChange === 'replace' && !uploads && !transcription) await callProvider(ports, async (provider, signal) => { await provider.deleteRoom(room, signal) }, inTime(ports, document))
  // What is kept with the room must outlive the call.
  else if (endCall) await callProvider(ports, async (provider, signal) => { await provider.endCall(room, signal) }, inTime(ports, document))
  return endCall ? 'now' : 'next-entry'
}
