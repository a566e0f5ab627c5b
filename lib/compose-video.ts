import type { FastifyBaseLogger, FastifyPluginAsync } from 'fastify'
import type { Configuration } from './config/configuration.ts'
import { derivedKey } from './identity/link-secret.ts'
import type { Hub } from './providers/embedded/hub.ts'
import type { RoomTokens } from './providers/embedded/room-tokens.ts'
import type { VideoProvider } from './providers/provider.ts'

export interface Video {
  provider: VideoProvider
  /** The live rooms of this process; absent where somebody else holds the calls. */
  hub?: Hub
  /** What the browsers in those rooms talk to. */
  routes?: FastifyPluginAsync
}

export interface VideoOptions {
  configuration: Pick<Configuration, 'video' | 'dataPath'>
  /** Signs what this deployment gives out, and keys its people's ids. */
  secret: string
  tokens: RoomTokens
  publicUrl: () => string
  clock: () => Date
  log: FastifyBaseLogger
}

/** The configured video provider. Its code is loaded here and not before: nobody carries the others' weight. */
export async function openVideo (options: VideoOptions): Promise<Video> {
  const { video } = options.configuration
  const userIdSecret = derivedKey(options.secret, 'provider-user-id')
  const account = { baseUrl: video.baseUrl, apiKey: video.apiKey, timeoutMs: video.timeoutMs, userIdSecret }
  switch (video.provider) {
    case 'bandyer': {
      const { bandyerProvider } = await import('./providers/bandyer/provider.ts')
      return { provider: bandyerProvider(account) }
    }
    case 'kaleyra': {
      const { kaleyraProvider } = await import('./providers/kaleyra/provider.ts')
      return { provider: kaleyraProvider({ ...account, transcribe: video.transcribe }) }
    }
    case 'embedded': {
      const { openEmbeddedVideo } = await import('./compose-embedded-video.ts')
      return openEmbeddedVideo(options, userIdSecret)
    }
  }
}
