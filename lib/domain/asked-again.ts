import type { Mail } from './letters.ts'

/**
 * What is kept once somebody asked that he be sent once more what he has: it is tried at once, also where it was refused for good.
 * Who was told nothing yet has his first invitation due anyway.
 */
export const askedAgain = (mail: Mail | undefined, externalId: string, now: Date): Mail => ({
  ...mail,
  due: 0,
  told: mail?.told?.map((told) => told.externalId === externalId ? { ...told, again: now.getTime() } : told),
  failures: mail?.failures?.filter((failure) => failure.externalId !== externalId)
})
