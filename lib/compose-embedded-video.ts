import { randomBytes } from 'node:crypto'
import websocket from '@fastify/websocket'
import type { Video, VideoOptions } from './compose-video.ts'
import { dataFile } from './identity/data-file.ts'
import { createHub } from './providers/embedded/hub.ts'
import { iceServersFor } from './providers/embedded/ice-servers.ts'
import { EMBEDDED_ROOM_MAX_PEOPLE, embeddedProvider } from './providers/embedded/provider.ts'
import { openRooms } from './providers/embedded/rooms.ts'
import { systemSchedule } from './providers/embedded/schedule.ts'
import { SIGNALLING_MAX_PAYLOAD_BYTES, embeddedRoomSignalling } from './routes/embedded-room/signalling.ts'

/** Rooms on this service: their registry, who is in them, and the WebSocket that their pages open. */
export function openEmbeddedVideo ({ configuration: { video, dataPath }, tokens, publicUrl, clock, log }: VideoOptions, userIdSecret: string): Video {
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
  return {
    provider: embeddedProvider({ rooms, hub, tokens, publicUrl, userIdSecret, clock }),
    hub,
    routes: async (scope) => {
      await scope.register(websocket, { options: { maxPayload: SIGNALLING_MAX_PAYLOAD_BYTES } })
      await scope.register(embeddedRoomSignalling, { hub, publicUrl, schedule: systemSchedule })
    }
  }
}
