import { CapabilityLimit, ProviderBusy } from '../../errors.ts'
import { readRecordings, readRoom, readStatus } from './answers.ts'
import type { DailyCalls } from './calls.ts'
import { presenceIn } from './presence.ts'
import { isEntry, refused } from '../vendor.ts'
import type { VendorAnswer } from '../kaleyra-common/calls.ts'

/** Recordings of one room that are looked at, the newest first. */
const RECENT = 20

/**
 * Begins to record in Daily's cloud. Daily records on request only where the room allows it; the room gives that to owners
 * alone, because everybody else's token says that he administers nothing. It may answer for some seconds after the first one
 * came as if nobody were inside: then it is busy to us. Daily ends a recording by itself when all have been silent for five
 * minutes, and after three hours.
 *
 * @throws CAPABILITY_LIMIT where nobody is inside, PROVIDER_BUSY where Daily has not noticed yet that somebody is
 */
export async function startRecording (calls: DailyCalls, room: string, signal: AbortSignal): Promise<void> {
  const nobody = () => new CapabilityLimit('recording where nobody is inside')
  if ((await presenceIn(calls, room, signal)).count === 0) throw nobody()
  if (!await allowRecording(calls, room, signal)) throw nobody()
  const answer = await calls.call({ what: 'start recording', method: 'POST', path: `/rooms/${room}/recordings/start`, body: { type: 'cloud' }, expect: [400, 404, 409] }, signal)
  if (answer.status < 400) {
    readStatus(answer.body)
    return
  }
  const refusal = refused('start recording', answer)
  if (answer.status === 404) {
    if ((await presenceIn(calls, room, signal)).count === 0) throw nobody()
    throw new ProviderBusy({ cause: refusal.cause })
  }
  if (!saysActive(answer) && !await isRecorded(calls, room, signal)) throw refusal
}

/**
 * Ends what `startRecording` or the page's button began. Daily answers 400 where none is active (its reference, 2025), and 404
 * where nobody is inside. Its list of recordings is not asked: one that has just ended may still be shown as going on.
 */
export async function stopRecording (calls: DailyCalls, room: string, signal: AbortSignal): Promise<void> {
  const answer = await calls.call({ what: 'stop recording', method: 'POST', path: `/rooms/${room}/recordings/stop`, body: { type: 'cloud' }, expect: [400, 404] }, signal)
  if (answer.status < 400) readStatus(answer.body)
}

/** @returns false where the room is missing */
async function allowRecording (calls: DailyCalls, room: string, signal: AbortSignal): Promise<boolean> {
  const path = `/rooms/${room}`
  const there = await calls.call({ what: 'read room', method: 'GET', path, expect: [404] }, signal)
  if (there.status === 404) return false
  if (readRoom(there.body).config?.['enable_recording'] !== undefined) return true
  const changed = await calls.call({ what: 'allow recording', method: 'POST', path, body: { properties: { enable_recording: 'cloud' } }, expect: [404] }, signal)
  if (changed.status === 404) return false
  readRoom(changed.body)
  return true
}

// Documented nowhere; Daily's users tell of these words. Where they change the list of recordings is asked.
const saysActive = ({ body }: VendorAnswer) => isEntry(body) && /active stream/i.test(String(body['info']))

async function isRecorded (calls: DailyCalls, room: string, signal: AbortSignal): Promise<boolean> {
  const { body } = await calls.call({ what: 'list recordings', method: 'GET', path: `/recordings?room_name=${room}&limit=${RECENT}` }, signal)
  return readRecordings(body).data.some(({ status }) => status === 'in-progress')
}
