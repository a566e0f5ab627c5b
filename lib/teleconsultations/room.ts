import { ConcurrentChange, OperationInProgress, StorageTimeout, StorageUnavailable } from '../errors.ts'
import { garbageOf, markerOf, remember, restingPhase, type Content, type Garbage, type Operation, type Teleconsultation } from '../domain/teleconsultation.ts'
import type { Changes } from '../storage/teleconsultation-store.ts'
import type { RoomState } from '../providers/provider.ts'
import { identified, type KnownAccounts } from './accounts.ts'
import { callProvider, heldByAnother, roomSpecOf, type Context, type Ports } from './ports.ts'

/**
 * Makes the room of a pending operation and publishes it: the steps that follow the intent. The operation must stand in
 * `intent`. One write publishes room, links and content, ends the operation and puts the replaced room to the garbage;
 * until then what was there before stays usable.
 *
 * @throws PROVIDER_* after the operation was undone; CONCURRENT_CHANGE when it was taken over meanwhile; STORAGE_* when
 *   the outcome is unknown: the lease runs out and the next one to come takes over
 */
export async function makeRoom (
  ports: Ports, intent: Teleconsultation, operation: Operation, context: Context, accounts?: Promise<KnownAccounts>
): Promise<Teleconsultation> {
  const marker = markerOf(ports.settings.deployment, intent.id, operation)
  let content = operation.content ?? intent.content
  let room: RoomState
  try {
    content = { ...content, participants: await identified(ports, content.participants, context, accounts) }
    const spec = roomSpecOf(ports, content, marker)
    room = await callProvider(ports, async (provider, signal) => await provider.createRoom(spec, signal))
  } catch (error) {
    await undo(ports, intent, operation, context)
    throw error
  }
  const committed = await commit(ports, intent, operation, content, room, context)
  drainInBackground(ports, committed, context)
  return committed
}

async function commit (
  ports: Ports, intent: Teleconsultation, operation: Operation, content: Content, room: RoomState, context: Context
): Promise<Teleconsultation> {
  const { control } = intent
  const published = {
    ...content,
    participants: content.participants.map((participant) =>
      ({ ...participant, accessLinkURL: room.links?.[participant.userBandyerId] ?? null }))
  }
  const kept = { providerRoomId: room.providerRoomId, marker: room.marker }
  const replaced: Garbage[] = control.room === undefined || control.room.providerRoomId === room.providerRoomId ? [] : [control.room]
  const changes: Changes = {
    content: published,
    control: {
      ...control,
      phase: restingPhase(published, kept),
      operation: undefined,
      applied: remember(control.applied, operation.id),
      garbage: [...control.garbage, ...replaced],
      provider: ports.provider.name,
      room: kept
    }
  }
  const outcome = await replaceKnowing(ports, intent, changes, operation.id, context)
  if (outcome !== 'changed') return outcome
  // Somebody took over, or deleted: this room can't be published any more, and no record of it may be left.
  await callProvider(ports, async (provider, signal) => { await provider.deleteRoom(room, signal) })
  throw new ConcurrentChange()
}

/**
 * Compare-and-set whose answer may get lost: then the document is read back, and the operation looked for among the
 * accepted ones.
 *
 * @throws STORAGE_* when that can't be told either
 */
export async function replaceKnowing (ports: Ports, current: Teleconsultation, changes: Changes, operationId: string, context: Context): Promise<Teleconsultation | 'changed'> {
  try {
    return await ports.store.replaceIfUnchanged(current, changes, context)
  } catch (error) {
    if (!mayHaveWritten(error)) throw error
    const read = await ports.store.get(current.id, context)
    if (read?.control.applied.includes(operationId) === true) return read
    if (read === undefined || !sameVersion(read, current)) return 'changed'
    throw error
  }
}

export const mayHaveWritten = (error: unknown) => error instanceof StorageTimeout || error instanceof StorageUnavailable

function sameVersion ({ version: read }: Teleconsultation, { version: known }: Teleconsultation): boolean {
  // What was inserted is known without its updatedAt: that the read tells one does not mean that somebody wrote.
  const compared = 'updatedAt' in known && 'updatedAt' in read && known.updatedAt === undefined ? { ...read, updatedAt: undefined } : read
  return JSON.stringify(compared) === JSON.stringify(known)
}

/**
 * Takes an operation back whose room could not be made. The room may exist all the same (the answer got lost), so its
 * marker goes to the garbage. A create that nobody learned of is deleted as a whole.
 */
async function undo (ports: Ports, intent: Teleconsultation, operation: Operation, context: Context): Promise<void> {
  const { control } = intent
  const phase = operation.kind === 'create' ? 'DELETING' : restingPhase(intent.content, control.room)
  try {
    const outcome = await ports.store.replaceIfUnchanged(intent, {
      control: {
        ...control,
        phase,
        operation: undefined,
        garbage: [...control.garbage, garbageOf(ports.settings.deployment, intent.id, operation)]
      }
    }, context)
    if (outcome === 'changed' || phase !== 'DELETING') return
    // Its garbage goes first: nobody looks into the trash for rooms.
    ports.inBackground('clear a failed booking away', async () => {
      for (const item of outcome.control.garbage) await deleteGarbage(ports, item)
      await ports.store.trash(intent.id, context)
    }, context.log)
  } catch (error) {
    // The lease ends the operation; whoever comes next sets it aside.
    context.log.warn({ err: error, roomId: intent.id }, 'An operation that failed could not be undone yet')
  }
}

/** Deletes the rooms in a document's garbage; what can't be deleted now stays there. */
export async function drain (ports: Ports, document: Teleconsultation, context: Context): Promise<void> {
  const { garbage } = document.control
  if (garbage.length === 0) return
  for (const item of garbage) await deleteGarbage(ports, item)
  await ports.store.replaceIfUnchanged(document, { control: { ...document.control, garbage: [] } }, context)
}

export async function deleteGarbage (ports: Ports, item: Garbage): Promise<void> {
  if ('providerRoomId' in item) {
    await callProvider(ports, async (provider, signal) => { await provider.deleteRoom(item, signal) })
    return
  }
  const found = await callProvider(ports, async (provider, signal) => await provider.findRooms(item.marker, new Date(item.since), signal))
  await Promise.all(found.map(async (room) => { await deleteGarbage(ports, { providerRoomId: room.providerRoomId }) }))
}

/**
 * Only when the document is at rest: a write beside another's operation would make that one fail.
 */
export function drainInBackground (ports: Ports, document: Teleconsultation, context: Context): void {
  if (document.control.garbage.length === 0 || document.control.operation !== undefined) return
  ports.inBackground('delete replaced rooms', () => drain(ports, document, context), context.log)
}

/** @throws OPERATION_IN_PROGRESS */
export const refuseWhileHeld = (ports: Ports, current: Teleconsultation) => {
  if (heldByAnother(ports, current.control)) throw new OperationInProgress()
}
