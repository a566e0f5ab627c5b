import { seatState, tell, tellAll, type LiveRoom, type Seat } from './live-room.ts'
import { forgetSnapshots } from './messages.ts'
import { revocationsOf, toolsOf, type Rights } from './rights.ts'
import type { RoomTokens, RoomTokenClaims } from './room-tokens.ts'
import type { Schedule } from './schedule.ts'
import { endPicturesFor, endSending } from './transfers.ts'

/**
 * Lets somebody inside use what the registry says from now on, and ends what he is doing and may do no more. His page gets a
 * token that says the same, because the one that it came with may open nothing now. Whom he has put in front stays there.
 */
export function applyRights (room: LiveRoom, seat: Seat, rights: Rights, { tokens, schedule }: { tokens: Pick<RoomTokens, 'sign'>, schedule: Schedule }): void {
  const tools = toolsOf(rights, seat.claims)
  const revocations = Math.max(rights.revocations, revocationsOf(seat.claims))
  if (revocations === revocationsOf(seat.claims) && isSame(tools, seat.tools)) return
  seat.tools = new Set(tools)
  seat.claims = renewed(seat.claims, { tools: [...tools], revocations })
  tell(seat, { type: 'rights', tools: [...tools], token: tokens.sign(seat.claims) })
  if (seat.screen !== null && !seat.tools.has('screen_sharing')) {
    seat.screen = null
    tellAll(room, { type: 'person', person: seatState(seat) })
  }
  if (!seat.tools.has('file_upload')) endSending(seat)
  if (!seat.tools.has('snapshot')) {
    forgetSnapshots(room, seat)
    endPicturesFor(room, seat, schedule)
  }
}

const isSame = (tools: readonly string[], before: ReadonlySet<string>): boolean =>
  new Set(tools).size === before.size && tools.every(tool => before.has(tool))

/** Without what a proof may have added to the claims: that is for whoever signs. */
function renewed ({ room, sub, name, privilege, language, nbf, exp }: RoomTokenClaims, changes: Required<Pick<RoomTokenClaims, 'tools' | 'revocations'>>): RoomTokenClaims {
  return { room, sub, name, privilege, ...(language === undefined ? {} : { language }), nbf, exp, ...changes }
}
