import type { ProviderName } from '../../lib/config/video-environment.ts'
import { bandyerProvider } from '../../lib/providers/bandyer/provider.ts'
import { CAPABILITIES as DAILY } from '../../lib/providers/daily/provider.ts'
import { CAPABILITIES as EMBEDDED } from '../../lib/providers/embedded/provider.ts'
import { capabilitiesOf as jitsiCapabilities } from '../../lib/providers/jitsi/provider.ts'
import { kaleyraProvider } from '../../lib/providers/kaleyra/provider.ts'
import { CAPABILITIES as LIVEKIT } from '../../lib/providers/livekit/provider.ts'
import type { Capabilities } from '../../lib/providers/provider.ts'

const ACCOUNT = { baseUrl: 'https://vendor.example', apiKey: 'key', timeoutMs: 1, userIdSecret: 'secret' }

const END_MEETING = { url: 'https://jitsi.example', key: { algorithm: 'HS256', secret: 'secret' } } as const

const OF_THE_ADAPTERS: Readonly<Record<Exclude<ProviderName, 'jitsi'>, Capabilities>> = {
  embedded: EMBEDDED,
  bandyer: bandyerProvider(ACCOUNT).capabilities,
  kaleyra: kaleyraProvider(ACCOUNT).capabilities,
  daily: DAILY,
  livekit: LIVEKIT
}

/** A room is a name there, and nobody can list or delete it. */
export const keepsNothing = ({ deterministicRooms, listsRooms }: Capabilities) => deterministicRooms && !listsRooms

/** What the adapters say that they can do. */
export const abilitiesOf = (name: ProviderName, jitsiEndsCalls: boolean): Capabilities => name === 'jitsi'
  ? jitsiCapabilities({ reservations: jitsiEndsCalls, recording: false, endMeeting: jitsiEndsCalls ? END_MEETING : undefined })
  : OF_THE_ADAPTERS[name]
