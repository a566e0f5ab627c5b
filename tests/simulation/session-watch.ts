import type { PermissionName } from '../../schemas/permissions.ts'
import type { Privilege } from '../../schemas/tools.ts'
import type { PrivilegeGroups } from '../../lib/domain/participants.ts'
import type { Capabilities } from '../../lib/providers/provider.ts'
import type { Standing } from '../../lib/domain/session.ts'
import { followedBy, type Entry } from './history.ts'
import type { SimulatedRoom } from './provider.ts'
import type { Stored } from './watch.ts'

/** What must hold of sessions at every instant. */
export interface SessionWatch {
  rowWritten (stored: Stored): void
  linkGiven (entry: Entry, caller: string): void
}

export interface SessionWatchOptions {
  history: readonly Entry[]
  tools: Readonly<Record<Privilege, PrivilegeGroups>>
  complain (problem: string): void
}

const TOOLS = [['canScreenShare', 'screen_sharing'], ['canChat', 'chat'], ['canUploadFiles', 'file_upload']] as const satisfies ReadonlyArray<readonly [PermissionName, string]>

export const isOver = ({ control }: Stored) => control.session?.endedAt !== undefined

export const standings = ({ control }: Stored): ReadonlyMap<string, Standing> =>
  new Map((control.session?.standings ?? []).map((standing) => [standing.externalId, standing]))

/** The tools that somebody is to have by what is stored: written here once more, like all that is judged. */
export function toolsStored (stored: Stored, externalId: string, tools: Readonly<Record<Privilege, PrivilegeGroups>>): string[] {
  const privilege = stored.participants.find(({ userExternalId }) => userExternalId === externalId)?.privilege
  const permissions = standings(stored).get(externalId)?.permissions ?? {}
  return TOOLS.flatMap(([permission, tool]) => permissions[permission] ?? tools[privilege === 'plus' ? 'plus' : 'basic'].tools.has(tool) ? [tool] : [])
}

/** Whether a room has others than are stored, those aside of whom it was not told, or need not be. */
export function peopleDiffer (stored: Stored, room: SimulatedRoom, { access, roomChange }: Capabilities): boolean {
  if (room.disputed === true) return false
  const known = standings(stored)
  const isOpen = (externalId: string) => {
    const standing = known.get(externalId)
    if (standing === undefined) return false
    // A vendor's link is made for each, so that a removal takes it; elsewhere it is his way in that works no more.
    if (standing.untold === true || (standing.removedAt !== undefined && access !== 'vendor-link')) return true
    return access !== 'vendor-link' && roomChange === 'replace'
  }
  const isSeated = (externalId: string) => known.get(externalId)?.removedAt === undefined
  const seats = stored.participants.map(({ userExternalId }) => userExternalId).filter((one) => isSeated(one) && !isOpen(one))
  return seats.sort().join() !== room.people.filter((one) => !isOpen(one)).join()
}

export function sessionWatch ({ history, tools, complain }: SessionWatchOptions): SessionWatch {
  const before = new Map<string, Stored>()

  return {
    rowWritten (stored) {
      const { id } = stored
      const last = before.get(id)
      before.set(id, stored)
      if (last === undefined) return
      if (isOver(last) && last.control.session?.endedAt !== stored.control.session?.endedAt) complain(`the end of ${id} was taken back`)
      const now = standings(stored)
      const earlier = standings(last)
      for (const externalId of new Set([...now.keys(), ...earlier.keys()])) {
        const [was, is] = [earlier.get(externalId), now.get(externalId)]
        const revoked = (is?.revocations ?? 0) - (was?.revocations ?? 0)
        const relinked = (is?.link ?? 0) - (was?.link ?? 0)
        if (revoked < 0 || relinked < 0) complain(`what is counted of ${externalId} fell in ${id}`)
        const leaves = was?.removedAt === undefined && is?.removedAt !== undefined
        const returns = was?.removedAt !== undefined && is?.removedAt === undefined
        if (leaves && relinked <= 0) complain(`${externalId} was removed from ${id}, and his link is as it was`)
        const privilegeOf = (one: Stored) => one.participants.find(({ userExternalId }) => userExternalId === externalId)?.privilege
        const left = privilegeOf(last) === privilegeOf(stored) ? toolsStored(last, externalId, tools).filter((tool) => !toolsStored(stored, externalId, tools).includes(tool)) : []
        if ((leaves || returns || left.length > 0) && revoked <= 0) complain(`something was taken from ${externalId} in ${id}, and is not counted`)
      }
    },

    linkGiven (entry, caller) {
      const ours = history.filter(({ documentId, beganAt }) => documentId === entry.documentId && beganAt <= entry.endedAt)
      const wasDone = ({ outcome, endedAt }: Entry) => outcome === 'done' && endedAt < entry.beganAt
      if (ours.some((other) => other.kind === 'end' && wasDone(other))) complain(`a link of ${entry.documentId} was given after its end was acknowledged`)
      const returns = ours.filter(({ kind, people }) => (kind === 'invite' || kind === 'change' || kind === 'add') && people?.some(({ externalId }) => externalId === caller) === true)
      const removal = ours.find((other) => other.kind === 'dismiss' && other.about === caller && wasDone(other) && followedBy(other, returns).length === 0)
      if (removal !== undefined) complain(`${caller} got a link of ${entry.documentId} after his removal was acknowledged`)
    }
  }
}
