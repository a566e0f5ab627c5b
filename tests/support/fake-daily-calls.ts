import type { FakeDaily, FakeDailyRoom, FakeDailyRoute, FakeDailySession } from './fake-daily.ts'
import { bool, fields, invalid, notFound, permissions, recording, text, type Check } from './fake-daily-shapes.ts'

/** What Daily takes about who is inside: presence, putting out, permissions, recordings. Most of it needs a call. */
export function callRoutes (daily: FakeDaily): FakeDailyRoute[] {
  const entries = (room: FakeDailyRoom) => [...room.inside].map(([id, { userId, joinedAt }]) =>
    ({ room: room.name, id, userId, userName: 'Zoë Example', mtgSessionId: 'mtg-1', joinTime: joinedAt.toISOString(), duration: 0 }))
  const named = (name: string | undefined) => daily.rooms.findLast((room) => room.name === name)
  const withCall = (name: string | undefined) => {
    const room = named(name)
    if (room === undefined || room.deleted || room.inside.size === 0 || daily.switches.callLags) throw notFound({ info: 'room does not seem to be hosting a call currently' })
    return room
  }
  const list: Check = (value) => Array.isArray(value) && value.length <= 100 && value.every(text)

  return [
    ['GET', /^\/presence$/, () => Object.fromEntries(daily.rooms.filter(({ deleted, inside }) => !deleted && inside.size > 0).map((room) => [room.name, entries(room)]))],
    ['GET', /^\/rooms\/([\w-]+)\/presence$/, ({ query }, name) => {
      const room = named(name)
      if (room === undefined || (room.deleted && !daily.switches.presenceAfterDeletion)) throw notFound()
      const all = entries(room).filter(({ userId }) => query.get('userId') === null || userId === query.get('userId'))
      return { total_count: all.length, data: all.slice(0, 100) }
    }],
    ['POST', /^\/rooms\/([\w-]+)\/eject$/, ({ body }, name) => {
      if (!fields({ ids: list, user_ids: list, ban: bool })(body)) throw invalid()
      const room = named(name)
      if (room === undefined || (room.inside.size === 0 && !daily.switches.bansOutliveCalls)) throw notFound({ info: 'room does not seem to be hosting a call currently' })
      const userIds = (body['user_ids'] ?? []) as string[]
      if (body['ban'] === true) for (const userId of userIds) room.bans.add(userId)
      const meant = [...room.inside].filter(([, { userId }]) => userIds.includes(userId)).map(([id]) => id)
      const ids = [...new Set([...(body['ids'] ?? []) as string[], ...meant])]
      return { ejectedIds: daily.switches.presenceLags ? ids : ids.filter((id) => room.inside.delete(id)) }
    }],
    ['POST', /^\/rooms\/([\w-]+)\/update-permissions$/, ({ body }, name) => {
      const changes = body['data'] as Record<string, object>
      if (!fields({ data: () => true })(body) || typeof changes !== 'object' || !Object.values(changes).every(permissions)) throw invalid()
      const room = withCall(name)
      for (const [id, seat] of room.inside) {
        const change = changes[id] ?? changes['*']
        if (change !== undefined) seat.permissions = { ...seat.permissions as object, ...change }
      }
      return { status: 'sent' }
    }],
    ['POST', /^\/rooms\/([\w-]+)\/recordings\/start$/, ({ body }, name) => {
      if (!fields({ type: recording })(body)) throw invalid()
      const room = withCall(name)
      if (room.given['enable_recording'] !== (body['type'] ?? 'cloud')) throw invalid({ info: 'this type of recording is not enabled' })
      if (room.recordings.at(-1) === 'running') throw invalid({ info: daily.switches.activeRecordingInfo })
      room.recordings.push('running')
      return { status: 'sent' }
    }],
    ['POST', /^\/rooms\/([\w-]+)\/recordings\/stop$/, ({ body }, name) => {
      if (!fields({ type: recording })(body)) throw invalid()
      const room = withCall(name)
      if (room.recordings.at(-1) !== 'running') throw invalid({ info: 'no recording is active' })
      room.recordings[room.recordings.length - 1] = 'ended'
      return { status: 'sent' }
    }],
    ['GET', /^\/recordings$/, ({ query }) => {
      const data = (named(query.get('room_name') ?? '')?.recordings ?? []).map((state, at) =>
        ({ id: `recording-${at}`, room_name: query.get('room_name'), start_ts: 1714636500, status: state === 'running' ? 'in-progress' : 'finished', max_participants: 2 }))
      return { total_count: data.length, data: data.toReversed().slice(0, Number(query.get('limit') ?? 100)) }
    }]
  ]
}

/** Whether somebody is banned; where no call runs, what was banned in the last one is forgotten. */
export function refusesEntry (daily: FakeDaily, { inside, bans }: FakeDailyRoom, userId: string): boolean {
  if (inside.size === 0 && !daily.switches.bansOutliveCalls) bans.clear()
  return bans.has(userId)
}

/** What Daily would let a session send; permissions bind who is no owner. */
export function maySend ({ owner, screen, permissions }: FakeDailySession, medium: string): boolean {
  const { canSend } = (permissions ?? {}) as { canSend?: readonly string[] }
  return (owner || canSend?.includes(medium) === true) && (screen !== false || !medium.startsWith('screen'))
}
