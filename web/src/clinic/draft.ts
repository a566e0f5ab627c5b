import type { ClinicOverview } from '../../../schemas/pages.ts'

export interface PersonDraft {
  fullName: string
  /** Empty: nobody writes to this person. */
  email: string
  group: string
  language: string
  /** Typed by hand; empty: made from the name and the suffix. */
  externalId: string
  suffix: string
}

export interface Draft {
  /** As an `input type=datetime-local` holds it, in the browser's zone. */
  start: string
  minutes: number
  people: PersonDraft[]
}

type Groups = ClinicOverview['groups']

const SUFFIX_LETTERS = 'abcdefghjkmnpqrstuvwxyz23456789'
const START_STEP_MS = 5 * 60_000

function randomSuffix (): string {
  const bytes = crypto.getRandomValues(new Uint8Array(5))
  return Array.from(bytes, byte => SUFFIX_LETTERS[byte % SUFFIX_LETTERS.length]).join('')
}

/** An empty row; the first one organises, the others take part, where the groups allow it. */
export function newPerson (groups: Groups, position: number): PersonDraft {
  const wanted = position === 0 ? 'plus' : 'basic'
  const group = groups.find(({ privilege }) => privilege === wanted) ?? groups[0]
  return { fullName: '', email: '', group: group?.name ?? '', language: '', externalId: '', suffix: randomSuffix() }
}

/** A form that starts at the last full five minutes, so that the links open at once, with the least number of people. */
export function newDraft (groups: Groups, now: Date): Draft {
  const start = new Date(Math.floor(now.getTime() / START_STEP_MS) * START_STEP_MS)
  return { start: localInputValue(start), minutes: 30, people: [newPerson(groups, 0), newPerson(groups, 1)] }
}

function localInputValue (at: Date): string {
  const two = (n: number) => String(n).padStart(2, '0')
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:${two(at.getMinutes())}`
}

/** The id under which the clinic knows this person. */
export function externalIdOf (person: PersonDraft): string {
  const typed = person.externalId.trim()
  if (typed !== '') return typed
  const slug = person.fullName.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()
    .replace(/[^a-z0-9]+/g, '-').slice(0, 40).replace(/^-+|-+$/g, '')
  return `${slug || 'person'}-${person.suffix}`
}

/** The body of `POST teleconsultation`; in e-mails the dates are in the zone in which they were typed. */
export function bookingBody (draft: Draft, timeZone: string) {
  return {
    participants: {
      number: draft.people.length,
      data: draft.people.map(person => ({
        userExternalId: externalIdOf(person),
        groups: [person.group],
        fullName: person.fullName.trim(),
        ...(person.email.trim() === '' ? {} : { email: person.email.trim(), timeZone }),
        ...(person.language === '' ? {} : { language: person.language })
      }))
    },
    start_date: new Date(draft.start).toISOString(),
    duration_in_seconds: Math.round(draft.minutes * 60)
  }
}
