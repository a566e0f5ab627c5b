import { CapabilityUnsupported, RoomNotFound, SessionEnded } from '../errors.ts'
import { sessionOf, type Session } from '../domain/session.ts'
import type { Teleconsultation } from '../domain/teleconsultation.ts'
import { atRoom } from './places.ts'
import { changeSession } from './session-record.ts'
import { tellOfEnd, withWords } from './tell-provider.ts'
import type { Ruled } from './session-people.ts'
import { callProvider, type Context, type Ports } from './ports.ts'

/**
 * Ends a session for good: who is inside is put out, and no way in is given any more. It stays on record. Repeating it is harmless.
 *
 * @throws what `changeSession` throws
 */
export async function endSession (ports: Ports, id: string, context: Context): Promise<Ruled> {
  const document = await changeSession(ports, id, context, (current) => {
    const session = sessionOf(current)
    if (session.endedAt !== undefined && session.untoldEnd !== true) return undefined
    const { recordedSince: _over, ...rest } = session
    const over: Session = { ...rest, endedAt: session.endedAt ?? ports.clock.now().getTime() }
    return { session: current.control.room === undefined ? over : withWords(ports, { ...over, untoldEnd: true }) }
  })
  return { document, takesEffect: document.control.session?.untoldEnd === true ? await tellOfEnd(ports, document, context) : 'now' }
}

/**
 * Puts out who is inside; whoever takes part may come back in.
 *
 * @throws TELECONSULTATION_NOT_FOUND, SESSION_ENDED, CAPABILITY_UNSUPPORTED, STORAGE_*, PROVIDER_*
 */
export async function closeFeed (ports: Ports, id: string, context: Context): Promise<void> {
  const document = await ports.store.get(id, context)
  if (document === undefined || document.control.phase === 'DELETING') throw new RoomNotFound(id)
  const { there, room } = openRoom(ports, document)
  if (there === undefined || room === undefined) return
  if (!there.provider.capabilities.endCall) throw new CapabilityUnsupported('ending a call')
  await callProvider(there, async (provider, signal) => { await provider.endCall(room, signal) }, context)
}

/**
 * Begins or ends recording the call that runs.
 *
 * @throws SESSION_ENDED, CAPABILITY_UNSUPPORTED, CAPABILITY_LIMIT, PROVIDER_*, and what `changeSession` throws
 */
export async function recordSession (ports: Ports, id: string, records: boolean, context: Context): Promise<Teleconsultation> {
  const now = await changeSession(ports, id, context, () => undefined)
  const { there, room } = openRoom(ports, now)
  if (there?.provider.capabilities.recordsOnRequest !== true || room === undefined) throw new CapabilityUnsupported('recording on request')
  await callProvider(there, async (provider, signal) => { await (records ? provider.startRecording(room, signal) : provider.stopRecording(room, signal)) }, context)
  return await changeSession(ports, id, context, (current) => {
    const { recordedSince, ...session } = sessionOf(current)
    if ((recordedSince !== undefined) === records) return undefined
    return { session: records ? { ...session, recordedSince: ports.clock.now().getTime() } : session }
  })
}

function openRoom (ports: Ports, document: Teleconsultation) {
  if (sessionOf(document).endedAt !== undefined) throw new SessionEnded()
  return { there: atRoom(ports, document.control), room: document.control.room }
}
