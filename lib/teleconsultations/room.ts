import { ConcurrentChange, OperationInProgress, ProviderBusy, ProviderTimeout, ProviderUnavailable, StorageTimeout, StorageUnavailable } from '../errors.ts'
import { withAttempt } from '../domain/idempotency.ts'
import { garbageOf, markerOf, remember, restingPhase, roomAsGarbage, withoutOperation, type Content, type Control, type Garbage, type Operation, type Teleconsultation } from '../domain/teleconsultation.ts'
import type { Changes } from '../storage/teleconsultation-store.ts'
import type { RoomState, VideoProvider } from '../providers/provider.ts'
import { identified, type KnownAccounts } from './accounts.ts'
import { atProvider, everywhere, seatedAt } from './places.ts'
import { callProvider, heldByAnother, privilegeOfStored, roomSpecOf, unhurried, type Context, type Ports } from './ports.ts'

/**
 * Makes the room of a pending operation, or changes the one of record, and publishes it: the steps that follow the intent. The operation must stand in
 * `intent`. One write publishes room, links and content, ends the operation and puts the replaced room to the garbage;
 * until then what was there before stays usable.
 *
 * @throws PROVIDER_* after the operation was undone; CONCURRENT_CHANGE when it was taken over meanwhile; STORAGE_* when
 *   the outcome is unknown: the lease runs out and the next one to come takes over
 */
export async function makeRoom (
  ports: Ports, intent: Teleconsultation, operation: Operation, context: Context, accounts?: Promise<KnownAccounts>
): Promise<Teleconsultation> {
  let made: Made
  try {
    made = await makeSomewhere(ports, intent, operation, context, accounts)
  } catch (error) {
    await undo(ports, intent, operation, error, unhurried(context))
    throw error
  }
  // What was made is published, however late it is.
  const committed = await commit(made, intent, operation, unhurried(context))
  drainInBackground(ports, committed, context)
  return committed
}

interface Made {
  /** Where. */
  ports: Ports
  content: Content
  room: RoomState
  /** The provider that failed to. */
  fellBackFrom?: string | undefined
}

async function makeSomewhere (ports: Ports, intent: Teleconsultation, operation: Operation, context: Context, accounts: Promise<KnownAccounts> | undefined): Promise<Made> {
  // What an operation wants to publish was seated where its room was to be made, the rest where the document is.
  const before = operation.content === undefined ? intent.control.provider : ports.provider.name
  try {
    const changed = operation.inPlace === true ? await changeThere(ports, intent, operation, context) : undefined
    return changed ?? await makeThere(ports, intent, before, operation, context, accounts)
  } catch (error) {
    const fallback = ports.fallback === undefined || ports.fallback === ports.provider ? undefined : atProvider(ports, ports.fallback.name)
    if (fallback === undefined || !isOfProvider(error) || !takes(fallback, operation.content ?? intent.content)) throw error
    const fellBackFrom = ports.provider.name
    context.log.warn({ err: error, roomId: intent.id, from: fellBackFrom, to: fallback.provider.name }, 'A provider failed to make a room: another one is asked')
    try {
      const made = await makeThere(fallback, intent, before, operation, context, undefined)
      ports.fellBack?.(fellBackFrom, fallback.provider.name)
      return { ...made, fellBackFrom }
    } catch (failure) {
      context.log.warn({ err: failure, roomId: intent.id }, 'The other provider failed as well')
      throw error
    }
  }
}

/** @returns undefined where the room of record does not take the change, and was not touched */
async function changeThere (ports: Ports, { control, content: before }: Teleconsultation, operation: Operation, context: Context): Promise<Made | undefined> {
  const { room } = control
  if (room === undefined) return undefined
  const wanted = operation.content ?? before
  const content = { ...wanted, participants: await identified(ports, wanted.participants, context) }
  const spec = roomSpecOf(ports, content, { session: operation.session ?? control.session }, room.marker ?? '')
  const outcome = await callProvider(ports, async (provider, signal) => await provider.changeRoom(room, spec, signal), context)
  return outcome === 'changed' ? { ports, content, room, fellBackFrom: control.fellBackFrom } : undefined
}

/** @param before the provider whose ids the participants have */
async function makeThere (ports: Ports, intent: Teleconsultation, before: string, operation: Operation, context: Context, accounts: Promise<KnownAccounts> | undefined): Promise<Made> {
  const wanted = operation.content ?? intent.content
  const seated = seatedAt(ports, before, wanted.participants, (participant) => privilegeOfStored(ports, participant))
  const content = { ...wanted, participants: await identified(ports, seated, context, accounts) }
  const spec = roomSpecOf(ports, content, { session: operation.session ?? intent.control.session }, markerOf(ports.settings.deployment, intent.id, operation))
  const room = await callProvider(ports, async (provider, signal) => await provider.createRoom(spec, signal), context)
  failing.delete(ports.provider)
  return { ports, content, room }
}

/** Providers that did not answer when a room was last to be made. */
const failing = new WeakSet<VideoProvider>()

const takes = ({ provider: { capabilities } }: Ports, { number }: Content) => number >= capabilities.minParticipants && number <= capabilities.maxParticipants

const isOutage = (error: unknown) => error instanceof ProviderUnavailable || error instanceof ProviderTimeout || error instanceof ProviderBusy
/** Whether the provider is to blame, or cannot give what is wanted. */
export const isOfProvider = (error: unknown) => /^(PROVIDER|CAPABILITY)_/.test(String((error as { code?: unknown } | null)?.code))

async function commit ({ ports, content, room, fellBackFrom }: Made, intent: Teleconsultation, operation: Operation, context: Context): Promise<Teleconsultation> {
  const { control } = intent
  const published = {
    ...content,
    participants: content.participants.map((participant) =>
      ({ ...participant, accessLinkURL: room.links?.[participant.userBandyerId] ?? null }))
  }
  const kept = { providerRoomId: room.providerRoomId, marker: room.marker }
  const isSame = control.room?.providerRoomId === room.providerRoomId && control.provider === ports.provider.name
  // The one that failed may have made a room all the same.
  const unknown = fellBackFrom === undefined || isSame ? [] : [garbageOf(ports.settings.deployment, intent.id, operation)]
  const changes: Changes = {
    content: published,
    control: {
      ...control,
      phase: restingPhase(published, kept),
      operation: undefined,
      applied: remember(control.applied, operation.id),
      garbage: [...withProvider(control), ...isSame ? [] : roomAsGarbage(control), ...unknown],
      provider: ports.provider.name,
      chosen: operation.content === undefined ? control.chosen : operation.chosen,
      fellBackFrom,
      session: operation.session ?? control.session,
      room: kept,
      additions: withAttempt(control.additions, operation.addition, ports.clock.now())
    }
  }
  const outcome = await replaceKnowing(ports, intent, changes, operation.id, context)
  if (outcome !== 'changed') return outcome
  // Somebody took over, or deleted: this room can't be published any more, and no record of it may be left. One that was there before
  // is in the record of whoever did.
  if (!isSame) await callProvider(ports, async (provider, signal) => { await provider.deleteRoom(room, signal) })
  throw new ConcurrentChange()
}

/** What is to be deleted stays at its provider, whatever becomes the document's. */
const withProvider = ({ garbage, provider }: Control): Garbage[] => garbage.map((item) => 'providerRoomId' in item ? { provider, ...item } : item)

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
    const read = await ports.store.get(current.id, { ...context, isReadBack: true })
    if (read?.control.applied.includes(operationId) === true) return read
    if (read === undefined || !sameVersion(read, current)) return 'changed'
    throw error
  }
}

export const mayHaveWritten = (error: unknown) =>
  (error instanceof StorageTimeout || error instanceof StorageUnavailable) && (error as { unsent?: boolean }).unsent !== true

function sameVersion ({ version: read }: Teleconsultation, { version: known }: Teleconsultation): boolean {
  // What was inserted is known without its updatedAt: that the read tells one does not mean that somebody wrote.
  const compared = 'updatedAt' in known && 'updatedAt' in read && known.updatedAt === undefined ? { ...read, updatedAt: undefined } : read
  return JSON.stringify(compared) === JSON.stringify(known)
}

/**
 * Takes an operation back whose room could not be made. The room may exist all the same (the answer got lost), so its
 * marker goes to the garbage. A create that nobody learned of is deleted as a whole.
 */
async function undo (ports: Ports, intent: Teleconsultation, operation: Operation, reason: unknown, context: Context): Promise<void> {
  const { control } = intent
  const failedBefore = failing.has(ports.provider)
  if (isOutage(reason)) failing.add(ports.provider)
  const aside = withoutOperation(ports.settings.deployment, intent.id, control, operation)
  const phase = operation.kind === 'create' ? 'DELETING' : restingPhase(intent.content, aside.room)
  try {
    const outcome = await ports.store.replaceIfUnchanged(intent, {
      control: {
        ...aside,
        phase,
        // Nobody has learned of it: the next request with the key books anew.
        idempotency: phase === 'DELETING' ? undefined : control.idempotency
      }
    }, context)
    if (outcome === 'changed' || phase !== 'DELETING') return
    // Who did not answer the last one either is not asked again at once: the reconciler does, later.
    if (isOutage(reason) && failedBefore) return
    // Its garbage goes first: nobody looks into the trash for rooms.
    ports.inBackground('clear a failed booking away', async () => {
      for (const item of outcome.control.garbage) await deleteGarbage(ports, item, outcome.control.provider, context)
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
  const failures: unknown[] = []
  // A provider that fails keeps no other's rooms alive.
  for (const item of garbage) await deleteGarbage(ports, item, document.control.provider, context, document.control).catch((error: unknown) => { failures.push(error) })
  if (failures.length > 0) throw failures[0]
  await ports.store.replaceIfUnchanged(document, { control: { ...document.control, garbage: [] } }, context)
}

/**
 * @param home the provider of a room that does not say its own
 * @param kept whose room of record stays: it has the marker of an operation that failed at one provider and fell back to another
 */
export async function deleteGarbage (ports: Ports, item: Garbage, home: string, context: Context, kept?: Pick<Control, 'room' | 'provider'>): Promise<void> {
  if ('providerRoomId' in item) {
    const there = atProvider(ports, item.provider ?? home)
    if (there !== undefined) await callProvider(there, async (provider, signal) => { await provider.deleteRoom(item, signal) })
    else context.log.warn({ provider: item.provider ?? home }, 'A room stays at a provider that is not in use any more')
    return
  }
  await Promise.all(everywhere(ports).map(async (there) => {
    const found = await callProvider(there, async (provider, signal) => await provider.findRooms(item.marker, new Date(item.since), signal))
    const unwanted = found.filter(({ providerRoomId }) => there.provider.name !== kept?.provider || providerRoomId !== kept.room?.providerRoomId)
    await Promise.all(unwanted.map((room) => callProvider(there, async (provider, signal) => { await provider.deleteRoom(room, signal) })))
  }))
}

/**
 * Only when the document is at rest: a write beside another's operation would make that one fail.
 */
export function drainInBackground (ports: Ports, document: Teleconsultation, context: Context): void {
  if (document.control.garbage.length === 0 || document.control.operation !== undefined) return
  ports.inBackground('delete replaced rooms', () => drain(ports, document, unhurried(context)), context.log)
}

/** @throws OPERATION_IN_PROGRESS */
export const refuseWhileHeld = (ports: Ports, current: Teleconsultation) => {
  if (heldByAnother(ports, current.control)) throw new OperationInProgress()
}
