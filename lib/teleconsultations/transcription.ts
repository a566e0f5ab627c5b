import { CapabilityUnsupported, NotRecorded, RoomNotFound, TranscriptionNotFound } from '../errors.ts'
import type { Transcription } from '../providers/provider.ts'
import { atRoom, whereIs } from './places.ts'
import { callProvider, type Context, type Ports } from './ports.ts'

/** A file may take that many times as long as a call. */
const FILE_TIMES = 6

/**
 * The transcription of one session of a teleconsultation's room. Its body has to be read within the provider's time-out.
 *
 * @throws NOT_RECORDED, CAPABILITY_UNSUPPORTED, TELECONSULTATION_NOT_FOUND, TRANSCRIPTION_NOT_FOUND, STORAGE_*, PROVIDER_*
 */
export async function readTranscription<T> (
  ports: Ports, id: string, sessionId: string, context: Context, read: (transcription: Transcription) => Promise<T>
): Promise<T> {
  if (ports.settings.recording === 'none') throw new NotRecorded()
  if (whereIs(ports, 'transcription') === undefined) throw new CapabilityUnsupported('transcriptions')
  const document = await ports.store.get(id, context)
  if (document === undefined || document.control.phase === 'DELETING') throw new RoomNotFound(id)
  const { room } = document.control
  if (room === undefined) throw new TranscriptionNotFound()
  const there = atRoom(ports, document.control)
  if (there?.provider.capabilities.transcription !== true) throw new CapabilityUnsupported('transcriptions')
  return await callProvider(there, async (provider, signal) => {
    const transcription = await provider.transcription(room, sessionId, signal)
    if (transcription === 'missing') throw new TranscriptionNotFound()
    return await read(transcription)
  }, { atMostMs: FILE_TIMES * ports.settings.providerTimeoutMs })
}
