import { checkPrecondition, type Precondition } from '../domain/entity-tag.ts'
import { ConcurrentChange, RoomNotFound } from '../errors.ts'
import { remember, roomAsGarbage, wasBooked, type Control, type Garbage, type Teleconsultation } from '../domain/teleconsultation.ts'
import { deleteGarbage, mayHaveWritten, replaceKnowing } from './room.ts'
import { ATTEMPTS, newOperation, setAside, type Context, type Ports } from './ports.ts'

/**
 * Deletes a teleconsultation. It is decided by one write, after which every read refuses; then its rooms are deleted and
 * the document goes to the trash. A pending operation cannot win any more. What fails after the decision is left for the
 * reconciler, or another DELETE.
 *
 * @throws TELECONSULTATION_NOT_FOUND, PRECONDITION_FAILED, CONCURRENT_CHANGE, STORAGE_*
 */
export async function removeTeleconsultation (ports: Ports, id: string, context: Context, precondition?: Precondition): Promise<void> {
  const decided = await decide(ports, id, context, precondition)
  try {
    await finishRemoval(ports, decided, context)
  } catch (error) {
    context.log.warn({ err: error, roomId: id }, 'A deleted teleconsultation is not cleared away yet')
  }
}

/**
 * What is left to do once a deletion is decided; anybody may do it, and again.
 *
 * @throws STORAGE_*, PROVIDER_*
 */
export async function finishRemoval (ports: Ports, decided: Teleconsultation, context: Context): Promise<void> {
  await Promise.all(roomsOf(ports, decided).map((item) => deleteGarbage(ports, item, decided.control.provider, context)))
  await ports.store.trash(decided.id, context)
}

async function decide (ports: Ports, id: string, context: Context, precondition: Precondition | undefined): Promise<Teleconsultation> {
  const decided = precondition === undefined ? await decidedAtOnce(ports, id, context) : undefined
  if (decided !== undefined) return decided
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const current = await ports.store.get(id, context)
    if (current === undefined) throw new RoomNotFound(id)
    const { control } = current
    if (control.phase === 'DELETING') return current
    checkPrecondition(precondition, current.content)
    const operation = newOperation(ports, 'change', control.epoch + 1)
    const outcome = await replaceKnowing(ports, current, {
      content: { ...current.content, participants: current.content.participants.map((participant) => ({ ...participant, accessLinkURL: null })) },
      control: {
        ...control,
        phase: 'DELETING',
        operation: undefined,
        epoch: operation.epoch,
        applied: remember(control.applied, operation.id),
        idempotency: wasBooked(control) ? control.idempotency : undefined,
        garbage: roomsOf(ports, current),
        room: undefined
      }
    }, operation.id, context)
    if (outcome !== 'changed') return outcome
  }
  throw new ConcurrentChange()
}

/** The usual case in one request. Undefined: it is not that case, or it can't be told. */
async function decidedAtOnce (ports: Ports, id: string, context: Context): Promise<Teleconsultation | undefined> {
  let decided: Teleconsultation | 'unmet'
  try {
    decided = await ports.store.decideDeletion(id, context)
  } catch (error) {
    if (!mayHaveWritten(error)) throw error
    const read = await ports.store.get(id, { ...context, isReadBack: true })
    if (read?.control.phase !== 'DELETING') throw error
    decided = read
  }
  return decided === 'unmet' ? undefined : decided
}

/** Every room that the document may have: of record, replaced, or made by an operation that never said so. */
const roomsOf = (ports: Ports, document: Teleconsultation): Garbage[] =>
  garbageAndRoom(setAside(ports, document))

const garbageAndRoom = (control: Control): Garbage[] => [...control.garbage, ...roomAsGarbage(control)]
