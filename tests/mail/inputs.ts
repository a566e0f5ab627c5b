import { LANGUAGES } from '../../lib/mail/languages/languages.ts'
import { MESSAGE_KINDS } from '../../lib/mail/languages/words.ts'
import { loadTemplates } from '../../lib/mail/load-templates.ts'
import { renderMessage, type MessageInput } from '../../lib/mail/message.ts'
import { after, NOON } from '../support/service.ts'

export const TEMPLATES = loadTemplates(undefined)
export const LINK = 'https://clinic.example/join#eyJhbGciOiJIUzI1NiJ9.eyJyb29tIjoiMSIsInN1YiI6ImFkYSJ9.c2lnbmF0dXJl'

/** Changes reach into the session. */
export type Changes = Partial<Omit<MessageInput, 'session'>> & { session?: Partial<MessageInput['session']> }

/** An invitation to 15:00 in Rome on a Monday, changed as told. */
export function input ({ session, ...changes }: Changes = {}): MessageInput {
  return {
    kind: 'invitation',
    language: 'en',
    timeZone: 'Europe/Rome',
    recipient: { email: 'ada@example.com', name: 'Ada Rossi' },
    organiser: { email: 'clinic@example.com', name: 'Clinic of Rome' },
    sequence: 3,
    stampedAt: NOON,
    ...changes.kind === 'cancellation' ? {} : { link: LINK },
    ...changes.kind === 'reminder' ? { minutesBefore: 10 } : {},
    ...changes,
    session: { id: '655f1e2a9c0b7d0012345678', deployment: 'clinic', startAt: after(NOON, 120), endAt: after(NOON, 150), kind: 'televisit', ...session }
  }
}

export const render = (changes?: Changes) => renderMessage(input(changes), TEMPLATES)

export const EACH = MESSAGE_KINDS.flatMap((kind) => LANGUAGES.map((language) => ({ kind, language })))
