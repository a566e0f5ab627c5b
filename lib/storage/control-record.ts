import { Type } from 'typebox'
import { Ajv } from 'ajv'
import { StorageBadAnswer } from '../errors.ts'
import type { Content, Control } from '../domain/teleconsultation.ts'

/** The service's record as it comes out of storage: JSON, so that instants are texts. */

const Participant = Type.Object({
  userBandyerId: Type.String(),
  accessLinkURL: Type.Union([Type.String(), Type.Null()])
})

const StoredContent = Type.Object({
  number: Type.Integer(),
  participants: Type.Array(Participant),
  startAt: Type.String(),
  endAt: Type.String()
})

const StoredAttempt = Type.Object({ key: Type.String(), fingerprint: Type.String(), at: Type.Number() })

const StoredSession = Type.Object({
  owner: Type.Optional(Type.String()),
  organisation: Type.Optional(Type.String()),
  standings: Type.Optional(Type.Array(Type.Object({ externalId: Type.String() }))),
  endedAt: Type.Optional(Type.Number()),
  recordedSince: Type.Optional(Type.Number())
})

const StoredControl = Type.Object({
  phase: Type.Enum(['INCOMPLETE', 'PENDING', 'READY', 'DELETING']),
  sealed: Type.Boolean(),
  operation: Type.Optional(Type.Object({
    id: Type.String(),
    kind: Type.Enum(['create', 'change', 'seal']),
    epoch: Type.Integer(),
    leaseUntil: Type.Number(),
    startedAt: Type.Number(),
    content: Type.Optional(StoredContent),
    chosen: Type.Optional(Type.String()),
    session: Type.Optional(StoredSession),
    inPlace: Type.Optional(Type.Literal(true)),
    addition: Type.Optional(StoredAttempt)
  })),
  epoch: Type.Integer(),
  applied: Type.Array(Type.String()),
  garbage: Type.Array(Type.Union([
    Type.Object({ providerRoomId: Type.String(), marker: Type.Optional(Type.String()), provider: Type.Optional(Type.String()) }),
    Type.Object({ marker: Type.String(), since: Type.Number() })
  ])),
  provider: Type.String(),
  chosen: Type.Optional(Type.String()),
  fellBackFrom: Type.Optional(Type.String()),
  room: Type.Optional(Type.Object({ providerRoomId: Type.String(), marker: Type.Optional(Type.String()) })),
  idempotency: Type.Optional(StoredAttempt),
  additions: Type.Optional(Type.Array(StoredAttempt)),
  session: Type.Optional(StoredSession),
  mail: Type.Optional(Type.Object({ due: Type.Optional(Type.Number()), told: Type.Optional(Type.Array(Type.Object({ externalId: Type.String(), to: Type.String(), sequence: Type.Integer(), startAt: Type.Number(), endAt: Type.Number() }))) }))
})

const isControl = new Ajv().compile<Control>(StoredControl)

/**
 * @returns undefined where there is no record: a document of the original
 * @throws STORAGE_BAD_ANSWER when there is one that cannot be understood: acting on it could lose a room
 */
export function readControl (value: unknown): Control | undefined {
  if (value === undefined || value === null) return undefined
  if (!isControl(value)) throw new StorageBadAnswer()
  const content = value.operation?.content
  return content === undefined || value.operation === undefined ? value : { ...value, operation: { ...value.operation, content: revived(content) } }
}

const revived = (content: Content): Content => ({ ...content, startAt: new Date(content.startAt), endAt: new Date(content.endAt) })

const SEPARATOR = ';'

/**
 * The record inside the original's one free text: the phase alone while nothing else is worth knowing, else the phase
 * and the record as JSON.
 */
export function writeOfficialState (control: Control): string {
  const atRest = !control.sealed && control.operation === undefined && control.garbage.length === 0 && control.epoch === 0 && control.applied.length === 0 && control.idempotency === undefined
  return atRest ? control.phase : `${control.phase}${SEPARATOR}${JSON.stringify(control)}`
}

/** @returns undefined for a text that is not ours: the document is at rest */
export function readOfficialState (text: string | undefined): Control | undefined {
  const at = text?.indexOf(SEPARATOR) ?? -1
  if (text === undefined || at < 0 || !/^(INCOMPLETE|PENDING|READY|DELETING)$/.test(text.slice(0, at))) return undefined
  try {
    return readControl(JSON.parse(text.slice(at + 1)))
  } catch {
    throw new StorageBadAnswer()
  }
}
