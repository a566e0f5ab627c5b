import type { SessionKind } from '../../domain/session.ts'

export const MESSAGE_KINDS = ['invitation', 'change', 'cancellation', 'reminder'] as const
export type MessageKind = (typeof MESSAGE_KINDS)[number]

/** What one language says. Placeholders as in templates. */
export interface Words {
  /** Instead of what a session is called and is about: tells nobody anything. The same as in the agenda's calendar. */
  event: string
  /** Of sessions without a title, where titles are shown. */
  kinds: Record<SessionKind, string>
  greeting: { named: string, unnamed: string }
  /** Stands for "in 10 minutes" where it is not known. */
  soon: string
  /** Of a change: what has moved, and what has not. `{{previousWhen}}` is when it was to be. */
  moved: string
  notMoved: string
  /** Before the link, on the button, and after the link. */
  openLink: string
  button: string
  keepLink: string
  messages: Record<MessageKind, {
    subject: string
    heading: string
    opening: string
    closing: string
  }>
}
