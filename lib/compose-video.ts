import { randomBytes } from 'node:crypto'
import type { FastifyBaseLogger } from 'fastify'
import type { Configuration } from './config/configuration.ts'
import { derivedKey } from './identity/link-secret.ts'
import { dataFile } from './identity/data-file.ts'
import { bandyerProvider } from './providers/bandyer/provider.ts'
import { kaleyraProvider } from './providers/kaleyra/provider.ts'
import { createHub, type Hub } from './providers/embedded/hub.ts'
import { iceServersFor } from './providers/embedded/ice-servers.ts'
import { EMBEDDED_ROOM_MAX_PEOPLE, embeddedProvider } from './providers/embedded/provider.ts'
import type { RoomTokens } from './providers/embedded/room-tokens.ts'
import { openRooms } from './providers/embedded/rooms.ts'
import { systemSchedule } from './providers/embedded/schedule.ts'
import type { VideoProvider } from './providers/provider.ts'

export interface Video {
  provider: VideoProvider
  /** The live rooms of this process; absent where somebody else holds the calls. */
  hub: Hub | undefined
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

/** The configured video provider. */
export function openVideo ({ configuration: { video, dataPath }, secret, tokens, publicUrl, clock, log }: VideoOptions): Video {
  const userIdSecret = derivedKey(secret, 'provider-user-id')
  if (video.provider !== 'embedded') {
    const account = { baseUrl: video.baseUrl, apiKey: video.apiKey, timeoutMs: video.timeoutMs, userIdSecret }
    return { provider: video.provider === 'bandyer' ? bandyerProvider(account) : kaleyraProvider({ ...account, transcribe: video.transcribe }), hub: undefined }
  }
  const rooms = openRooms({ file: dataFile(dataPath, 'rooms.sqlite'), clock })
  const hub = createHub({
    rooms,
    tokens,
    iceServersFor: iceServersFor({ iceServers: [...video.iceServers], turnSharedSecret: video.turnSharedSecret, turnCredentialTtlSeconds: video.turnCredentialTtlSeconds, clock }),
    maxPeople: EMBEDDED_ROOM_MAX_PEOPLE,
    clock,
    schedule: systemSchedule,
    newSeatId: () => randomBytes(12).toString('base64url'),
    log
  })
  return { provider: embeddedProvider({ rooms, hub, tokens, publicUrl, userIdSecret, clock }), hub }
}
