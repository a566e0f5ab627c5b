import { once } from 'node:events'
import { randomBytes } from 'node:crypto'
import fastifyJwt from '@fastify/jwt'
import fastifyWebsocket from '@fastify/websocket'
import Fastify from 'fastify'
import t, { type Test } from 'tap'
import { WebSocket, type ClientOptions } from 'ws'
import { createHub } from '../../lib/providers/embedded/hub.ts'
import { embeddedProvider } from '../../lib/providers/embedded/provider.ts'
import type { RoomTokens, RoomTokenClaims } from '../../lib/providers/embedded/room-tokens.ts'
import { openRooms } from '../../lib/providers/embedded/rooms.ts'
import { embeddedRoomSignalling, SIGNALLING_MAX_PAYLOAD_BYTES } from '../../lib/routes/embedded-room/signalling.ts'
import type { RoomParticipant, RoomState } from '../../lib/providers/provider.ts'
import type { ServerMessage } from '../../schemas/signalling.ts'
import { CLOSE_CODES, FILE_PIECE_BYTES } from '../../schemas/signalling.ts'
import { ALL_TOOLS, fakeTime } from '../support/embedded-hub.ts'

const signal = AbortSignal.timeout(60_000)

/** The whole chain over a real port: provider, hub, route, sockets. */
async function listening (t: Test) {
  // Tokens are proved against the machine's clock, so that this room's time begins now.
  const time = fakeTime(new Date())
  const app = Fastify()
  await app.register(fastifyWebsocket, { options: { maxPayload: SIGNALLING_MAX_PAYLOAD_BYTES } })
  await app.register(fastifyJwt, {
    namespace: 'room',
    secret: randomBytes(32).toString('hex'),
    sign: { algorithm: 'HS256', aud: 'room' },
    verify: { algorithms: ['HS256'], allowedAud: 'room' }
  })
  const tokens: RoomTokens = {
    sign: claims => app.jwt.room.sign(claims),
    verify: token => app.jwt.room.verify<RoomTokenClaims>(token)
  }
  let origin = ''
  const publicUrl = () => `${origin}/video`
  const rooms = openRooms({ file: ':memory:', clock: time.clock })
  const hub = createHub({
    rooms,
    tokens,
    iceServersFor: () => [],
    maxPeople: 6,
    clock: time.clock,
    schedule: time.schedule,
    newSeatId: () => randomBytes(9).toString('base64url'),
    log: { info () {}, error () {} }
  })
  const provider = embeddedProvider({ rooms, hub, tokens, publicUrl, userIdSecret: 'only for tests', clock: time.clock })
  await app.register(embeddedRoomSignalling, { prefix: '/video', hub, publicUrl, schedule: time.schedule })
  origin = await app.listen({ host: '127.0.0.1', port: 0 })
  t.teardown(async () => {
    await provider.close()
    await app.close()
  })

  const person = (name: string): RoomParticipant =>
    ({ externalId: name, providerUserId: `usr_${name}`, privilege: 'plus', fullName: name, tools: new Set(ALL_TOOLS) })
  const participants = ['Ada', 'Ben'].map(person)
  const startAt = time.clock()
  const endAt = new Date(startAt.getTime() + 3600_000)
  const room = await provider.createRoom({ marker: 'd|1|1|1', participants, startAt, endAt, live: false, recording: 'none' }, signal)

  const url = (of: RoomState) => `${origin.replace('http', 'ws')}/video/telecons-room/${of.providerRoomId}/signalling`
  const browser = (of: RoomState, options: ClientOptions = {}) => {
    const socket = new WebSocket(url(of), options)
    t.teardown(() => {
      // Cutting off a handshake that was refused is an error to the library.
      socket.on('error', () => {})
      socket.terminate()
    })
    return socket
  }
  const link = async (name: string): Promise<URL> => {
    const access = await provider.accessFor(room, person(name), { notBefore: startAt, expiresAt: endAt }, signal)
    return new URL(access.url)
  }
  const enter = async (name: string) => {
    const socket = browser(room)
    await once(socket, 'open')
    const welcome = next(socket, 'welcome')
    socket.send(JSON.stringify({ type: 'join', token: (await link(name)).hash.slice(1) }))
    return { socket, welcome: await welcome }
  }
  return { app, provider, room, origin, time, url, browser, link, enter }
}

/** The next message of a type. */
function next<T extends ServerMessage['type']> (socket: WebSocket, type: T): Promise<Extract<ServerMessage, { type: T }>> {
  return new Promise((resolve, reject) => {
    const take = (data: Buffer, isBinary: boolean) => {
      if (isBinary) return
      const message = JSON.parse(data.toString()) as ServerMessage
      if (message.type !== type) return
      socket.off('message', take)
      resolve(message as Extract<ServerMessage, { type: T }>)
    }
    socket.on('message', take)
    socket.once('close', (code: number) => reject(new Error(`closed with ${code}`)))
  })
}

async function closeCode (socket: WebSocket): Promise<number> {
  const [code] = await once(socket, 'close')
  return Number(code)
}

async function refusedStatus (socket: WebSocket): Promise<number | undefined> {
  const [, response] = await once(socket, 'unexpected-response') as [unknown, { statusCode?: number }]
  return response.statusCode
}

t.test('a link leads into its room, and its token stays out of every request', async t => {
  const { room, link, origin, enter } = await listening(t)
  const way = await link('Ada')
  t.equal(way.origin + way.pathname, `${origin}/video/telecons-room/${room.providerRoomId}`)
  t.equal(way.search, '')
  const ada = await enter('Ada')
  const joined = next(ada.socket, 'joined')
  const ben = await enter('Ben')
  t.equal((await joined).person.name, 'Ben')
  t.same(ben.welcome.people.map(one => one.name), ['Ada'])
})

t.test('pieces of a file arrive as they were sent', async t => {
  const { enter } = await listening(t)
  const ada = await enter('Ada')
  const ben = await enter('Ben')
  const accepted = next(ada.socket, 'file-accepted')
  const content = randomBytes(FILE_PIECE_BYTES)
  ada.socket.send(JSON.stringify({ type: 'file', name: 'x.bin', size: content.byteLength, mime: 'application/octet-stream' }))
  const { transfer } = await accepted
  const frames: Buffer[] = []
  ben.socket.on('message', (data: Buffer, isBinary: boolean) => { if (isBinary) frames.push(data) })
  const done = [next(ben.socket, 'file-done'), next(ada.socket, 'file-done')]
  const head = Buffer.alloc(4)
  head.writeUInt32BE(transfer)
  ada.socket.send(Buffer.concat([head, content]))
  await Promise.all(done)
  t.same(frames, [Buffer.concat([head, content])])
})

t.test('a deleted room closes for everybody, and its links lead nowhere', async t => {
  const { provider, room, enter, browser, link } = await listening(t)
  const ada = await enter('Ada')
  const ben = await enter('Ben')
  t.match(await provider.getRoom(room, signal), { status: 'RUNNING' })
  const closed = Promise.all([closeCode(ada.socket), closeCode(ben.socket)])
  await provider.deleteRoom(room, signal)
  t.same(await closed, [CLOSE_CODES.roomClosed, CLOSE_CODES.roomClosed])

  const late = browser(room)
  await once(late, 'open')
  late.send(JSON.stringify({ type: 'join', token: (await link('Ada')).hash.slice(1) }))
  t.equal(await closeCode(late), CLOSE_CODES.roomClosed)
})

t.test('a wrong token is refused and the connection closed', async t => {
  const { app, room, browser } = await listening(t)
  for (const token of ['nonsense', app.jwt.room.sign({ room: room.providerRoomId, sub: 'usr_Ada' }, { aud: 'personal-link' })]) {
    const socket = browser(room)
    await once(socket, 'open')
    socket.send(JSON.stringify({ type: 'join', token }))
    t.equal(await closeCode(socket), CLOSE_CODES.refused)
  }
})

t.test('a foreign page does not get past the handshake', async t => {
  const { room, browser, origin } = await listening(t)
  for (const foreign of ['https://evil.example', 'null', 'http://127.0.0.1:1', origin.replace('http', 'ftp')]) {
    t.equal(await refusedStatus(browser(room, { origin: foreign })), 403, foreign)
  }
  const own = browser(room, { origin })
  await once(own, 'open')
  t.equal(own.readyState, WebSocket.OPEN)
})

t.test('a page behind a gateway that ends TLS is our own by its host', async t => {
  const { room, browser } = await listening(t)
  const socket = browser(room, { origin: 'https://clinic.example', headers: { host: 'clinic.example' } })
  await once(socket, 'open')
  t.equal(socket.readyState, WebSocket.OPEN)
})

t.test('an impossible room id does not get past the handshake', async t => {
  const { browser } = await listening(t)
  t.equal(await refusedStatus(browser({ providerRoomId: 'a%20b' })), 400)
})

t.test('an oversized message ends its own connection alone', async t => {
  const { enter } = await listening(t)
  const ada = await enter('Ada')
  const ben = await enter('Ben')
  const left = next(ben.socket, 'left')
  ada.socket.on('error', () => {})
  ada.socket.send('x'.repeat(SIGNALLING_MAX_PAYLOAD_BYTES + 1))
  t.equal((await left).seat, ada.welcome.you.seat)
})

t.test('a plain GET of the address finds nothing', async t => {
  const { app, room } = await listening(t)
  const response = await app.inject(`/video/telecons-room/${room.providerRoomId}/signalling`)
  t.equal(response.statusCode, 404)
})
