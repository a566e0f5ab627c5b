import type { CrudCollection } from '../storage/crud-client.ts'
import type { StoreContext } from '../storage/teleconsultation-store.ts'
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
  list (page: { limit: number, skip: number }, context: StoreContext): Promise<KeptMessage[]>
  /** All that this person was written, for good. Repeating it is harmless. @throws STORAGE_* */
  forget (recipientId: string, context: StoreContext): Promise<void>
}

const PAGE = 200

/** Keeps messages instead of sending them. */
export function outbox (collection: CrudCollection, clock: () => Date): Outbox {
  return {
    async deliver ({ to, subject, text, messageId }, recipientId) {
      try {
        // The same message once, whoever brings it a second time.
        await collection.insert({ to: to.address, subject, text, messageId, recipientId, at: clock().toISOString() }, {})
        return 'sent'
      } catch {
        return { code: 'STORAGE', isFinal: false }
      }
    },
    async list ({ limit, skip }, { headers, endsAt }) {
      return (await collection.list({ limit, skip, sort: '-at' }, headers, endsAt)).map((kept) => ({
        id: kept._id, to: String(kept['to']), subject: String(kept['subject']), text: String(kept['text']), at: new Date(String(kept['at']))
      }))
    },
    async forget (recipientId, { headers, endsAt }) {
      for (;;) {
        const kept = await collection.list({ limit: PAGE, filter: { recipientId } }, headers, endsAt)
        for (const { _id: id } of kept) await collection.remove(id, headers, endsAt)
        if (kept.length < PAGE) return
      }
    },
    close: async () => {}
  }
}
