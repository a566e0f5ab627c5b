import { FieldNotDeclared, ConcurrentChange, OperationInProgress, RoomNotFound } from '../errors.ts'
import type { Session } from '../domain/session.ts'
import { remember, restingPhase, type Content, type Teleconsultation } from '../domain/teleconsultation.ts'
import { refuseWhileHeld, replaceKnowing } from './room.ts'
import { ATTEMPTS, setAside, type Context, type Ports } from './ports.ts'

export interface SessionDecision {
  session: Session
  /** Absent: dates and people stay. */
  content?: Content | undefined
}

/**
 * Changes what makes a session of a teleconsultation, by compare-and-set. Unlike dates and people it may change at any time, also
 * while the call runs.
 *
 * @param decide of the document as it is now; undefined: nothing is to be changed
 * @throws FIELD_NOT_DECLARED, TELECONSULTATION_NOT_FOUND, OPERATION_IN_PROGRESS, CONCURRENT_CHANGE, STORAGE_*, and what `decide`
 *   throws
 */
export async function changeSession (ports: Ports, id: string, context: Context, decide: (current: Teleconsultation) => SessionDecision | undefined): Promise<Teleconsultation> {
  await requireSessions(ports)
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const current = await ports.store.get(id, context)
    if (current === undefined || current.control.phase === 'DELETING') throw new RoomNotFound(id)
    refuseWhileHeld(ports, current)
    // Nobody was told of it, and it is about to be deleted.
    if (current.control.operation?.kind === 'create') throw new OperationInProgress()
    const decision = decide(current)
    if (decision === undefined) return current
    const { session, content = current.content } = decision
    const control = setAside(ports, current)
    const operationId = ports.ids.operation()
    const written = await replaceKnowing(ports, current, {
      content: decision.content,
      control: { ...control, phase: restingPhase(content, control.room), applied: remember(control.applied, operationId), session }
    }, operationId, context)
    if (written !== 'changed') return written
  }
  throw new ConcurrentChange()
}

/** @throws FIELD_NOT_DECLARED, STORAGE_* */
export async function requireSessions (ports: Ports): Promise<void> {
  if (!await ports.store.keepsSessions()) throw new FieldNotDeclared('service')
}
