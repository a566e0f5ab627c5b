import { ConcurrentChange, RoomNotFound } from '../errors.ts'
import { remember, type Garbage, type Teleconsultation } from '../domain/teleconsultation.ts'
import { deleteGarbage, replaceKnowing } from './room.ts'
import { ATTEMPTS, garbageWithDead, newOperation, type Context, type Ports } from './ports.ts'

/**
 * Deletes a teleconsultation. It is decided by one write, after which every read refuses; then its rooms are deleted and
 * the document goes to the trash. A pending operation cannot win any more. What fails after the decision is left for
 * another DELETE.
 *
 * @throws TELECONSULTATION_NOT_FOUND, CONCURRENT_CHANGE, STORAGE_*
 */
export async function removeTeleconsultation (ports: Ports, id: string, context: Context): Promise<void> {
  const decided = await decide(ports, id, context)
  try {
    for (const item of decided.control.garbage) await deleteGarbage(ports, item)
    await ports.store.trash(id, context)
  } catch (error) {
    context.log.warn({ err: error, roomId: id }, 'A deleted teleconsultation is not cleared away yet')
  }
}

async function decide (ports: Ports, id: string, context: Context): Promise<Teleconsultation> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const current = await ports.store.get(id, context)
    if (current === undefined) throw new RoomNotFound(id)
    const { control } = current
    if (control.phase === 'DELETING') return current
    const operation = newOperation(ports, 'change', control.epoch + 1)
    const rooms: Garbage[] = control.room === undefined ? [] : [control.room]
    const outcome = await replaceKnowing(ports, current, {
      content: { ...current.content, participants: current.content.participants.map((participant) => ({ ...participant, accessLinkURL: null })) },
      control: {
        ...control,
        phase: 'DELETING',
        operation: undefined,
        epoch: operation.epoch,
        applied: remember(control.applied, operation.id),
        garbage: [...garbageWithDead(ports, current), ...rooms],
        room: undefined
      }
    }, operation.id, context)
    if (outcome !== 'changed') return outcome
  }
  throw new ConcurrentChange()
}
