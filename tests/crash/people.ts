import type { Random } from '../simulation/random.ts'

/** External ids. The names that the clients give contain them, so that one pattern finds both where they must not be. */
export const PEOPLE = ['canary-ada', 'canary-bruno', 'canary-carla', 'canary-dario', 'canary-elsa', 'canary.fabio@clinic.example', 'canary-gino'] as const
export const OUTSIDER = 'canary-nobody'
/** Who books. */
export const DESK = 'canary-desk'

/** Of the same person some requests say that he can hold the call, others that he can't. */
const SOMETIMES_PLUS = new Set<string>(['canary-ada', 'canary-elsa'])

export interface Wanted { externalId: string, privilege: 'plus' | 'basic' }

/** A list of participants, complete or not, the first of whom can hold the call. */
export function wantedList (random: Random, complete: number): { number: number, people: Wanted[] } {
  const number = random.between(2, 4)
  const known = random.chance(complete) ? number : random.between(1, number - 1)
  const at = random.between(0, PEOPLE.length - 1)
  const people = Array.from({ length: known }, (_, i): Wanted => {
    const externalId = PEOPLE[(at + i) % PEOPLE.length] ?? PEOPLE[0]
    return { externalId, privilege: i === 0 || (SOMETIMES_PLUS.has(externalId) && random.chance(0.3)) ? 'plus' : 'basic' }
  })
  return { number, people }
}
