/** What jitsi-meet finds in the address of its page. */
export interface OpenedLink {
  room: string
  token: string
  language: string | null
  /** `config.…` of the fragment. */
  config: Record<string, unknown>
}

/** Of configWhitelist.ts, those that a link of ours may use. */
const WHITELIST = new Set([
  'toolbarButtons', 'disableInviteFunctions', 'hideConferenceSubject', 'doNotStoreRoom', 'disableThirdPartyRequests', 'deeplinking.disabled',
  'disablePolls', 'whiteboard.enabled', 'readOnlyName', 'startWithAudioMuted', 'startWithVideoMuted'
])
const TOOLBAR = new Set([
  'microphone', 'camera', 'toggle-camera', 'hangup', 'raisehand', 'tileview', 'fullscreen', 'participants-pane', 'select-background', 'noisesuppression',
  'videoquality', 'settings', 'chat', 'desktop', 'shareaudio', 'whiteboard', 'security', 'mute-everyone', 'mute-video-everyone', 'recording'
])

/** Reads a link as the page does, values of the fragment as JSON; throws on what the page would overlook. */
export function checkLink (link: string, origin: string, tenant: string | undefined): OpenedLink {
  const url = new URL(link)
  if (url.origin !== origin) throw new Error('another server')
  const parts = url.pathname.slice(1).split('/')
  const [room = ''] = parts.slice(-1)
  if (parts.length !== (tenant === undefined ? 1 : 2) || (tenant !== undefined && parts[0] !== tenant)) throw new Error('another tenant')
  if (room !== room.toLowerCase() || encodeURIComponent(room) !== room) throw new Error('a name that Jitsi would fold')
  const inFragment = new Map(url.hash.slice(1).split('&').map(part => {
    const [key = '', value = ''] = part.split('=')
    return [key, JSON.parse(decodeURIComponent(value)) as unknown] as const
  }))
  const token = inFragment.get('jwt') ?? url.searchParams.get('jwt')
  if (typeof token !== 'string') throw new Error('no token')
  for (const key of url.searchParams.keys()) if (key !== 'jwt' && key !== 'lang') throw new Error(`${key} in the query`)
  inFragment.delete('jwt')
  const config = Object.fromEntries([...inFragment].map(([key, value]) => [key.replace(/^config\./, ''), value]))
  for (const key of inFragment.keys()) if (!key.startsWith('config.') || !WHITELIST.has(key.slice(7))) throw new Error(`${key} is not on the list`)
  for (const button of config['toolbarButtons'] as string[]) if (!TOOLBAR.has(button)) throw new Error(`no button is named ${button}`)
  return { room, token, language: url.searchParams.get('lang'), config }
}
