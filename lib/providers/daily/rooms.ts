import { isDeepStrictEqual } from 'node:util'
import type { RoomSpec } from '../provider.ts'
import type { DailyRoom } from './answers.ts'
import { languageOf } from './languages.ts'
import { dateOf, unusable } from '../vendor.ts'

export interface RoomRules {
  /** BCP 47: of the page, where nobody says otherwise. */
  language?: string | undefined
  /** Milliseconds before the start from which people may be inside. */
  entryLeadMs: number
  /** Whether what is said in recorded rooms is written down. */
  transcribe: boolean
  /** Where speech is turned into text; undefined: as the vendor likes. */
  transcriptionGeo?: 'eu' | 'global' | undefined
}

/** What Daily calls a room's `properties`. */
export type RoomProperties = Readonly<Record<string, unknown>>

/**
 * Every property that the spec decides, also where Daily's default is the same: the domain's defaults are not Daily's. A
 * limited call ends for everybody at its end, and is counted in seconds since 1970, so that no change of clocks moves it.
 * One without limit has neither `nbf` nor `exp`: its dates change without its room, and each way in has both of its own.
 */
export function propertiesOf ({ startAt, durationSeconds, participants, recording }: RoomSpec, rules: RoomRules): RoomProperties {
  const startSeconds = Math.floor(startAt.getTime() / 1000)
  const limits = durationSeconds === undefined
    ? {}
    : { nbf: startSeconds - leadSeconds(rules), exp: startSeconds + durationSeconds }
  return {
    ...limits,
    eject_at_room_exp: durationSeconds !== undefined,
    start_audio_off: true,
    start_video_off: true,
    max_participants: participants.length,
    // Who comes again, or hands his link on, takes his own seat and nobody else's.
    enforce_unique_user_ids: true,
    enable_knocking: false,
    enable_screenshare: participants.some(({ tools }) => tools.has('screen_sharing')),
    // The room has a chat for all or for none: nobody gets by others what is withheld from him.
    enable_chat: participants.every(({ tools }) => tools.has('chat')),
    lang: languageOf(rules.language),
    ...(rules.transcribe && recording !== 'none' ? { enable_transcription_storage: true, ...transcriptionSettings(rules) } : {})
  }
}

function transcriptionSettings ({ language, transcriptionGeo }: RoomRules): RoomProperties {
  const settings = {
    ...(language === undefined ? {} : { language }),
    ...(transcriptionGeo === undefined ? {} : { transcription_geo: transcriptionGeo })
  }
  return Object.keys(settings).length === 0 ? {} : { auto_transcription_settings: settings }
}

const leadSeconds = ({ entryLeadMs }: Pick<RoomRules, 'entryLeadMs'>) => Math.ceil(entryLeadMs / 1000)

/** How long the room's call may last; undefined: without limit. */
export function limitOf ({ config = {} }: DailyRoom, rules: Pick<RoomRules, 'entryLeadMs'>): number | undefined {
  const { nbf, exp } = config
  return typeof nbf === 'number' && typeof exp === 'number' ? exp - nbf - leadSeconds(rules) : undefined
}

export const isOver = ({ config }: DailyRoom, now: Date) => typeof config?.exp === 'number' && config.exp * 1000 <= now.getTime()

export const createdAtOf = (room: DailyRoom): Date | undefined => dateOf(room.created_at)

// What an answer leaves out is as Daily has it by default.
const DEFAULTS: RoomProperties = {
  eject_at_room_exp: false,
  start_audio_off: false,
  start_video_off: false,
  max_participants: 200,
  enforce_unique_user_ids: false,
  enable_knocking: false,
  enable_screenshare: true,
  enable_chat: false,
  enable_transcription_storage: false,
  lang: 'en'
}

export const differs = ({ privacy, config = {} }: DailyRoom, wanted: RoomProperties) =>
  privacy !== 'private' || Object.entries(wanted).some(([name, value]) => !isDeepStrictEqual(config[name] ?? DEFAULTS[name], value))

/** Daily names no way to take a room's times away again. */
export const canBecome = ({ config = {} }: DailyRoom, wanted: RoomProperties) =>
  ['nbf', 'exp'].every((name) => wanted[name] !== undefined || typeof config[name] !== 'number')

/**
 * The room that Daily says it has made of what was wanted.
 *
 * @throws PROVIDER_BAD_ANSWER where it is another one, open to everybody, or does not keep the times
 */
export function confirmed (room: DailyRoom, name: string, wanted: RoomProperties): DailyRoom {
  const { config = {}, privacy } = room
  if (room.name !== name) throw unusable('a room of another name', room)
  if (privacy !== 'private') throw unusable('a room that is not private', room)
  const kept = ['nbf', 'exp'].every((key) => (config[key] ?? null) === (wanted[key] ?? null))
  // Left out it may be the domain's default; said, it has to be what was asked for.
  const { eject_at_room_exp: ejects = wanted['eject_at_room_exp'] } = config
  if (!kept || ejects !== wanted['eject_at_room_exp']) throw unusable('a room without the times that were asked for', room)
  return room
}
