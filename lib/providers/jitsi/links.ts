import type { RoomParticipant } from '../provider.ts'
import type { JitsiSettings } from './settings.ts'

export interface LinkContent {
  room: string
  token: string
  participant: Pick<RoomParticipant, 'privilege' | 'fullName' | 'tools'>
  mayRecord: boolean
  /** BCP 47. */
  language: string | undefined
}

/** Jitsi's translations that have a region; of all others it knows the language alone. */
const REGIONAL = new Set(['es-us', 'fr-ca', 'pt-br', 'zh-cn', 'zh-tw'])

const BUTTONS = [
  'microphone', 'camera', 'toggle-camera', 'hangup', 'raisehand', 'tileview', 'fullscreen', 'participants-pane',
  'select-background', 'noisesuppression', 'videoquality', 'settings'
]

/**
 * The page of the call for one person. The token stands in the fragment, which jitsi-meet reads since May 2024 (pull
 * requests 14749 and 14760) as JSON; older ones read the query alone. What follows it is comfort: whoever holds the
 * link can edit it, and what binds him stands in the token.
 */
export function linkOf (settings: Pick<JitsiSettings, 'url' | 'tenant' | 'linkToken' | 'startMuted'>, content: LinkContent): string {
  const { url, tenant, linkToken } = settings
  const query = new URLSearchParams()
  if (content.language !== undefined) query.set('lang', languageOf(content.language))
  if (linkToken === 'query') query.set('jwt', content.token)
  const fragment = Object.entries({ ...linkToken === 'fragment' && { jwt: content.token }, ...overrides(settings, content) })
    .map(([key, value]) => `${key}=${encodeURIComponent(JSON.stringify(value))}`)
  return `${url}${tenant === undefined ? '' : `/${tenant}`}/${content.room}${query.size === 0 ? '' : `?${query.toString()}`}#${fragment.join('&')}`
}

/** Keys of jitsi-meet's configWhitelist.ts; it takes no others from an address. */
const overrides = ({ startMuted }: Pick<JitsiSettings, 'startMuted'>, { participant, mayRecord }: LinkContent) => ({
  'config.toolbarButtons': buttonsOf(participant, mayRecord),
  'config.disableInviteFunctions': true,
  // The room's name, which stands there otherwise, tells people nothing.
  'config.hideConferenceSubject': true,
  'config.doNotStoreRoom': true,
  'config.disableThirdPartyRequests': true,
  'config.deeplinking.disabled': true,
  ...!participant.tools.has('chat') && { 'config.disablePolls': true },
  ...!participant.tools.has('whiteboard') && { 'config.whiteboard.enabled': false },
  ...participant.fullName !== undefined && { 'config.readOnlyName': true },
  ...startMuted.microphone && { 'config.startWithAudioMuted': true },
  ...startMuted.camera && { 'config.startWithVideoMuted': true }
})

const buttonsOf = ({ tools, privilege }: LinkContent['participant'], mayRecord: boolean) => [
  ...BUTTONS,
  ...tools.has('chat') ? ['chat'] : [],
  ...tools.has('screen_sharing') ? ['desktop', 'shareaudio'] : [],
  ...tools.has('whiteboard') ? ['whiteboard'] : [],
  ...privilege === 'plus' ? ['security', 'mute-everyone', 'mute-video-everyone'] : [],
  ...privilege === 'plus' && mayRecord ? ['recording'] : []
]

function languageOf (tag: string): string {
  if (REGIONAL.has(tag.toLowerCase())) return tag
  return tag.split('-', 1)[0]?.toLowerCase() ?? tag
}
