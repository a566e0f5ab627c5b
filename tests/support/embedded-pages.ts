import { randomBytes } from 'node:crypto'
import websocket from '@fastify/websocket'
import Fastify from 'fastify'
import { loadConfiguration } from '../../lib/config/load.ts'
import tokens from '../../lib/plugins/tokens.ts'
import { createHub } from '../../lib/providers/embedded/hub.ts'
import { embeddedProvider } from '../../lib/providers/embedded/provider.ts'
import { openRooms } from '../../lib/providers/embedded/rooms.ts'
import { systemSchedule } from '../../lib/providers/embedded/schedule.ts'
import type { RoomParticipant } from '../../lib/providers/provider.ts'
import { embeddedRoomSignalling, SIGNALLING_MAX_PAYLOAD_BYTES } from '../../lib/routes/embedded-room/signalling.ts'
import { pageRoutes } from '../../lib/routes/pages/index.ts'
import type { Services } from '../../lib/routes/services.ts'
import type { Teardown } from './service.ts'

/** The pages of embedded rooms with their provider beside them, listening; people and rooms are made by the provider alone. */
export async function startEmbeddedPages (t: Teardown, webRoot: string) {
  const app = Fastify()
  const clock = () => new Date()
  let origin = ''
  const publicUrl = () => origin
  await app.register(tokens, { secret: randomBytes(32).toString('hex'), clock })
  const rooms = openRooms({ file: ':memory:', clock })
  const shared = { rooms, tokens: app.tokens.room, clock }
  const hub = createHub({
    ...shared, iceServersFor: () => [], maxPeople: 6, schedule: systemSchedule, newSeatId: () => randomBytes(9).toString('base64url'), log: { info () {}, error () {} }
  })
  const provider = embeddedProvider({ ...shared, hub, publicUrl, userIdSecret: 'only for tests' })
  // Behind a gateway there is no page of the clinic, which alone asks the services.
  await app.register(pageRoutes, { services: {} as Services, webRoot, configuration: loadConfiguration({ DATA_PATH: webRoot, AUTHORIZATION: 'gateway' }), publicUrl })
  await app.register(websocket, { options: { maxPayload: SIGNALLING_MAX_PAYLOAD_BYTES } })
  await app.register(embeddedRoomSignalling, { hub, publicUrl, schedule: systemSchedule })
  const { port } = new URL(await app.listen({ host: '127.0.0.1', port: 0 }))
  origin = `http://localhost:${port}`
  t.teardown(async () => {
    await provider.close()
    await app.close()
  })

  const signal = AbortSignal.timeout(120_000)
  const hourMs = 3600_000
  return {
    provider,
    signal,
    /** A room for these people, who may use all tools, and the way in of each. */
    async book (...names: string[]) {
      const startAt = clock()
      const participants = names.map((name): RoomParticipant =>
        ({ externalId: name, providerUserId: provider.accountOf({ externalId: name, privilege: 'plus' }), privilege: 'plus', fullName: name, language: 'en', tools: provider.capabilities.tools }))
      const spec = { marker: `d|${names.join()}|1|1`, participants, startAt, endAt: new Date(startAt.getTime() + hourMs), live: false, recording: 'none' as const }
      const room = await provider.createRoom(spec, signal)
      const ways = await Promise.all(participants.map(async (one) =>
        (await provider.accessFor(room, one, { notBefore: new Date(startAt.getTime() - 60_000), expiresAt: spec.endAt }, signal)).url))
      return { room, participants, ways }
    }
  }
}
