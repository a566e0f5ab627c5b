import type { AccessOptions, RecordingKind, RoomParticipant } from '../provider.ts'
import { languageOf } from './languages.ts'
import { mediaOf } from './permissions.ts'
import { userIdOf } from './user-ids.ts'

export interface TokenSubject {
  room: string
  recording: RecordingKind
  participant: RoomParticipant
  options: AccessOptions
  /** BCP 47: where neither the call's page nor the participant has a language. */
  language: string | undefined
  /** Whether what is said in recorded rooms is written down. */
  transcribe: boolean
}

/** Daily keeps a token below 2048 characters; a name's characters take up to eight of them each. */
const NAME_MAX_CHARACTERS = 100

/**
 * What a meeting token says. Room and both times are always in it: without them a token would open every room of the
 * domain, for ever. No token has an eject property of its own: with one, Daily overlooks the room's for its holder.
 */
export function tokenProperties ({ room, recording, participant, options, language, transcribe }: TokenSubject): object {
  const isOwner = participant.privilege === 'plus'
  const records = isOwner && recording !== 'none'
  return {
    room_name: room,
    nbf: Math.floor(options.notBefore.getTime() / 1000),
    exp: Math.ceil(options.expiresAt.getTime() / 1000),
    user_id: userIdOf(participant.providerUserId, participant.revocations ?? 0),
    ...(participant.fullName === undefined ? {} : { user_name: [...participant.fullName].slice(0, NAME_MAX_CHARACTERS).join('') }),
    is_owner: isOwner,
    lang: languageOf(options.language ?? participant.language ?? language),
    // It holds for the whole call: who is no owner has it by his permissions, which can be changed, and which bind no owner.
    enable_screenshare: !isOwner || participant.tools.has('screen_sharing'),
    permissions: {
      hasPresence: true,
      canSend: mediaOf(participant.tools),
      // An owner administers by being one.
      ...(isOwner ? {} : { canAdmin: false })
    },
    // Recording is the owners' right, and so it is in their tokens and not in the room, where everybody would have it.
    enable_recording_ui: records,
    ...(records ? { enable_recording: 'cloud' } : {}),
    ...(records && recording === 'automatic' ? { start_cloud_recording: true } : {}),
    ...(records && transcribe ? { auto_start_transcription: true } : {})
  }
}
