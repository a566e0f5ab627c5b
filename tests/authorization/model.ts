import { PERMISSION_NAMES, type PermissionName } from '../../schemas/permissions.ts'
import { SEATED, type Column, type Row } from './matrix.ts'

/** Who calls, as the model knows him; a link by the number that it was given with. */
export type ModelCaller =
  | { kind: 'nobody' }
  | { kind: 'person', id: string }
  | { kind: 'link', session: number, id: string, number: number }

export interface Seat {
  /** Whose guest he is, if any. */
  guestOf: string | undefined
  /** As somebody decided; the others as usual. */
  decided: Partial<Record<PermissionName, boolean>>
}

export interface ModelSession {
  organisation: string
  owner: string
  seats: Map<string, Seat>
  /** How often somebody was removed: each time his links are void. */
  removals: Map<string, number>
  /** Those who were guests once, and are when they come back. */
  guests: Map<string, string>
  isDeleted: boolean
}

export interface Model {
  sessions: ModelSession[]
  /** Of each person: roles by organisation, as his next token tells. */
  roles: Map<string, ReadonlyMap<string, readonly string[]>>
  defaults: ReadonlyMap<string, ReadonlySet<PermissionName>>
}

export type Expected = 'allowed' | '401' | '403' | '404'

const isValid = ({ sessions }: Model, { session, id, number }: Extract<ModelCaller, { kind: 'link' }>) => {
  const its = sessions[session]
  return its !== undefined && !its.isDeleted && its.seats.has(id) && (its.removals.get(id) ?? 0) === number
}

const permissionsOf = ({ defaults }: Model, { organisation }: ModelSession, { guestOf, decided }: Seat): readonly PermissionName[] =>
  PERMISSION_NAMES.filter((name) => decided[name] ?? (guestOf === undefined && defaults.get(organisation)?.has(name) === true))

/** In which of the matrix's columns the caller of a session is. */
function columnOf (model: Model, index: number, caller: ModelCaller): Column {
  const session = model.sessions[index]
  if (caller.kind === 'nobody' || session === undefined) return 'anonymous'
  if (caller.kind === 'link') return caller.session === index ? 'link holder' : 'outsider'
  const roles = model.roles.get(caller.id) ?? new Map<string, readonly string[]>()
  const here = roles.get(session.organisation)
  if (here?.includes('ADMIN') === true) return 'admin'
  if (here !== undefined && session.owner === caller.id) return 'owner'
  const seat = session.seats.get(caller.id)
  if (seat !== undefined) return seat.guestOf === undefined ? 'participant' : 'guest'
  if (here !== undefined) return 'member'
  return [...roles.values()].some((elsewhere) => elsewhere.includes('ADMIN')) ? 'admin of another organisation' : 'outsider'
}

/** What the document's matrix says; nothing of lib/ is asked. `about`: whom the request names in its path. */
export function expected (matrix: ReadonlyMap<string, Row>, model: Model, route: string, index: number, caller: ModelCaller, about?: string): Expected {
  const session = model.sessions[index]
  const row = matrix.get(route)
  if (session === undefined || row === undefined) throw new Error(`the matrix has no ${route}`)
  if (caller.kind === 'nobody') return '401'
  if (caller.kind === 'link' && !isValid(model, caller)) return '401'
  if (session.isDeleted) return '404'
  const column = columnOf(model, index, caller)
  const seat = session.seats.get(caller.id)
  if (seat !== undefined && SEATED.some((seated) => seated === column) && permissionsOf(model, session, seat).some((name) => row.openedBy.includes(name))) return 'allowed'
  const cell = row.cells[column]
  if (cell !== 'own') return cell
  if (route === 'GET /teleconsultation/{roomId}') return seat === undefined ? '404' : 'allowed'
  return about === caller.id ? 'allowed' : '403'
}

export const isInCharge = (model: Model, index: number, caller: ModelCaller) => ['admin', 'owner'].includes(columnOf(model, index, caller))
