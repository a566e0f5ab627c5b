import { hasWordsUnderWay, sessionOf } from '../domain/session.ts'
import { hasUntold, isUnsettled, readMarker, restingPhase, type Teleconsultation } from '../domain/teleconsultation.ts'
import type { RoomState } from '../providers/provider.ts'
import { callProvider, newOperation, setAside, type Context, type Ports } from './ports.ts'
import { finishRemoval } from './remove.ts'
import { atTarget, everywhere } from './places.ts'
import { drain, makeRoom } from './room.ts'
import { tellAll } from './tell-provider.ts'

/** How many things of each kind one run settled, could not settle, or found and left alone. */
export interface Reconciled {
  deletionsFinished: number
  operationsFinished: number
  operationsUndone: number
  garbageDeleted: number
  /** Documents whose provider was told of what had been decided. */
  told: number
  orphansDeleted: number
  /** Not settled in this run; the next one tries again. */
  failed: number
  /** Unsettled documents that were found. */
  backlog: number
}

const BATCH = 50

/** How long before now a room may have been made that this looks for. Older ones were looked for by earlier runs. */
const ORPHANS_SINCE_MS = 24 * 60 * 60 * 1000

/**
 * Finishes or undoes what was left behind by processes that died, answers that got lost and providers that failed. Any
 * number of replicas may run it at once: each step is a conditional write, and who comes second does nothing.
 */
export async function reconcile (ports: Ports, context: Context): Promise<Reconciled> {
  const done: Reconciled = { deletionsFinished: 0, operationsFinished: 0, operationsUndone: 0, garbageDeleted: 0, told: 0, orphansDeleted: 0, failed: 0, backlog: 0 }
  const unsettled = await ports.store.findUnsettled(ports.clock.now(), BATCH, context)
  done.backlog = unsettled.length
  for (const document of unsettled) {
    await attempt(done, context, document.id, async () => {
      const kind = await settle(ports, document, context)
      if (kind !== undefined) done[kind]++
    })
  }
  if (ports.settings.deletesOrphans) {
    // One that fails keeps no other's from being found.
    for (const place of everywhere(ports)) await attempt(done, context, undefined, async () => { done.orphansDeleted += await deleteOrphans(place, context) })
  }
  return done
}

async function attempt (done: Reconciled, context: Context, roomId: string | undefined, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    done.failed++
    context.log.warn({ err: error, roomId }, 'Something that was left behind could not be settled yet')
  }
}

type Settled = 'deletionsFinished' | 'operationsFinished' | 'operationsUndone' | 'garbageDeleted' | 'told'

/** @returns undefined where somebody else was quicker */
async function settle (ports: Ports, document: Teleconsultation, context: Context): Promise<Settled | undefined> {
  const { control } = document
  if (!isUnsettled(control, ports.clock.now())) return undefined
  if (control.phase === 'DELETING') {
    await finishRemoval(ports, document, context)
    return 'deletionsFinished'
  }
  switch (control.operation?.kind) {
    case undefined:
      if (hasUntold(control) && !hasWordsUnderWay(sessionOf(document), ports.clock.now())) {
        await tellAll(ports, document, context)
        return 'told'
      }
      await drain(ports, document, context)
      return 'garbageDeleted'
    case 'seal':
      return await rollForward(ports, document, context) ? 'operationsFinished' : undefined
    case 'create':
    case 'change':
      return await rollBack(ports, document, context) ? 'operationsUndone' : undefined
  }
}

/** A sealed document has shown, or is about to show, its link: its room is made, whoever began to. */
async function rollForward (ports: Ports, document: Teleconsultation, context: Context): Promise<boolean> {
  const { control } = document
  const operation = newOperation(ports, 'seal', control.epoch + 1)
  const taken = await ports.store.replaceIfUnchanged(document, {
    control: { ...setAside(ports, document), operation, epoch: operation.epoch }
  }, context)
  if (taken === 'changed') return false
  await makeRoom(atTarget(ports, taken.control, taken.content.participants), taken, operation, context)
  return true
}

/**
 * A change goes back to what was there before. Nobody learned the id of a booking that was never answered: it is deleted. The
 * room that the operation may have made goes with it.
 */
async function rollBack (ports: Ports, document: Teleconsultation, context: Context): Promise<boolean> {
  const { control: { operation, idempotency }, content } = document
  if (operation === undefined) return false
  const aside = setAside(ports, document)
  const undone = await ports.store.replaceIfUnchanged(document, {
    control: {
      ...aside,
      phase: operation.kind === 'create' ? 'DELETING' : restingPhase(content, aside.room),
      idempotency: operation.kind === 'create' ? undefined : idempotency
    }
  }, context)
  if (undone === 'changed') return false
  if (undone.control.phase === 'DELETING') await finishRemoval(ports, undone, context)
  else await drain(ports, undone, context)
  return true
}

/**
 * Rooms with a marker of this deployment that no document owns, and that no operation can publish any more. A room whose
 * marker is not ours is not touched.
 */
async function deleteOrphans (ports: Ports, context: Context): Promise<number> {
  const since = new Date(ports.clock.now().getTime() - ORPHANS_SINCE_MS)
  const rooms = await callProvider(ports, async (provider, signal) => await provider.findRooms(ports.settings.deployment, since, signal))
  let deleted = 0
  for (const room of rooms) {
    if (!await isOrphan(ports, room, context)) continue
    await callProvider(ports, async (provider, signal) => { await provider.deleteRoom(room, signal) })
    deleted++
  }
  return deleted
}

async function isOrphan (ports: Ports, room: RoomState, context: Context): Promise<boolean> {
  const marker = readMarker(ports.settings.deployment, room.marker ?? '')
  if (marker === undefined) return false
  // Read after the room was seen: an operation that is not in the document now can't publish it later.
  const document = await ports.store.get(marker.documentId, context)
  if (document === undefined) return true
  const { control } = document
  if (control.room?.providerRoomId === room.providerRoomId && control.provider === ports.provider.name) return false
  return !(control.operation?.id === marker.operationId && control.operation.epoch === marker.epoch)
}
