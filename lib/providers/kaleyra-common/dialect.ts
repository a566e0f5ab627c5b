import { leastCapabilities, type Capabilities, type RoomParticipant, type RoomSpec } from '../provider.ts'
import { TOOL_NAMES } from '../../../schemas/tools.ts'
import { CapabilityLimit, ProviderBadAnswer } from '../../errors.ts'
import type { VendorRequest } from './calls.ts'

type Route = Pick<VendorRequest, 'method' | 'path' | 'body'>

/** What differs between the two generations of the vendor's API: addresses, and a few names. */
export interface Dialect {
  name: string
  capabilities: Capabilities
  /** The query parameter that says where a page begins. */
  offsetName: string
  check: Route
  createUser: Route
  getUser (id: string): Route
  deleteUser (id: string): Route
  createRoom: Route
  /** The recording as this generation spells it, and whatever else only this one takes. */
  roomExtras (spec: RoomSpec): object
  getRoom (id: string): Route
  deleteRoom (id: string): Route
  listRoomsPath: string
  listUploadsPath (roomId: string): string
  /** Whether that path can only give this room's uploads; a filter in the query might be overlooked. */
  uploadsByPath: boolean
  deleteUpload (key: string): Route
  uploadBackground: Route
  updateCompany: Route
  credentials: Route
}

export const MIN_DURATION_SECONDS = 60

/** What both generations can do (the vendor’s reference, 2021 to 2024). */
export const CAPABILITIES: Capabilities = {
  ...leastCapabilities,
  registersPeople: true,
  keepsPeople: true,
  needsPlusParticipant: true,
  maxParticipants: 25,
  endGate: 'room',
  access: 'vendor-link',
  tools: new Set(TOOL_NAMES),
  toolScope: 'participant',
  recording: new Set(['none', 'manual', 'automatic']),
  liveFlag: true,
  uploads: true,
  background: true,
  // Deleting a room kills its links; that it sends out who is inside is nowhere promised.
  endCall: false,
  // One person's link can be taken; that it sends him out is nowhere promised either.
  removal: 'next-entry',
  sdkCredentials: true,
  listsRooms: true
}

/**
 * A room as it is asked for. No names; the marker is the description. Tools are all named: what is left out altogether
 * would be on.
 *
 * @throws CAPABILITY_LIMIT
 */
export function roomBody (spec: RoomSpec): object {
  if (spec.durationSeconds !== undefined && spec.durationSeconds < MIN_DURATION_SECONDS) {
    throw new CapabilityLimit(`a call of less than ${MIN_DURATION_SECONDS} seconds`)
  }
  return {
    participants: spec.participants.map(seat),
    description: spec.marker,
    live: spec.live,
    call_type: 'audio_video',
    ...(spec.durationSeconds === undefined ? {} : { duration: spec.durationSeconds })
  }
}

const seat = ({ providerUserId, privilege, tools }: RoomParticipant) => ({
  user_id: providerUserId,
  is_admin: privilege === 'plus',
  tools: Object.fromEntries(TOOL_NAMES.map((tool) => [tool, tools.has(tool)]))
})

/**
 * An id as a part of a path. Documents of others are read too: an id that would make another path of it is refused.
 *
 * @throws PROVIDER_BAD_ANSWER
 */
export function segment (id: string): string {
  if (id === '' || id === '.' || id === '..') throw new ProviderBadAnswer({ cause: new Error('an id that cannot stand in a path') })
  return encodeURIComponent(id)
}
