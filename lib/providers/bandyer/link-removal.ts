import { Type } from 'typebox'
import { statusOf, type KnownRoom } from '../kaleyra-common/answers.ts'
import { saysMissing, type VendorCalls } from '../kaleyra-common/calls.ts'
import { segment } from '../kaleyra-common/dialect.ts'
import { linksOf, linkWith } from '../kaleyra-common/links.ts'
import type { RoomReader } from '../kaleyra-common/room-reader.ts'
import type { VideoProvider } from '../provider.ts'
import { reader, refused, unusable } from '../vendor.ts'

const tokenStateOf = reader('the state of a link', Type.Object({ code: Type.Enum(['ACTIVE_TOKEN', 'NOT_ACTIVE_TOKEN']) }))

/**
 * Voids one person's link by the token that it ends with (`DELETE /token/delete/:token`). He who is inside stays, as far as
 * the vendor tells. What it answers for a token that is none is not documented: after a refusal the token is asked about, then its
 * room, and unless one of them says that the link is dead the refusal is an error.
 */
export function linkRemoval (calls: VendorCalls, readRoomIfThere: RoomReader, secureLinks: boolean): VideoProvider['removeParticipant'] {
  const roomWithLinks = async (roomId: string, signal: AbortSignal): Promise<KnownRoom | undefined> => {
    const room = await readRoomIfThere(roomId, signal)
    return room === 'missing' || statusOf(room) === 'CLOSED' || Boolean(room.disabled) ? undefined : room
  }

  const linkAtVendor = async (roomId: string, userId: string, signal: AbortSignal): Promise<string | undefined> => {
    const room = await roomWithLinks(roomId, signal)
    if (room === undefined) return undefined
    const links = linksOf(room)
    if (Object.keys(links).length === 0) throw unusable('a room without links', room)
    return links[userId]
  }

  const isVoid = async (token: string, signal: AbortSignal): Promise<boolean> => {
    const answer = await calls.call({ what: 'check link', method: 'GET', path: `/token/check/${token}`, expect: [400, 404] }, signal)
    if (answer.status < 400) return tokenStateOf(answer.body).code === 'NOT_ACTIVE_TOKEN'
    // A 404 alone may be of the address.
    return answer.code !== undefined && saysMissing(answer, 'token')
  }

  return async (room, { providerUserId }, signal) => {
    const link = room.links?.[providerUserId] ?? await linkAtVendor(room.providerRoomId, providerUserId, signal)
    if (link === undefined) return
    const token = segment(new URL(linkWith(link, {}, secureLinks)).pathname.split('/').at(-1) ?? '')
    const request = { what: 'delete link', method: 'DELETE' as const, path: `/token/delete/${token}`, repeatable: true, expect: [400, 404] }
    const answer = await calls.call(request, signal)
    if (answer.status < 400 || await isVoid(token, signal)) return
    if (await roomWithLinks(room.providerRoomId, signal) !== undefined) throw refused('delete link', answer)
  }
}
