import { statusOf } from '../kaleyra-common/answers.ts'
import type { VendorCalls } from '../kaleyra-common/calls.ts'
import { segment } from '../kaleyra-common/dialect.ts'
import { peopleOf } from '../kaleyra-common/links.ts'
import type { RoomReader } from '../kaleyra-common/room-reader.ts'
import type { VideoProvider } from '../provider.ts'
import { refused } from '../vendor.ts'

/**
 * Takes one person out of a room's participants, and his link with him (vendor's list of operations, "Delete room participant";
 * the path as clients of the API call it). Nothing tells whether he who is inside has to leave, nor whether the vendor lets a
 * room have fewer than two people or no plus one. So no refusal is taken for "gone already" before the room, read anew, is
 * without him: an address that is wrong must not pass for a removal.
 */
export function participantRemoval (calls: VendorCalls, readRoomIfThere: RoomReader): VideoProvider['removeParticipant'] {
  return async ({ providerRoomId }, { providerUserId }, signal) => {
    if (providerRoomId === '') return
    const path = `/v2/rooms/${segment(providerRoomId)}/participants/${segment(providerUserId)}`
    const answer = await calls.call({ what: 'delete participant', method: 'DELETE', path, repeatable: true, expect: [400, 404, 409, 422] }, signal)
    if (answer.status < 400) return
    const room = await readRoomIfThere(providerRoomId, signal)
    if (room === 'missing' || statusOf(room) === 'CLOSED' || Boolean(room.disabled)) return
    if (peopleOf(room)?.includes(providerUserId) !== false) throw refused('delete participant', answer)
  }
}
