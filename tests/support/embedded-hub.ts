import { createHmac } from 'node:crypto'
import type { ServerMessage } from '../../schemas/signalling.ts'
import type { ToolName } from '../../schemas/tools.ts'
import { createHub, type Hub, type HubSession } from '../../lib/providers/embedded/hub.ts'
import type { Connection } from '../../lib/providers/embedded/live-room.ts'
import type { RoomTokens, RoomTokenClaims } from '../../lib/providers/embedded/room-tokens.ts'
import { openRooms, type RoomContent, type Rooms } from '../../lib/providers/embedded/rooms.ts'
import type { Schedule } from '../../lib/providers/embedded/schedule.ts'

export const START = new Date('2026-11-21T09:00:00.000Z')

/** A clock that stands still until it is moved, and timers that follow it. */
export function fakeTime (startAt: Date = START) {
  let nowMs = startAt.getTime()
  const timers = new Set<{ atMs: number, run: () => void }>()
  const schedule: Schedule = (delayMs, run) => {
    const timer = { atMs: nowMs + delayMs, run }
    timers.add(timer)
    return () => { timers.delete(timer) }
  }
  return {
    clock: () => new Date(nowMs),
    schedule,
    timers: () => timers.size,
    advance (ms: number) {
      const untilMs = nowMs + ms
      for (;;) {
        const due = [...timers].filter(timer => timer.atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0]
        if (due === undefined) break
        timers.delete(due)
        nowMs = Math.max(nowMs, due.atMs)
        due.run()
      }
      nowMs = untilMs
    }
  }
}
export type FakeTime = ReturnType<typeof fakeTime>

/** Tokens of the same promises as the real ones, without a JWT library. */
export function fakeTokens (clock: () => Date): RoomTokens {
  const mac = (body: string) => createHmac('sha256', 'only for tests').update(body).digest('base64url')
  return {
    sign (claims) {
      const body = Buffer.from(JSON.stringify(claims)).toString('base64url')
      return `${body}.${mac(body)}`
    },
    verify (token) {
      const [body = '', signature] = token.split('.')
      if (signature !== mac(body)) throw new Error('wrong signature')
      const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as RoomTokenClaims
      const now = clock().getTime() / 1000
      if (now < claims.nbf || now >= claims.exp) throw new Error('not valid at this time')
      return claims
    }
  }
}

/** A browser's end of a connection that exists in memory only. */
export interface FakeBrowser {
  session: HubSession
  received: ServerMessage[]
  frames: Uint8Array[]
  closed: { code: number, reason: string } | undefined
  /** What the server's socket would hold back. */
  bufferedAmount: number
  say (message: object): void
  /** The messages of one type, oldest first. */
  heard<T extends ServerMessage['type']> (type: T): Extract<ServerMessage, { type: T }>[]
  /** Forgets what was received so far. */
  clear (): void
}

export function connectFake (hub: Hub, roomId: string): FakeBrowser {
  const received: ServerMessage[] = []
  const frames: Uint8Array[] = []
  const browser: Omit<FakeBrowser, 'session'> & { session?: HubSession } = {
    received,
    frames,
    closed: undefined,
    bufferedAmount: 0,
    say: message => browser.session?.text(JSON.stringify(message)),
    heard: <T extends ServerMessage['type']>(type: T) =>
      received.filter((message): message is Extract<ServerMessage, { type: T }> => message.type === type),
    clear () {
      received.length = 0
      frames.length = 0
    }
  }
  const connection: Connection = {
    send (text) {
      if (browser.closed === undefined) received.push(JSON.parse(text) as ServerMessage)
    },
    sendBinary (data) {
      if (browser.closed === undefined) frames.push(data)
    },
    close (code, reason) {
      browser.closed ??= { code, reason }
    },
    get bufferedAmount () {
      return browser.bufferedAmount
    }
  }
  browser.session = hub.connect(roomId, connection)
  return browser as FakeBrowser
}

export const ALL_TOOLS: readonly ToolName[] = ['chat', 'screen_sharing', 'file_upload', 'snapshot', 'present_to_everyone']
export const ROOM = 'room_for_tests'
export const PEOPLE = ['usr_ada', 'usr_ben', 'usr_cy', 'usr_dee', 'usr_eve', 'usr_flo', 'usr_gus']

const REQUESTS: Partial<Record<ToolName, object>> = {
  chat: { type: 'chat', text: 'hello' },
  screen_sharing: { type: 'screen', on: false },
  file_upload: { type: 'file', name: 'x', size: 1, mime: 'text/plain' },
  snapshot: { type: 'snapshot', of: 'nobody' },
  present_to_everyone: { type: 'present', seat: null }
}

/** Uses a tool past all buttons; whether the hub let it be. */
export function askFor (browser: FakeBrowser, tool: ToolName): boolean {
  const before = browser.received.length
  browser.say(REQUESTS[tool] ?? {})
  const answers = browser.received.slice(before)
  for (const answer of answers) if (answer.type === 'file-accepted') browser.say({ type: 'file-cancel', transfer: answer.transfer })
  return browser.closed === undefined && !answers.some(answer => answer.type === 'refused' && answer.code === 'TOOL_NOT_ALLOWED')
}

/** A hub over a registry in memory, with one room that everybody in PEOPLE may enter. */
export function hubSubject (content: Partial<RoomContent> = {}) {
  const time = fakeTime()
  const tokens = fakeTokens(time.clock)
  const rooms: Rooms = openRooms({ file: ':memory:', clock: time.clock })
  rooms.create(ROOM, 'd|1|2|1', { startAt: START, endAt: new Date(START.getTime() + 3600_000), participantIds: PEOPLE, ...content })
  const logged: string[] = []
  let seats = 0
  const hub = createHub({
    rooms,
    tokens,
    iceServersFor: () => [],
    maxPeople: 6,
    clock: time.clock,
    schedule: time.schedule,
    newSeatId: () => `seat${++seats}`,
    log: {
      info: (facts, message) => { logged.push(JSON.stringify([facts, message])) },
      error: (facts, message) => { logged.push(JSON.stringify([String(facts.err), message])) }
    }
  })
  const claims = (sub: string, changes: Partial<RoomTokenClaims> = {}): RoomTokenClaims => ({
    room: ROOM,
    sub,
    name: `Name of ${sub}`,
    privilege: 'plus',
    tools: [...ALL_TOOLS],
    nbf: START.getTime() / 1000,
    exp: START.getTime() / 1000 + 86_400,
    ...changes
  })
  /** Connects, joins, and forgets the welcome of nobody else. */
  const enter = (sub: string, changes: Partial<RoomTokenClaims> = {}) => {
    const browser = connectFake(hub, ROOM)
    browser.say({ type: 'join', token: tokens.sign(claims(sub, changes)) })
    return browser
  }
  return { time, tokens, rooms, hub, logged, claims, enter }
}

/** The seat that the hub gave to this browser. */
export function seatOf (browser: FakeBrowser): string {
  const seat = browser.heard('welcome')[0]?.you.seat
  if (seat === undefined) throw new Error('not welcomed')
  return seat
}
