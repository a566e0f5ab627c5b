import { afterBouncing, type Told } from '../domain/letters.ts'
import { seatsOf } from '../domain/session.ts'
import type { Teleconsultation } from '../domain/teleconsultation.ts'
import { ConcurrentChange, StorageRefused } from '../errors.ts'
import { ATTEMPTS, type Context, type Ports } from './ports.ts'
import { refuseWhileHeld } from './room.ts'

export type Addressee = Pick<Told, 'externalId' | 'to'>

/** What the Message-IDs of letters say. */
export interface LetterIds {
  /** Which teleconsultation the letter was about; undefined: the id is none of ours. Anybody can write one that looks like ours. */
  documentOf (messageId: string): string | undefined
  /** Whether the letter was to this person at this address: only this service can make such an id. */
  isTo (messageId: string, documentId: string, addressee: Addressee): boolean
}

/** A letter that came back. */
export interface ReturnedLetter {
  /** Ids that it may have, the likeliest first. */
  messageIds: readonly string[]
  /** Where it did not get to. His own address, or one that his forwards to. */
  recipient: string
  /** RFC 3463. */
  status: string
}

/** `known`: nothing had to be written; `unknown`: there is no such letter, or it went to an address that he has no more. */
export type BounceOutcome = 'noted' | 'known' | 'unknown'

/**
 * Notes a letter that came back on the person to whom it was, also where the teleconsultation is in the trash. What the notification says is
 * believed as far as the id proves that whoever wrote it has seen the letter.
 *
 * @throws OPERATION_IN_PROGRESS, CONCURRENT_CHANGE, STORAGE_*: nothing was written, and the same may be handed in again
 */
export async function noteBounce (ports: Ports, ids: LetterIds, { messageIds, recipient, status }: ReturnedLetter, context: Context): Promise<BounceOutcome> {
  const messageId = messageIds.find((id) => ids.documentOf(id) !== undefined)
  const documentId = messageId === undefined ? undefined : ids.documentOf(messageId)
  if (messageId === undefined || documentId === undefined) return 'unknown'
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const current = await read(ports, documentId, context)
    const addressee = current === undefined ? undefined : addresseesOf(current).find((one) => ids.isTo(messageId, documentId, one))
    if (current === undefined || addressee === undefined) return 'unknown'
    const mail = afterBouncing(current.control.mail ?? {}, addressee, { address: recipient, status, at: ports.clock.now().getTime() })
    if (mail === undefined) return 'known'
    // An operation commits on the condition that nobody wrote.
    refuseWhileHeld(ports, current)
    if (await ports.store.replaceMail(current, mail, context) !== 'changed') return 'noted'
  }
  throw new ConcurrentChange()
}

/** A forged id need not have the form that the storage's ids have, and then it refuses to look. */
async function read (ports: Ports, documentId: string, context: Context): Promise<Teleconsultation | undefined> {
  try {
    return await ports.store.getAnywhere(documentId, context)
  } catch (error) {
    if (error instanceof StorageRefused && error.statusCode === 400) return undefined
    throw error
  }
}

/** Who was told, and who may have been: what comes back at once is here before it is written down that it was sent. */
const addresseesOf = ({ content, control }: Teleconsultation): Addressee[] => [
  ...control.mail?.told ?? [],
  ...seatsOf({ content, control }).flatMap(({ userExternalId, email }) => userExternalId === undefined || email === undefined ? [] : [{ externalId: userExternalId, to: email }])
]
