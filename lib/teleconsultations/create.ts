import type { NewTeleconsultation } from '../../schemas/teleconsultation.ts'
import { checkList, checkPlusUser, type KnownPerson } from '../domain/participants.ts'
import { scheduleOf } from '../domain/schedule.ts'
import { restingPhase, type Content, type Control, type Teleconsultation } from '../domain/teleconsultation.ts'
import { identifyInBackground, lookUpIfRegistering } from './accounts.ts'
import { makeRoom, mayHaveWritten } from './room.ts'
import { checkLimits, newOperation, storedParticipants, wantsRoomNow, type Context, type Ports } from './ports.ts'

export interface WantedParticipants { number: number, people: readonly KnownPerson[] }

/**
 * Books a teleconsultation. Nobody is asked for before the dates were checked, and nothing is written before everything was. Where rooms are made early and everybody
 * is known, the document is written with its pending operation first, then the room is made and published.
 *
 * @throws INVALID_DATE, END_OR_DURATION, INVALID_SPAN, DUPLICATE_PARTICIPANT, TOO_MANY_PARTICIPANTS, NO_PLUS_USER,
 *   CAPABILITY_LIMIT, STORAGE_*, PROVIDER_*
 */
export async function createTeleconsultation (
  ports: Ports, people: () => Promise<WantedParticipants>, dates: Pick<NewTeleconsultation, 'start_date' | 'end_date' | 'duration_in_seconds'>, context: Context
): Promise<Teleconsultation> {
  const schedule = scheduleOf(dates)
  const wanted = await people()
  checkList(wanted.people.map(({ externalId }) => externalId), wanted.number)
  checkPlusUser(wanted.people.map(({ privilege }) => privilege), wanted.number, 'POST /teleconsultation')
  checkLimits(ports, wanted.number)
  const content: Content = { number: wanted.number, participants: await storedParticipants(ports, wanted.people), ...schedule }

  const operation = newOperation(ports, 'create', 1)
  const control: Control = {
    phase: restingPhase(content, undefined),
    sealed: false,
    epoch: 1,
    applied: [],
    garbage: [],
    provider: ports.provider.name
  }
  if (!wantsRoomNow(ports, content)) {
    const created = await insertKnowing(ports, content, { ...control, applied: [operation.id] }, operation.id, context)
    identifyInBackground(ports, created, context)
    return created
  }
  const accounts = lookUpIfRegistering(ports, content.participants, context)
  const intent = await ports.store.insert(content, { ...control, operation }, context)
  return await makeRoom(ports, intent, operation, context, accounts)
}

// A lost answer to the insert: the document may be there, and only its operation's id tells.
async function insertKnowing (ports: Ports, content: Content, control: Control, operationId: string, context: Context): Promise<Teleconsultation> {
  try {
    return await ports.store.insert(content, control, context)
  } catch (error) {
    if (!mayHaveWritten(error)) throw error
    const found = await ports.store.findApplied(operationId, context).catch(() => undefined)
    if (found !== undefined) return found
    throw error
  }
}
