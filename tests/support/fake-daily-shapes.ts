/** What Daily takes in a request's body, and how it refuses anything else. */

export type Check = (value: unknown) => boolean
export const bool: Check = (value) => typeof value === 'boolean'
export const text: Check = (value) => typeof value === 'string' && value !== ''
const seconds: Check = (value) => Number.isSafeInteger(value) && Number(value) > 1e9 && Number(value) < 1e10
export const oneOf = (...words: string[]): Check => (value) => typeof value === 'string' && words.includes(value)
const language = oneOf('da', 'de', 'en', 'es', 'fi', 'fr', 'it', 'jp', 'ka', 'nl', 'no', 'pt', 'pt-BR', 'pl', 'ru', 'sv', 'tr', 'user')
export const recording = oneOf('cloud', 'cloud-audio-only', 'local', 'raw-tracks')
const media: Check = (value) => typeof value === 'boolean' || (Array.isArray(value) && value.every(oneOf('video', 'audio', 'screenVideo', 'screenAudio')))
export const fields = (checks: Record<string, Check>): Check => (value) =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && Object.entries(value).every(([name, one]) => checks[name]?.(one) === true)
export const permissions = fields({ hasPresence: bool, canSend: media, canReceive: () => true, canAdmin: (value) => bool(value) || Array.isArray(value) })

/** An answer that refuses; its prose holds what no log may. */
export class Refusal extends Error {
  readonly status: number
  readonly body: object
  constructor (status: number, error: string, more: object = {}) {
    super(error)
    this.status = status
    this.body = { error, info: 'about somebody@clinic.example, see https://acme.daily.co/secret-link', ...more }
  }
}
export const invalid = (more = {}) => new Refusal(400, 'invalid-request-error', more)
export const notFound = (more = {}) => new Refusal(404, 'not-found', more)

export const ROOM_PROPERTIES = fields({
  nbf: seconds,
  exp: seconds,
  eject_at_room_exp: bool,
  eject_after_elapsed: Number.isInteger,
  enable_knocking: bool,
  max_participants: (value) => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 200,
  enable_screenshare: bool,
  enable_chat: bool,
  start_audio_off: bool,
  start_video_off: bool,
  enable_recording: recording,
  enable_transcription_storage: bool,
  auto_transcription_settings: fields({ language: text, transcription_geo: oneOf('eu', 'global') }),
  lang: language,
  enforce_unique_user_ids: bool,
  permissions
})
export const TOKEN_PROPERTIES = fields({
  room_name: text,
  nbf: seconds,
  exp: seconds,
  user_id: (value) => text(value) && String(value).length <= 36,
  user_name: text,
  is_owner: bool,
  enable_screenshare: bool,
  lang: language,
  permissions,
  enable_recording: recording,
  enable_recording_ui: bool,
  start_cloud_recording: bool,
  auto_start_transcription: bool,
  eject_at_token_exp: bool,
  eject_after_elapsed: Number.isInteger
})
/** What an answer leaves out of a room's configuration. */
export const DEFAULTS: Record<string, unknown> = {
  eject_at_room_exp: false,
  enable_knocking: false,
  max_participants: 200,
  enable_screenshare: true,
  enable_chat: false,
  start_audio_off: false,
  start_video_off: false,
  enable_transcription_storage: false,
  lang: 'en',
  enforce_unique_user_ids: false
}
