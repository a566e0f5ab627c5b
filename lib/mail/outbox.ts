import type { CrudCollection } from '../storage/crud-client.ts'
import type { Transport } from './post.ts'

/** A message that nobody sent: where no SMTP server is configured it can be read at the clinic's page. */
export interface KeptMessage {
  id: string
  to: string
  subject: string
  text: string
  at: Date
}

export interface Outbox extends Transport {
  /** The latest first. @throws STORAGE_* */
  list (page: { limit: number, skip: number }): Promise<KeptMessage[]>
}

/** Keeps messages instead of sending them. */
export function outbox (collection: CrudCollection, clock: () => Date): Outbox {
  return {
    async deliver ({ to, subject, text, messageId }) {
      try {
        // The same message once, whoever brings it a second time.
        await collection.insert({ to: to.address, subject, text, messageId, at: clock().toISOString() }, {})
        return 'sent'
      } catch {
        return { code: 'STORAGE', isFinal: false }
      }
    },
    async list ({ limit, skip }) {
      return (await collection.list({ limit, skip, sort: '-at' }, {})).map((kept) => ({
        id: kept._id, to: String(kept['to']), subject: String(kept['subject']), text: String(kept['text']), at: new Date(String(kept['at']))
      }))
    },
    close: async () => {}
  }
}
