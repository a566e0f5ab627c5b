import type { Mail } from './letters.ts'
import { standingOf, type Session } from './session.ts'
import type { Content, Control, StoredParticipant, Teleconsultation } from './teleconsultation.ts'

/** Whom an erasure is about. */
export interface Subject {
  externalId: string
  /** His ids at video providers: in documents of the original he has no other. */
  accounts: ReadonlySet<string>
}

/** What of a person is kept in how many places still. */
export interface Outstanding {
  what: 'teleconsultations' | 'memberships' | 'calendar feed' | 'outbox' | 'accounts' | 'video provider'
  /** A code of the errors' list, or `IN_PROGRESS`: this is being worked on right now. */
  reason: string
  count: number
}

type Body = Pick<Teleconsultation, 'content' | 'control'>

/** The seat of this person, also of who was removed. */
export const seatOfSubject = ({ participants }: Pick<Content, 'participants'>, subject: Subject): StoredParticipant | undefined =>
  participants.find((participant) => isHis(participant, subject))

const isHis = ({ userExternalId, userBandyerId }: StoredParticipant, { externalId, accounts }: Subject) =>
  userExternalId === undefined ? accounts.has(userBandyerId) : userExternalId === externalId

/** Whether anything in the document is about this person. */
export function isAbout ({ content, control }: Body, subject: Subject): boolean {
  const { operation, mail } = control
  return seatOfSubject(content, subject) !== undefined ||
    namesHim(control.session, subject) ||
    (operation?.content !== undefined && seatOfSubject(operation.content, subject) !== undefined) ||
    namesHim(operation?.session, subject) ||
    [...mail?.told ?? [], ...mail?.failures ?? []].some(({ externalId }) => externalId === subject.externalId)
}

const namesHim = (session: Session | undefined, { externalId }: Subject) =>
  session !== undefined && (session.owner === externalId || standingOf(session, externalId) !== undefined)

/**
 * The same without this person: his seat, which stays so that numbers stay true, is a stranger's, and what he was sent is forgotten.
 * Title and description lose his name and his address wherever they stand in them. Of an operation under way nothing is left out:
 * it has to be over before.
 *
 * @param pseudonym of whom he is in this document from now on
 */
export function withoutSubject ({ content, control }: Body, subject: Subject, pseudonym: string): { content: Content, control: Control } {
  const { session, mail } = control
  const seat = seatOfSubject(content, subject)
  const told = mail?.told?.find(({ externalId }) => externalId === subject.externalId)
  const names = [seat?.fullName, told?.fullName, seat?.email, told?.to].filter((name) => name !== undefined)
  return {
    content: { ...content, participants: content.participants.map((participant) => isHis(participant, subject) ? stranger(participant, pseudonym) : participant) },
    control: {
      ...control,
      session: session === undefined ? undefined : sessionWithout(session, subject, pseudonym, names),
      mail: mail === undefined ? undefined : mailWithout(mail, subject)
    }
  }
}

/** What he was in the call stays: whether there was a doctor in it is not about him alone. */
const stranger = ({ privilege, groups }: StoredParticipant, pseudonym: string): StoredParticipant =>
  ({ userExternalId: pseudonym, userBandyerId: pseudonym, accessLinkURL: null, privilege, groups })

function sessionWithout (session: Session, { externalId }: Subject, pseudonym: string, names: readonly string[]): Session {
  const { owner, standings, title, description } = session
  return {
    ...session,
    ...owner === externalId ? { owner: undefined } : {},
    ...standings === undefined ? {} : { standings: standings.map((standing) => standing.externalId === externalId ? { externalId: pseudonym, removedAt: standing.removedAt } : standing) },
    ...title === undefined ? {} : { title: withoutNames(title, names) },
    ...description === undefined ? {} : { description: withoutNames(description, names) }
  }
}

const mailWithout = (mail: Mail, { externalId }: Subject): Mail => ({
  ...mail,
  told: mail.told?.filter((one) => one.externalId !== externalId),
  failures: mail.failures?.filter((one) => one.externalId !== externalId)
})

const REDACTED = '…'
/** Shorter ones are words of every text: "De", "Li". */
const LEAST_LETTERS = 3

/** The text without these names, and without each word of them; case and the form of accents do not count. */
export function withoutNames (text: string, names: readonly string[]): string {
  const whole = names.map((name) => name.normalize('NFC').trim()).filter((name) => name !== '')
  const parts = [...new Set([...whole, ...whole.flatMap((name) => name.includes('@') ? [] : name.split(/[^\p{L}\p{M}\p{N}]+/u).filter((word) => [...word].length >= LEAST_LETTERS))])]
    .sort((a, b) => b.length - a.length)
  if (parts.length === 0) return text
  const any = parts.map((part) => part.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&')).join('|')
  return text.normalize('NFC').replace(new RegExp(`(?<![\\p{L}\\p{N}])(?:${any})(?![\\p{L}\\p{N}])`, 'giu'), REDACTED)
}
