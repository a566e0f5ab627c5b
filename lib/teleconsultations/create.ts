import type { NewTeleconsultation } from '../../schemas/teleconsultation.ts'
import { StorageBadAnswer } from '../errors.ts'
import { attemptAt, type RequestKey } from '../domain/idempotency.ts'
import { checkList, checkPlusUser, type KnownPerson } from '../domain/participants.ts'
import { scheduleOf } from '../domain/schedule.ts'
import type { Session } from '../domain/session.ts'
import { restingPhase, type Content, type Control, type Operation, type Teleconsultation } from '../domain/teleconsultation.ts'
import { identifyInBackground, lookUpIfRegistering } from './accounts.ts'
import { bookOnce } from './book-once.ts'
import { atTarget, checkChoice, checkWishes } from './places.ts'
import { makeRoom, mayHaveWritten } from './room.ts'
import { checkLimits, newOperation, storedParticipants, wantsRoomNow, type Context, type Ports } from './ports.ts'

export interface WantedParticipants { number: number, people: readonly KnownPerson[] }

/**
 * Books a teleconsultation. Nobody is asked for before the dates were checked, and nothing is written before everything was. Where rooms are made early and everybody
 * is known, the document is written with its pending operation first, then the room is made and published.
 *
 * @param request repeating it gives what it booked before
 * @param session whose it is, and what is said about it; only where the collection keeps sessions
 * @throws IDEMPOTENCY_KEY_REUSED, REQUEST_RUNNING, INVALID_DATE, END_OR_DURATION, INVALID_SPAN, DUPLICATE_PARTICIPANT, TOO_MANY_PARTICIPANTS, NO_PLUS_USER,
 *   CAPABILITY_LIMIT, STORAGE_*, PROVIDER_*
 */
export async function createTeleconsultation (
  ports: Ports, people: () => Promise<WantedParticipants>, dates: Pick<NewTeleconsultation, 'start_date' | 'end_date' | 'duration_in_seconds' | 'videoProvider'>, context: Context, request?: RequestKey, session?: Session
): Promise<Teleconsultation> {
  const book = async () => await bookNow(ports, people, dates, context, request, session)
  const booked = request === undefined ? await book() : await bookOnce(ports, request, book, context)
  // Nobody but a request with a key finds another's booking.
  if (booked === 'duplicate') throw new StorageBadAnswer()
  return booked
}

async function bookNow (
  anywhere: Ports, people: () => Promise<WantedParticipants>, dates: Pick<NewTeleconsultation, 'start_date' | 'end_date' | 'duration_in_seconds' | 'videoProvider'>, context: Context, request: RequestKey | undefined, session: Session | undefined
): Promise<Teleconsultation | 'duplicate'> {
  const schedule = scheduleOf(dates)
  checkChoice(anywhere, dates.videoProvider)
  const wanted = await people()
  checkList(wanted.people.map(({ externalId }) => externalId), wanted.number)
  checkPlusUser(wanted.people.map(({ privilege }) => privilege), wanted.number, 'POST /teleconsultation')
  const ports = atTarget(anywhere, { chosen: dates.videoProvider }, wanted.people)
  checkLimits(ports, wanted.number)
  checkWishes(ports)
  const content: Content = { number: wanted.number, participants: storedParticipants(ports, wanted.people), ...schedule }

  const operation = newOperation(ports, 'create', 1)
  const control: Control = {
    phase: restingPhase(content, undefined),
    sealed: false,
    epoch: 1,
    applied: [],
    garbage: [],
    provider: ports.provider.name,
    chosen: dates.videoProvider,
    idempotency: attemptAt(request, ports.clock.now()),
    session
  }
  if (!wantsRoomNow(ports, content)) {
    const created = await insertKnowing(ports, content, { ...control, applied: [operation.id] }, operation, context)
    if (created === 'duplicate') return created
    identifyInBackground(ports, created, context)
    return created
  }
  // Where the storage fails it is not asked two things at once in vain.
  const accounts = ports.store.isFailing() ? undefined : lookUpIfRegistering(ports, content.participants, context)
  const intent = await insertKnowing(ports, content, { ...control, operation }, operation, context)
  if (intent === 'duplicate') return intent
  return await makeRoom(ports, intent, operation, context, accounts)
}

// A lost answer to the insert: the document may be there, and only its operation's id tells.
async function insertKnowing (ports: Ports, content: Content, control: Control, operation: Operation, context: Context): Promise<Teleconsultation | 'duplicate'> {
  try {
    return await ports.store.insert(content, control, context, operation === control.operation ? undefined : operation)
  } catch (error) {
    if (!mayHaveWritten(error)) throw error
    const found = await findInserted(ports, control, operation.id, { ...context, isReadBack: true }).catch(() => undefined)
    if (found !== undefined) return found
    throw error
  }
}

async function findInserted (ports: Ports, { operation, idempotency }: Control, operationId: string, context: Context): Promise<Teleconsultation | undefined> {
  if (idempotency !== undefined) {
    const [found, ...others] = await ports.store.findByKey(idempotency.key, context)
    const isThere = operation === undefined ? found?.control.applied.includes(operationId) : found?.control.operation?.id === operationId
    // Where another has the key as well, this one may not stay.
    return isThere === true && others.length === 0 ? found : undefined
  }
  // One that is pending names its operation nowhere that can be searched; its lease runs out.
  return operation === undefined ? await ports.store.findApplied(operationId, context) : undefined
}
