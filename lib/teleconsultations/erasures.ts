import type { Outstanding } from '../domain/erasure.ts'
import type { ErasureStore, StartedErasure } from '../storage/erasure-store.ts'
import { erasePerson, type Erased, type PersonalStores } from './erase-person.ts'
import { passed } from './deadline.ts'
import type { Context, Ports } from './ports.ts'

/** What an erasure has come to. Nothing outstanding: nothing of him is left. */
export interface ErasureReport extends Pick<Erased, 'pseudonymised' | 'cancelled'> {
  requestedAt: Date
  outstanding: Outstanding[]
}

export interface Erasures {
  /**
   * Begins an erasure, or goes on with it. What is not done when `waitMs` are over is done without anybody waiting, and what
   * could not be done is tried again by `resume`.
   *
   * @throws STORAGE_* where it could not be noted down: then nothing was begun
   */
  request (externalId: string, context: Context, waitMs: number): Promise<ErasureReport>
  /** One that is not finished. @throws STORAGE_* */
  find (externalId: string, context: Context): Promise<StartedErasure | undefined>
  /** Goes on with all that are not finished, one after the other. @throws STORAGE_* */
  resume (context: Context): Promise<void>
}

const BATCH = 50
const WORKING: readonly Outstanding[] = [{ what: 'teleconsultations', reason: 'IN_PROGRESS', count: 1 }]

/** @param emptyLog takes what was written before out of the storage's own log, where that is here */
export function erasures (ports: Ports, stores: PersonalStores & { erasures: ErasureStore }, emptyLog: () => Promise<void> = async () => {}): Erasures {
  const running = new Map<string, Promise<Erased>>()

  const attempt = async (externalId: string, context: Context): Promise<Erased> => {
    const erased = await erasePerson(ports, stores, externalId, context)
    const { outstanding, ...counts } = erased
    if (outstanding.length === 0) await stores.erasures.end(externalId, context)
    else await stores.erasures.note(externalId, outstanding, context)
    await emptyLog()
    // Whose erasure it is stays out of the log.
    context.log.info({ ...counts, outstanding }, outstanding.length === 0 ? 'A person was erased' : 'A person is not erased everywhere yet')
    return erased
  }
  const once = async (externalId: string, context: Context): Promise<Erased> => {
    let attempted = running.get(externalId)
    if (attempted === undefined) {
      attempted = attempt(externalId, context).finally(() => { running.delete(externalId) })
      running.set(externalId, attempted)
    }
    return await attempted
  }

  return {
    async request (externalId, given, waitMs) {
      const { requestedAt, outstanding } = await stores.erasures.begin(externalId, given)
      // Neither what a gateway lets this caller see, nor how long he waits, bounds it.
      const work = once(externalId, { headers: {}, log: given.log })
      ports.inBackground('erase a person', async () => { await work }, given.log)
      const deadline = ports.clock.deadline(waitMs)
      try {
        const erased = await Promise.race([work, passed(deadline)])
        return erased === undefined ? { requestedAt, pseudonymised: 0, cancelled: 0, outstanding: outstanding ?? [...WORKING] } : { requestedAt, ...erased }
      } finally {
        deadline.cancel()
      }
    },

    find: async (externalId, context) => await stores.erasures.find(externalId, context),

    async resume (context) {
      for (const { userId } of await stores.erasures.list(BATCH, context)) {
        // One that fails keeps no other's from going on.
        await once(userId, context).catch((error: unknown) => { context.log.warn({ err: error }, 'An erasure could not go on') })
      }
    }
  }
}
