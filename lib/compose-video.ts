import type { FastifyBaseLogger, FastifyPluginAsync } from 'fastify'
import type { Configuration } from './config/configuration.ts'
import type { ProviderName } from './config/video-environment.ts'
import { derivedKey } from './identity/link-secret.ts'
import type { HttpEventListener } from './http/client.ts'
import type { Hub } from './providers/embedded/hub.ts'
import type { RoomTokens } from './providers/embedded/room-tokens.ts'
import type { VideoProvider } from './providers/provider.ts'
import type { ReservationOptions } from './routes/jitsi-reservation/reserve.ts'

export interface Video {
  provider: VideoProvider
  /** The live rooms of this process; absent where somebody else holds the calls. */
  hub?: Hub | undefined
  /** What the page for calls at LiveKit may connect to; absent where there is no such page. */
  livekitSources?: readonly string[] | undefined
  /** What a Jitsi server asks before it makes a room; absent where it does not ask. */
  reservations?: Pick<ReservationOptions, 'names' | 'tenant' | 'secret' | 'lobby'> | undefined
  /** What the browsers in those rooms talk to. */
  routes?: FastifyPluginAsync | undefined
}

export interface VideoOptions {
  configuration: Pick<Configuration, 'video' | 'dataPath' | 'teleconsultations'>
  /** Signs what this deployment gives out, and keys its people's ids. */
  secret: string
  tokens: RoomTokens
  publicUrl: () => string
  clock: () => Date
  log: FastifyBaseLogger
  onEvent?: HttpEventListener | undefined
}

export interface OpenVideo extends Omit<Video, 'provider'> {
  provider: VideoProvider
  others: readonly VideoProvider[]
  fallback: VideoProvider | undefined
}

/** The configured video providers. Their code is loaded here and not before: nobody carries the others' weight. */
export async function openVideo (options: VideoOptions): Promise<OpenVideo> {
  const { video } = options.configuration
  const first = await openOne(video.provider, options)
  const others = await Promise.all(video.others.map((name) => openOne(name, options)))
  const all = [first, ...others]
  const parts = <K extends keyof Video> (part: K) => all.find((opened) => opened[part] !== undefined)?.[part]
  return {
    provider: first.provider,
    others: others.map(({ provider }) => provider),
    fallback: all.find(({ provider }) => provider.name === video.fallback)?.provider,
    hub: parts('hub'),
    livekitSources: parts('livekitSources'),
    routes: parts('routes'),
    reservations: parts('reservations')
  }
}

async function openOne (name: ProviderName, options: VideoOptions): Promise<Video> {
  const { video } = options.configuration
  const userIdSecret = derivedKey(options.secret, 'provider-user-id')
  const account = { baseUrl: video.baseUrl, apiKey: video.apiKey, timeoutMs: video.timeoutMs, userIdSecret, onEvent: options.onEvent }
  switch (name) {
    case 'bandyer': {
      const { bandyerProvider } = await import('./providers/bandyer/provider.ts')
      return { provider: bandyerProvider(account) }
    }
    case 'kaleyra': {
      const { kaleyraProvider } = await import('./providers/kaleyra/provider.ts')
      return { provider: kaleyraProvider({ ...account, transcribe: video.transcribe }) }
    }
    case 'daily': {
      const { dailyProvider } = await import('./providers/daily/provider.ts')
      return {
        provider: dailyProvider({
          ...video.daily,
          timeoutMs: video.timeoutMs,
          nameSecret: derivedKey(options.secret, 'provider-room-name'),
          userIdSecret,
          entryLeadMs: options.configuration.teleconsultations.immutablePeriodMs,
          transcribe: video.transcribe && options.configuration.teleconsultations.recording !== 'none',
          clock: options.clock,
          onEvent: options.onEvent
        })
      }
    }
    case 'livekit': {
      const { openLivekitVideo } = await import('./compose-livekit-video.ts')
      return openLivekitVideo(options, userIdSecret)
    }
    case 'jitsi': {
      const { openJitsiVideo } = await import('./compose-jitsi-video.ts')
      return openJitsiVideo(options, userIdSecret)
    }
    case 'embedded': {
      const { openEmbeddedVideo } = await import('./compose-embedded-video.ts')
      return openEmbeddedVideo(options, userIdSecret)
    }
  }
}
