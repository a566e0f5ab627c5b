import type { IncomingMessage } from 'node:http'
import type { FakeLivekit, FakeParticipant, FakeRoom, Grants } from './fake-livekit.ts'

/** What somebody is refused with. */
export class Refusal extends Error {
  readonly status: number
  readonly code: string | undefined

  /** @param code Twirp's; undefined: plain text */
  constructor (status: number, code: string | undefined, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

/** What the room service works on. */
export interface RoomServiceWorld {
  fake: FakeLivekit
  /** By room and identity, with a space between: seconds before which a token's `nbf` makes it worthless. */
  revoked: Map<string, number>
  roomNamed (name: string): FakeRoom | undefined
  makeRoom (body: Record<string, unknown>): FakeRoom
  /** Sends him the token that says what holds for him now. */
  renew (room: string, participant: FakeParticipant): string
}

const LEAST_REVOKED_MS = 60_000
const COUNTED_EVERY_MS = 5000
const permissionDenied = () => new Refusal(401, 'unauthenticated', 'permissions denied')
const roomMissing = () => new Refusal(404, 'not_found', 'requested room does not exist')

/** LiveKit's room service: what is asked of it with which grants, and what it answers. */
export function roomService ({ fake, revoked, roomNamed, makeRoom, renew }: RoomServiceWorld): (request: IncomingMessage, path: string, text: string, grants: Grants) => unknown {
  const naming = (entry: Record<string, unknown>) => fake.switches.names === 'snake_case'
    ? entry
    : Object.fromEntries(Object.entries(entry).map(([name, value]) => [name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()), value]))
  const stamped = (name: string, at: Date) => ({
    [name]: String(Math.floor(at.getTime() / 1000)), ...(fake.switches.tellsMilliseconds ? { [`${name}_ms`]: String(at.getTime()) } : {})
  })
  const roomAnswer = ({ sid, name, metadata, emptyTimeout, departureTimeout, createdAt, inside }: FakeRoom) => naming({
    sid,
    name,
    empty_timeout: emptyTimeout,
    departure_timeout: departureTimeout,
    max_participants: 0,
    ...stamped('creation_time', createdAt),
    turn_password: '',
    enabled_codecs: [{ mime: 'audio/opus', fmtp_line: '' }],
    metadata,
    // Counted every few seconds only.
    num_participants: [...inside.values()].filter(({ joinedAt }) => joinedAt.getTime() <= fake.time.now.getTime() - COUNTED_EVERY_MS).length,
    num_publishers: 0,
    active_recording: false
  })

  const participantAnswer = ({ sid, identity, name, kind, state, joinedAt, grants, attributes }: FakeParticipant) => naming({
    sid,
    identity,
    name,
    kind,
    state,
    tracks: [],
    metadata: '',
    attributes,
    ...stamped('joined_at', joinedAt),
    permission: naming({
      can_subscribe: grants['canSubscribe'] === true,
      can_publish: grants['canPublish'] === true,
      can_publish_data: grants['canPublishData'] === true,
      can_publish_sources: ((grants['canPublishSources'] ?? []) as string[]).map((source) => source.toUpperCase()),
      hidden: false,
      recorder: false,
      can_update_metadata: grants['canUpdateOwnMetadata'] === true
    }),
    is_publisher: true
  })

  const fields: Record<string, Record<string, 'string' | 'number' | 'object'>> = {
    CreateRoom: { name: 'string', empty_timeout: 'number', departure_timeout: 'number', max_participants: 'number', metadata: 'string' },
    ListRooms: { names: 'object' },
    DeleteRoom: { room: 'string' },
    ListParticipants: { room: 'string' },
    RemoveParticipant: { room: 'string', identity: 'string', revoke_token_ts: 'string' },
    UpdateParticipant: { room: 'string', identity: 'string', permission: 'object', attributes: 'object' }
  }
  const somebodyInside = (body: Record<string, unknown>): FakeParticipant => {
    const participant = roomNamed(String(body['room']))?.inside.get(String(body['identity']))
    if (participant === undefined) throw new Refusal(404, 'not_found', 'twirp error unknown: participant does not exist')
    return participant
  }
  const admin = (grants: Grants, body: Record<string, unknown>) => { if (grants.roomAdmin !== true || grants.room !== body['room']) throw permissionDenied() }
  const methods: Record<string, (grants: Grants, body: Record<string, unknown>) => unknown> = {
    CreateRoom (grants, body) {
      if (grants.roomCreate !== true) throw permissionDenied()
      if (String(body['name'] ?? '').length === 0 || String(body['name']).length > 256) throw new Refusal(400, 'invalid_argument', 'no room name')
      // What is there already stays as it is.
      return roomAnswer(roomNamed(String(body['name'])) ?? makeRoom(body))
    },
    ListRooms (grants, { names = [] }) {
      if (grants.roomList !== true) throw permissionDenied()
      const wanted = names as string[]
      const rooms = [...fake.rooms.keys()].flatMap((name) => roomNamed(name) ?? [])
      return { rooms: rooms.filter(({ name }) => wanted.length === 0 || wanted.includes(name)).map(roomAnswer) }
    },
    DeleteRoom (grants, body) {
      if (grants.roomCreate !== true) throw permissionDenied()
      if (roomNamed(String(body['room'])) === undefined) throw roomMissing()
      fake.rooms.delete(String(body['room']))
      return {}
    },
    ListParticipants (grants, body) {
      admin(grants, body)
      const room = roomNamed(String(body['room']))
      if (room === undefined && !fake.switches.emptyListForMissing) throw roomMissing()
      return {
        participants: [...room?.inside.values() ?? []].map(participantAnswer)
      }
    },
    RemoveParticipant (grants, body) {
      admin(grants, body)
      const [room, identity, before] = [String(body['room']), String(body['identity']), Number(body['revoke_token_ts'] ?? 0)]
      if (fake.switches.revokesTokens) revoked.set(`${room} ${identity}`, before === 0 ? Math.floor((fake.time.now.getTime() + LEAST_REVOKED_MS) / 1000) : before)
      const participant = somebodyInside(body)
      fake.leave(room, identity)
      tell(room, participant, 'removed')
      return {}
    },
    // A token is sent after each of the two, the attributes first. What the permission does not name is taken.
    UpdateParticipant (grants, body) {
      admin(grants, body)
      const participant = somebodyInside(body)
      const room = String(body['room'])
      const { attributes, permission } = body as { attributes?: Record<string, string>, permission?: Record<string, unknown> }
      if (attributes !== undefined) {
        participant.attributes = { ...participant.attributes, ...attributes }
        renew(room, participant)
      }
      if (permission !== undefined) {
        participant.grants = {
          ...participant.grants,
          canSubscribe: permission['can_subscribe'] === true,
          canPublish: permission['can_publish'] === true,
          canPublishData: permission['can_publish_data'] === true,
          canPublishSources: ((permission['can_publish_sources'] ?? []) as string[]).map((source) => source.toLowerCase()),
          canUpdateOwnMetadata: permission['can_update_metadata'] === true
        }
        renew(room, participant)
      }
      tell(room, participant, 'changed')
      return participantAnswer(participant)
    }
  }

  function tell (room: string, participant: FakeParticipant, what: 'changed' | 'removed'): void {
    for (const listener of fake.onChange) listener(room, participant, what)
  }

  return function answered (request, path, text, grants) {
    const method = /^\/twirp\/livekit\.RoomService\/(\w+)$/.exec(path)?.[1] ?? ''
    const run = methods[method]
    if (run === undefined || request.method !== 'POST') throw new Refusal(404, 'bad_route', `no handler for path ${path}`)
    if (request.headers['content-type'] !== 'application/json') throw new Refusal(404, 'bad_route', 'unexpected Content-Type')
    const body = JSON.parse(text) as Record<string, unknown>
    for (const [name, value] of Object.entries(body)) {
      const type: string = typeof value
      if (fields[method]?.[name] !== type) throw new Refusal(400, 'malformed', `unknown or wrong field ${name}`)
      if (typeof value === 'number' && (!Number.isInteger(value) || value < 0 || value >= 2 ** 32)) throw new Refusal(400, 'malformed', `no uint32: ${name}`)
    }
    return run(grants, body)
  }
}
