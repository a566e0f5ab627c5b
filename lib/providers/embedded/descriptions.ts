import { parse } from 'sdp-transform'
import type { ClientMessage } from '../../../schemas/signalling.ts'

type Description = Extract<ClientMessage, { type: 'description' }>['description']
export type DescriptionRefusal = 'TOO_MANY_VIDEOS' | 'DATA_CHANNEL_NOT_ALLOWED' | 'INVALID_DESCRIPTION'

const DIRECTION_LINE = /^a=(?:sendrecv|sendonly|recvonly|inactive)/
const EXACT_DIRECTION = /^a=(?:sendrecv|sendonly|recvonly|inactive)$/
const MEDIA_LINE = /^m=[a-z]+ (?:0|[1-9]\d{0,4}) [A-Za-z0-9/]+ [^\r]+$/

/**
 * Judges a session description that one browser sends to another: undefined when it may pass.
 *
 * A data channel would carry chat and files past the server, and a second video would be a screen that nobody
 * granted; one of either kind of media is the camera and the microphone. Receiving is not limited: whoever sends is
 * judged by their own description.
 */
export function refuseDescription (description: Description, allowed: { screen: boolean }): DescriptionRefusal | undefined {
  // A rollback takes back the sender's own offer and carries no media.
  if (description.type === 'rollback') return description.sdp ? 'INVALID_DESCRIPTION' : undefined
  if (!description.sdp || !readsOneWay(description.sdp)) return 'INVALID_DESCRIPTION'

  const sent = { audio: 0, video: 0 }
  for (const section of parse(description.sdp).media) {
    if (section.type === 'application') return 'DATA_CHANNEL_NOT_ALLOWED'
    if (section.type !== 'audio' && section.type !== 'video') return 'INVALID_DESCRIPTION'
    // Port 0 is a rejected section, unless it rides on another's transport (RFC 9143, bundle-only).
    const rejected = section.port === 0 && section.bundleOnly === undefined
    // Browsers disagree about a direction above the first section, so that only the section's own one takes away.
    const direction = section.direction ?? 'sendrecv'
    if (!rejected && (direction === 'sendrecv' || direction === 'sendonly')) sent[section.type] += 1
  }
  const most = allowed.screen ? 2 : 1
  return sent.audio > most || sent.video > most ? 'TOO_MANY_VIDEOS' : undefined
}

/**
 * Whether every parser reads the same sections and directions from this text. The library takes what it understands
 * and skips the rest, and browsers differ in what they skip: a lone carriage return, for instance, ends a line for
 * one and not for the other, and would hide a sending section.
 */
function readsOneWay (sdp: string): boolean {
  const lines = sdp.split(/\r?\n/)
  if (lines.at(-1) === '') lines.pop()
  if (lines[0] !== 'v=0') return false
  let directions = 0
  for (const line of lines) {
    if (!/^[a-z]=[^\r\n\u2028\u2029\0]*$/.test(line)) return false
    if (line.startsWith('m=')) {
      if (!MEDIA_LINE.test(line)) return false
      directions = 0
    }
    if (DIRECTION_LINE.test(line)) {
      directions += 1
      if (directions > 1 || !EXACT_DIRECTION.test(line)) return false
    }
  }
  return true
}
