import { StorageBadAnswer } from '../errors.ts'
import { restingPhase, type Content, type Control, type StoredParticipant, type Teleconsultation, type Version } from '../domain/teleconsultation.ts'
import type { CrudDocument } from './crud-client.ts'
import { readControl, readOfficialState } from './control-record.ts'

/** Content as fields of a document. */
export const contentFields = (content: Content) => ({
  participantsNumber: content.number,
  participants: content.participants.map(withoutUndefined),
  startDate: content.startAt.toISOString(),
  endDate: content.endAt.toISOString(),
  duration: Math.round((content.endAt.getTime() - content.startAt.getTime()) / 1000)
})

export const withoutUndefined = (participant: StoredParticipant) =>
  Object.fromEntries(Object.entries(participant).filter(([, value]) => value !== undefined))

const DAY_MS = 24 * 60 * 60 * 1000

/**
 * How the service's own record is kept: `declared` where the collection has the optional fields `revision` and
 * `service`; `official` inside `teleconsultationState` where it has the original's fields only.
 */
export type Layout = 'declared' | 'official'

export const layoutOf = (fields: Iterable<string>): Layout => {
  const names = new Set(fields)
  return names.has('revision') && names.has('service') ? 'declared' : 'official'
}

/**
 * Reads a document of ours or of the original, which knows two spellings of the person's id, needs no end, and has no
 * record of operations: such a document is at rest.
 *
 * @throws STORAGE_BAD_ANSWER
 */
export function teleconsultationOf (document: CrudDocument, layout: Layout, provider: string): Teleconsultation {
  const startAt = new Date(String(document['startDate']))
  if (Number.isNaN(startAt.getTime())) throw new StorageBadAnswer()
  const participants = (Array.isArray(document['participants']) ? document['participants'] : []).map(participantOf)
  const number = typeof document['participantsNumber'] === 'number' ? document['participantsNumber'] : participants.length
  const content: Content = { number, participants, startAt, endAt: endOf(document, startAt) }
  const roomId = typeof document['bandyerRoomId'] === 'string' ? document['bandyerRoomId'] : ''
  const state = typeof document['teleconsultationState'] === 'string' ? document['teleconsultationState'] : undefined
  // A collection may have come to declare the fields after the record was begun in the text.
  const record = (layout === 'declared' ? readControl(document['service']) : undefined) ?? readOfficialState(state)
  const room = roomId === '' ? undefined : { ...record?.room, providerRoomId: roomId }
  const control: Control = record === undefined
    ? { phase: restingPhase(content, room), sealed: false, epoch: 0, applied: [], garbage: [], provider, room }
    : { ...record, room }
  const version: Version = typeof document['revision'] === 'number'
    ? { revision: document['revision'] }
    : { updatedAt: document.updatedAt, bandyerRoomId: roomId, teleconsultationState: state }
  return { id: document._id, content, control, version, updatedAt: new Date(document.updatedAt) }
}

function endOf (document: CrudDocument, startAt: Date): Date {
  const endAt = typeof document['endDate'] === 'string' ? new Date(document['endDate']) : undefined
  if (endAt !== undefined && !Number.isNaN(endAt.getTime())) return endAt
  const seconds = document['duration']
  return new Date(startAt.getTime() + (typeof seconds === 'number' && seconds > 0 ? seconds * 1000 : DAY_MS))
}

function participantOf (element: unknown): StoredParticipant {
  const fields = (typeof element === 'object' && element !== null ? element : {}) as Record<string, unknown>
  const text = (name: string) => typeof fields[name] === 'string' ? fields[name] : undefined
  const privilege = text('privilege')
  return {
    userExternalId: text('userExternalId'),
    userBandyerId: text('userBandyerId') ?? text('bandyerId') ?? '',
    accessLinkURL: text('accessLinkURL') ?? null,
    groups: Array.isArray(fields['groups']) ? fields['groups'].filter((group): group is string => typeof group === 'string') : undefined,
    fullName: text('fullName'),
    language: text('language'),
    privilege: privilege === 'plus' || privilege === 'basic' ? privilege : undefined,
    email: text('email'),
    timeZone: text('timeZone')
  }
}
