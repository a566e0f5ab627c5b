/** Numbers that follow from the seed alone. */
export interface Random {
  /** At or above 0, below 1. */
  fraction (): number
  /** Whole, both ends included. */
  between (lowest: number, highest: number): number
  chance (probability: number): boolean
  pick<T> (choices: readonly [T, ...T[]]): T
  /** Most of them short, few of them long. */
  around (mean: number): number
  /** A sequence of its own: drawing from it does not move this one. */
  fork (): Random
}

/** A Weyl sequence, mixed: every seed gives a sequence of its own. */
export function randomOf (seed: number): Random {
  let state = Math.imul(seed ^ 0x5bf03635, 0x9e3779b1) >>> 0
  const word = () => {
    state = (state + 0x9e3779b9) >>> 0
    let mixed = state
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad)
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
    return (mixed ^ (mixed >>> 15)) >>> 0
  }
  const fraction = () => word() / 0x1_0000_0000
  const between = (lowest: number, highest: number) => lowest + Math.floor(fraction() * (highest - lowest + 1))
  return {
    fraction,
    between,
    chance: (probability) => fraction() < probability,
    pick: (choices) => choices[between(0, choices.length - 1)] ?? choices[0],
    around: (mean) => Math.ceil(-Math.log(1 - fraction()) * mean),
    fork: () => randomOf(word())
  }
}
