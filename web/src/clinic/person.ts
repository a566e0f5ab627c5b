import type { ClinicTeleconsultation } from '../../../schemas/pages.ts'

/** A participant of the list. */
export type Person = ClinicTeleconsultation['participants'][number]

export const nameOf = ({ fullName, userExternalId }: Person) => fullName ?? userExternalId

/** Him, with what became of the e-mails to him since. */
export function withMail ({ mail: _earlier, ...person }: Person, mail: Person['mail']): Person {
  return { ...person, ...mail === undefined ? {} : { mail } }
}
