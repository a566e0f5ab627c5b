export const STATES = ['PUBLIC', 'DRAFT', 'TRASH', 'DELETED'] as const
export type State = typeof STATES[number]

const BY_ID: Readonly<Record<State, readonly State[]>> = {
  PUBLIC: ['PUBLIC', 'DRAFT', 'TRASH'],
  DRAFT: ['PUBLIC', 'DRAFT', 'TRASH'],
  TRASH: ['DRAFT', 'TRASH', 'DELETED'],
  DELETED: ['TRASH', 'DELETED'],
}

const SOURCES_IN_BULK: Readonly<Record<State, readonly State[]>> = {
  PUBLIC: ['DRAFT'],
  DRAFT: ['PUBLIC', 'TRASH'],
  TRASH: ['PUBLIC', 'DRAFT', 'DELETED'],
  DELETED: ['TRASH'],
}

export function isState (value: unknown): value is State {
  return STATES.some(state => state === value)
}

/** Whether one document may move; staying where it is counts as a move that only touches it. */
export function mayMove (from: State, to: State): boolean {
  return BY_ID[from].includes(to)
}

/** The states that a bulk move takes documents from; the rest is left alone without an error. */
export function sourcesOf (to: State): readonly State[] {
  return SOURCES_IN_BULK[to]
}
