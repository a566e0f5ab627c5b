import { CLOSE_CODES, type ClientMessage } from '../../../schemas/signalling.ts'
import { readClientMessage } from './client-messages.ts'
import type { IceServer } from './ice-servers.ts'
import { applyRights } from './live-rights.ts'
import { newLiveRoom, seatState, tell, tellAll, type CloseReason, type Connection, type LiveRoom, type Seat } from './live-room.ts'
import { leaveSnapshots, refuse, takeMessage } from './messages.ts'
import { tokenBucket } from './rate-limit.ts'
import { opens, toolsOf } from './rights.ts'
import type { RoomTokens, RoomTokenClaims } from './room-tokens.ts'
import { roomEndsAt, type Rooms, type StoredRoom } from './rooms.ts'
import { LONGEST_DELAY_MS, type Schedule } from './schedule.ts'
import { leaveTransfers, relayPiece } from './transfers.ts'

/** What the hub writes to the log: a room id's beginning and counts, nothing of people. */
export interface HubLog {
  info (facts: Record<string, string | number>, message: string): void
  error (facts: { err: unknown }, message: string): void
}

export interface HubOptions {
  rooms: Pick<Rooms, 'get' | 'addUsed'>
  tokens: RoomTokens
  iceServersFor: (providerUserId: string) => IceServer[]
  maxPeople: number
  clock: () => Date
  schedule: Schedule
  /** A random id that cannot be guessed, at most 32 characters. */
  newSeatId: () => string
  log: HubLog
}

/** One connection's side of the hub: the transport calls it with what arrives. Nothing of it throws. */
export interface HubSession {
  text (data: string): void
  /** The frame is passed on as it is and must not change afterwards. */
  binary (frame: Uint8Array): void
  /** The connection is gone, whoever ended it. */
  closed (): void
}

/** The live rooms of this process. */
export interface Hub {
  connect (roomId: string, connection: Connection): HubSession
  /** Sends everybody out: the room is deleted, or its time is over. */
  closeRoom (roomId: string): void
  /** Follows a change in the registry: sends out who no longer belongs there, and takes over the new end and what each may use. */
  refresh (roomId: string): void
  /** How many are inside, and for how long two or more have been by now. */
  activity (roomId: string): { people: number, usedMs: number }
  /** Who is inside, and since when two or more are. */
  presence (roomId: string): { participantIds: string[], togetherSince: Date | undefined }
  /** Sends everybody out of every room, for a restart; who comes later is sent away too. */
  close (): void
}

const JOIN_WITHIN_MS = 10_000
const LOGGED_ROOM_ID_CHARACTERS = 12

export function createHub (options: HubOptions): Hub {
  const { rooms, tokens, clock, schedule, log } = options
  const live = new Map<string, LiveRoom>()
  const waiting = new Set<(reason: CloseReason) => void>()
  let restarting = false

  /** Counts the time in which two or more are inside. */
  const measure = (room: LiveRoom): void => {
    const nowMs = clock().getTime()
    if (room.seats.size >= 2) {
      room.togetherSinceMs ??= nowMs
    } else if (room.togetherSinceMs !== undefined) {
      const usedMs = nowMs - room.togetherSinceMs
      room.togetherSinceMs = undefined
      try {
        rooms.addUsed(room.roomId, usedMs)
      } catch (err) {
        log.error({ err }, 'the used time of an embedded room could not be kept')
      }
    }
  }

  const note = (room: LiveRoom, message: string): void => {
    log.info({ room: room.roomId.slice(0, LOGGED_ROOM_ID_CHARACTERS), people: room.seats.size }, message)
  }

  const emptySeat = (room: LiveRoom, seat: Seat): void => {
    if (!room.seats.delete(seat.id)) return
    if (room.presented === seat.id) room.presented = null
    if (!room.closing) {
      leaveTransfers(room, seat, schedule)
      leaveSnapshots(room, seat)
      tellAll(room, { type: 'left', seat: seat.id })
    } else seat.sending?.cancelWait?.()
    measure(room)
    note(room, 'somebody left an embedded room')
    if (room.seats.size === 0) {
      room.cancelEnd?.()
      if (live.get(room.roomId) === room) live.delete(room.roomId)
    }
  }

  const emptyRoom = (room: LiveRoom, reason: CloseReason): void => {
    room.closing = true
    for (const seat of [...room.seats.values()]) seat.drop(reason)
  }

  /** Asks the clock again when the timer fires: a timer can be early, and a delay too long for one timer comes in parts. */
  const scheduleEnd = (room: LiveRoom, endsAt: Date | undefined): void => {
    room.cancelEnd?.()
    room.cancelEnd = undefined
    if (endsAt === undefined) return
    const leftMs = endsAt.getTime() - clock().getTime()
    if (leftMs <= 0) emptyRoom(room, 'roomClosed')
    else room.cancelEnd = schedule(Math.min(leftMs, LONGEST_DELAY_MS), () => scheduleEnd(room, endsAt))
  }

  /** Who may come in, or why not. */
  const admit = (roomId: string, token: string): { claims: RoomTokenClaims, stored: StoredRoom } | CloseReason => {
    let claims: RoomTokenClaims
    try {
      claims = tokens.verify(token)
    } catch {
      return 'refused'
    }
    if (claims.room !== roomId) return 'refused'
    let stored: StoredRoom | undefined
    try {
      stored = rooms.get(roomId)
    } catch (err) {
      log.error({ err }, 'the registry of embedded rooms cannot be read')
      return 'restarting'
    }
    if (stored === undefined) return 'roomClosed'
    if (!stored.participantIds.includes(claims.sub) || !opens(stored.rights.get(claims.sub), claims)) return 'refused'
    const endsAt = roomEndsAt(stored)
    return endsAt !== undefined && endsAt <= clock() ? 'roomClosed' : { claims, stored }
  }

  const sit = (room: LiveRoom, seat: Seat, claims: RoomTokenClaims, stored: StoredRoom): void => {
    const people = [...room.seats.values()].map(seatState)
    room.seats.set(seat.id, seat)
    measure(room)
    note(room, 'somebody came into an embedded room')
    const endsAt = roomEndsAt(stored)
    tell(seat, {
      type: 'welcome',
      you: seatState(seat),
      tools: [...seat.tools],
      language: claims.language ?? null,
      people,
      presented: room.presented,
      iceServers: options.iceServersFor(seat.participantId),
      endsAt: endsAt?.toISOString() ?? null,
      now: clock().toISOString()
    })
    tellAll(room, { type: 'joined', person: seatState(seat) }, seat)
    if (room.seats.size === 1) scheduleEnd(room, endsAt)
  }

  const connect = (roomId: string, connection: Connection): HubSession => {
    let gone = false
    let inside: { room: LiveRoom, seat: Seat } | undefined
    const ordinary = tokenBucket({ capacity: 120, refillPerSecond: 30 })
    // A call of six sets up five connections at once, each with dozens of candidates.
    const setup = tokenBucket({ capacity: 600, refillPerSecond: 150 })
    // Flow control keeps pieces slow enough; this holds off those who cut a file into single bytes.
    const pieces = tokenBucket({ capacity: 2000, refillPerSecond: 500 })
    const patience = tokenBucket({ capacity: 100, refillPerSecond: 1 })

    const settle = (): void => {
      gone = true
      cancelDeadline()
      waiting.delete(drop)
      if (inside !== undefined) emptySeat(inside.room, inside.seat)
    }
    const drop = (reason: CloseReason): void => {
      if (gone) return
      connection.close(CLOSE_CODES[reason], reason)
      settle()
    }
    const cancelDeadline = schedule(JOIN_WITHIN_MS, () => drop('refused'))
    waiting.add(drop)

    const join = (token: string): void => {
      const admitted = admit(roomId, token)
      if (typeof admitted === 'string') return drop(admitted)
      const { claims, stored } = admitted
      for (const seat of live.get(roomId)?.seats.values() ?? []) {
        if (seat.participantId === claims.sub) seat.drop('replaced')
      }
      const room = live.get(roomId) ?? newLiveRoom(roomId)
      if (room.seats.size >= options.maxPeople) return drop('full')
      cancelDeadline()
      waiting.delete(drop)
      live.set(roomId, room)
      const seat: Seat = {
        id: options.newSeatId(),
        participantId: claims.sub,
        name: claims.name,
        privilege: claims.privilege,
        tools: new Set(toolsOf(stored.rights.get(claims.sub), claims)),
        claims,
        connection,
        microphone: false,
        camera: false,
        screen: null,
        sending: undefined,
        ended: undefined,
        drop
      }
      inside = { room, seat }
      sit(room, seat, claims, stored)
    }

    /** False: too fast, and said so. Who does not slow down is sent away. */
    const inTime = (seat: Seat, type: ClientMessage['type']): boolean => {
      const nowMs = clock().getTime()
      const bucket = type === 'description' || type === 'candidate' ? setup : ordinary
      if (bucket(nowMs)) return true
      if (patience(nowMs)) refuse(seat, type, 'TOO_FAST')
      else drop('protocol')
      return false
    }

    if (restarting) drop('restarting')
    return {
      text (data) {
        if (gone) return
        const message = readClientMessage(data)
        if (message === undefined) return drop('protocol')
        if (inside === undefined) return message.type === 'join' ? join(message.token) : drop('refused')
        if (message.type === 'join') return drop('protocol')
        if (message.type === 'leave') {
          connection.close(1000, 'left')
          return settle()
        }
        if (!inTime(inside.seat, message.type)) return
        if (!takeMessage(inside.room, inside.seat, message, { clock, schedule })) drop('protocol')
      },
      binary (frame) {
        if (gone) return
        if (inside === undefined || !pieces(clock().getTime()) || !relayPiece(inside.seat, frame, schedule)) drop('protocol')
      },
      closed () {
        if (!gone) settle()
      }
    }
  }

  return {
    connect,
    closeRoom (roomId) {
      const room = live.get(roomId)
      if (room !== undefined) emptyRoom(room, 'roomClosed')
    },
    refresh (roomId) {
      const room = live.get(roomId)
      if (room === undefined) return
      const stored = rooms.get(roomId)
      if (stored === undefined) return emptyRoom(room, 'roomClosed')
      for (const seat of [...room.seats.values()]) {
        const rights = stored.rights.get(seat.participantId)
        if (rights?.removed || !stored.participantIds.includes(seat.participantId)) seat.drop('removed')
        else if (rights !== undefined && room.seats.has(seat.id)) applyRights(room, seat, rights, { tokens, schedule })
      }
      if (room.seats.size > 0) scheduleEnd(room, roomEndsAt(stored))
    },
    activity (roomId) {
      const room = live.get(roomId)
      const sinceMs = room?.togetherSinceMs
      return { people: room?.seats.size ?? 0, usedMs: sinceMs === undefined ? 0 : clock().getTime() - sinceMs }
    },
    presence (roomId) {
      const room = live.get(roomId)
      return {
        participantIds: [...room?.seats.values() ?? []].map(({ participantId }) => participantId),
        togetherSince: room?.togetherSinceMs === undefined ? undefined : new Date(room.togetherSinceMs)
      }
    },
    close () {
      restarting = true
      for (const room of [...live.values()]) emptyRoom(room, 'restarting')
      for (const drop of [...waiting]) drop('restarting')
    }
  }
}
