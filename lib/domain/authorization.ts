import type { PermissionName, RoleName } from '../../schemas/permissions.ts'
import type { Privilege } from '../../schemas/tools.ts'
import { permissionsOf, seatOf, sessionOf, type PermissionRules } from './session.ts'
import type { StoredParticipant, Teleconsultation } from './teleconsultation.ts'

/** Somebody who has proved who he is: `gateway` and `clinic` act for everybody, a `link` is one seat of one session. */
export type Actor =
  | { kind: 'gateway', id?: string | undefined }
  | { kind: 'clinic', organisation: string, id?: string | undefined }
  | { kind: 'person', id: string, organisations: ReadonlyMap<string, ReadonlySet<RoleName>> }
  | { kind: 'link', room: string, id: string }

/** What a route does. Those of the second group are about one session. */
export type Action =
  | 'create' | 'list' | 'be oneself' | 'administer' | 'look up'
  | 'open' | 'see' | 'edit' | 'invite' | 'close feed' | 'end' | 'record' | 'rule' | 'dismiss' | 'invite again' | 'remove'

/** `hidden`: the caller learns not even that it is there. */
export type Verdict = 'allowed' | 'forbidden' | 'hidden' | 'unknown caller'

export interface AuthorizationRules extends PermissionRules {
  privilegeOf: (participant: StoredParticipant) => Privilege
  /** Of sessions that name none. */
  defaultOrganisation: string
}

/** Actions that a participant needs a permission for; owner and administrators of the organisation need none. */
const NEEDS: Partial<Record<Action, PermissionName>> = {
  edit: 'canEditSession',
  invite: 'canInviteParticipants',
  'invite again': 'canInviteParticipants',
  'close feed': 'canCloseVideoFeed',
  end: 'canEndSession',
  record: 'canRecordSession'
}

export const organisationOf = (document: Pick<Teleconsultation, 'control'>, { defaultOrganisation }: Pick<AuthorizationRules, 'defaultOrganisation'>) =>
  sessionOf(document).organisation ?? defaultOrganisation

/** Whether he has every right over this session: of its organisation, or as its owner. A link proves too little for that. */
export function isInCharge (actor: Actor, document: Pick<Teleconsultation, 'control'>, rules: Pick<AuthorizationRules, 'defaultOrganisation'>): boolean {
  const organisation = organisationOf(document, rules)
  switch (actor.kind) {
    case 'gateway': return true
    case 'clinic': return actor.organisation === organisation
    case 'person': {
      const roles = actor.organisations.get(organisation)
      return roles !== undefined && (roles.has('ADMIN') || sessionOf(document).owner === actor.id)
    }
    case 'link': return false
  }
}

/** His seat, if he takes part. */
export const ownSeat = (actor: Actor, document: Pick<Teleconsultation, 'id' | 'content' | 'control'>): StoredParticipant | undefined =>
  actor.id === undefined || (actor.kind === 'link' && actor.room !== document.id) ? undefined : seatOf(document, actor.id)

/** Whether he has proved to be this person: with a link that is everybody's who has it, he has not. */
export const isHimself = (actor: Actor, externalId: string | undefined): boolean => actor.kind === 'person' && actor.id === externalId

/** What may be done without any session in mind. */
export function mayInGeneral (action: Action, actor: Actor | undefined, organisation: string): Verdict {
  if (action === 'look up') return 'allowed'
  if (actor === undefined) return 'unknown caller'
  if (actor.kind === 'gateway' || (actor.kind === 'clinic' && actor.organisation === organisation)) return 'allowed'
  if (actor.kind === 'clinic') return 'forbidden'
  const roles = actor.kind === 'person' ? actor.organisations.get(organisation) : undefined
  switch (action) {
    case 'list': return 'allowed'
    case 'be oneself': return actor.kind === 'person' ? 'allowed' : 'forbidden'
    // In one of his own: which one is said in the body.
    case 'create': return actor.kind === 'person' && [...actor.organisations.values()].some((his) => his.has('STANDARD') || his.has('ADMIN')) ? 'allowed' : 'forbidden'
    default: return roles?.has('ADMIN') === true ? 'allowed' : 'forbidden'
  }
}

/**
 * What may be done with this session. `rule`: over others' permissions; `dismiss`: end somebody's part in it; `invite again`: have
 * somebody sent what he has.
 *
 * @param about whom it concerns: everybody but the owner may leave, and have his own invitation once more
 */
export function may (action: Action, actor: Actor | undefined, document: Pick<Teleconsultation, 'id' | 'content' | 'control'>, rules: AuthorizationRules, about?: string): Verdict {
  if (actor === undefined) return 'unknown caller'
  if (isInCharge(actor, document, rules)) return 'allowed'
  // Whom the clinic acts for is its own word, and counts in its own organisation.
  const seat = actor.kind === 'clinic' ? undefined : ownSeat(actor, document)
  if (seat === undefined) return 'hidden'
  if (action === 'open' || action === 'see') return 'allowed'
  if (action === 'dismiss' && about === actor.id) return 'allowed'
  if (action === 'invite again' && isHimself(actor, about)) return 'allowed'
  const needed = NEEDS[action]
  if (needed === undefined) return 'forbidden'
  return permissionsOf(sessionOf(document), seat, rules.privilegeOf(seat), rules)[needed] ? 'allowed' : 'forbidden'
}
