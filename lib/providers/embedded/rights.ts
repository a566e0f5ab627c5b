import type { ToolName } from '../../../schemas/tools.ts'
import type { RoomTokenClaims } from './room-tokens.ts'

/**
 * What the registry knows of one participant beyond his token. Nothing is known of most: what their tokens say holds.
 *
 * The count of revocations tells earlier from later: whoever takes something from somebody, or removes him, raises it and tells
 * the new one. A word with a smaller count than the registry's is an earlier one that was late, and changes nothing. A token with
 * a smaller count was made before something was taken, and opens nothing.
 *
 * Removal stands above the count: no token lets him in. He may come in again once he is named among the participants of a change
 * with a count that is not smaller, or is given permissions with a greater one: permissions with the same count may have been on
 * their way when he was removed. All tokens of before carry a smaller count and stay refused; he needs a new one.
 */
export interface Rights {
  revocations: number
  /** As they were set last; null: never, so that those of the token hold. */
  tools: readonly ToolName[] | null
  removed: boolean
}

/** What an operation says of one participant. */
export interface Word {
  revocations: number
  tools: readonly ToolName[]
}

type Known = Rights | undefined

/** After his permissions were set. */
export function afterSetting (known: Known, { revocations, tools }: Word): Known {
  const isLate = known !== undefined && (known.removed ? revocations <= known.revocations : revocations < known.revocations)
  return isLate ? known : { revocations, tools, removed: false }
}

/** After he was named among the participants of a change. Who never lost anything goes by his token, as he did before. */
export function afterNaming (known: Known, { revocations, tools }: Word): Known {
  if (known === undefined && revocations === 0) return undefined
  return known !== undefined && revocations < known.revocations ? known : { revocations, tools, removed: false }
}

/** After he was removed; nobody who removes can be too late. */
export function afterRemoval (known: Known, revocations: number): Rights {
  return { revocations: Math.max(revocations, known?.revocations ?? 0), tools: known?.tools ?? null, removed: true }
}

/** Whether a token still opens the room. */
export function opens (known: Known, claims: Pick<RoomTokenClaims, 'revocations'>): boolean {
  return known === undefined || (!known.removed && revocationsOf(claims) >= known.revocations)
}

/** A token that knows of more revocations than the registry has the later word. */
export function toolsOf (known: Known, claims: Pick<RoomTokenClaims, 'revocations' | 'tools'>): readonly ToolName[] {
  return known === undefined || known.tools === null || revocationsOf(claims) > known.revocations ? claims.tools : known.tools
}

export const revocationsOf = ({ revocations = 0 }: { revocations?: number | undefined }): number => revocations
