import { KeyReused, RequestRunning } from '../errors.ts'
import { isForgotten, type RequestKey } from '../domain/idempotency.ts'
import { isHeld, remember, wasBooked, type Teleconsultation } from '../domain/teleconsultation.ts'
import { atTarget } from './places.ts'
import { makeRoom, replaceKnowing } from './room.ts'
import { ATTEMPTS, newOperation, setAside, wantsRoomNow, type Context, type Ports } from './ports.ts'

/**
 * Books once for one key. What an earlier request with it booked is the answer, also when it was deleted since; what one
 * that died began is finished; what failed is begun anew.
 *
 * @param book 'duplicate': somebody else began with the same key meanwhile
 * @throws IDEMPOTENCY_KEY_REUSED, REQUEST_RUNNING, and what `book` throws
 */
export async function bookOnce (
  ports: Ports, request: RequestKey, book: () => Promise<Teleconsultation | 'duplicate'>, context: Context
): Promise<Teleconsultation> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const earlier = await earlierBooking(ports, request, context)
    if (earlier === 'changed') continue
    const booked = earlier ?? await book()
    if (booked !== 'duplicate') return booked
  }
  throw new RequestRunning()
}

async function earlierBooking (ports: Ports, request: RequestKey, context: Context): Promise<Teleconsultation | undefined | 'changed'> {
  const now = ports.clock.now()
  for (const found of await ports.store.findByKey(request.key, context)) {
    const { control } = found
    if (control.idempotency === undefined) continue
    const never = control.phase === 'DELETING' && !wasBooked(control)
    if (never || isForgotten(control.idempotency, now)) {
      await ports.store.releaseKey(found, context)
      continue
    }
    if (control.idempotency.fingerprint !== request.fingerprint) throw new KeyReused()
    if (wasBooked(control)) return found
    if (isHeld(control, now)) throw new RequestRunning()
    return await resume(ports, found, context)
  }
  return undefined
}

async function resume (ports: Ports, found: Teleconsultation, context: Context): Promise<Teleconsultation | 'changed'> {
  const { control } = found
  const operation = newOperation(ports, 'create', control.epoch + 1)
  const aside = { ...setAside(ports, found), epoch: operation.epoch }
  if (!wantsRoomNow(ports, found.content)) {
    return await replaceKnowing(ports, found, { control: { ...aside, applied: remember(control.applied, operation.id) } }, operation.id, context)
  }
  const taken = await ports.store.replaceIfUnchanged(found, { control: { ...aside, operation } }, context)
  return taken === 'changed' ? taken : await makeRoom(atTarget(ports, taken.control, taken.content.participants), taken, operation, context)
}
