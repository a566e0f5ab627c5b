import type { KnownPerson } from '../../lib/domain/participants.ts'
import type { Precondition } from '../../lib/domain/entity-tag.ts'
import { describeSession } from '../../lib/teleconsultations/describe-session.ts'
import { endSession } from '../../lib/teleconsultations/session-call.ts'
import { invite, removeFromSession, setPermissions } from '../../lib/teleconsultations/session-people.ts'
import type { Entry, SessionKind } from './history.ts'
import type { Random } from './random.ts'
import type { Replica } from './replica.ts'
import type { Requests } from './requests.ts'

export interface SessionRequestsOptions {
  random: Random
  people: readonly [string, ...string[]]
  /** Who may take part in it, as far as clients know. */
  knownIn (documentId: string): readonly string[]
  send: Requests['send']
  personOf (entry: Entry, externalId: string, plus: boolean): KnownPerson
  condition (entry: Entry, replica: Replica): Precondition | undefined
}

const GRANTED = ['canScreenShare', 'canChat', 'canUploadFiles', 'canEditSession'] as const

/** What clients ask of sessions, by which of it. */
export const SESSION_WISHES = [
  'permit', 'permit', 'permit', 'permit', 'permit', 'permit', 'permit', 'permit', 'dismiss', 'dismiss', 'dismiss', 'invite', 'invite', 'invite', 'invite', 'describe', 'describe', 'end'
] as const satisfies readonly SessionKind[]

export const titleBy = ({ id }: Pick<Entry, 'id'>) => `as request ${id} calls it`

/** Asks for one of them. */
export function sessionRequests ({ random, people, knownIn, send, personOf, condition }: SessionRequestsOptions) {
  const grants = () => Object.fromEntries(GRANTED.filter(() => random.chance(0.4)).map((name) => [name, random.chance(0.5)]))

  return async (entry: Entry & { kind: SessionKind }, replica: Replica): Promise<unknown> => {
    const { ports, context } = replica
    const id = entry.documentId ?? ''
    const [one, ...others] = knownIn(id)
    const isKnown = one !== undefined && random.chance(entry.kind === 'invite' ? 0.3 : 0.8)
    const about = isKnown ? random.pick([one, ...others]) : random.pick(people)
    switch (entry.kind) {
      case 'permit': {
        const wanted = { [random.pick(GRANTED)]: random.chance(0.5), ...grants() }
        Object.assign(entry, { about, grants: wanted })
        return await send(entry, replica, async () => await setPermissions(ports, id, about, wanted, context))
      }
      case 'dismiss':
        entry.about = about
        return await send(entry, replica, async () => await removeFromSession(ports, id, about, context))
      case 'invite': {
        const person = personOf(entry, about, random.chance(0.3))
        const permissions = random.chance(0.5) ? grants() : undefined
        Object.assign(entry, { about, people: [person], grants: permissions })
        return await send(entry, replica, async () => await invite(ports, id, { person, permissions }, context))
      }
      case 'describe': {
        entry.title = titleBy(entry)
        const precondition = condition(entry, replica)
        return await send(entry, replica, async () => await describeSession(ports, id, { title: titleBy(entry) }, context, precondition))
      }
      case 'end':
        return await send(entry, replica, async () => await endSession(ports, id, context))
    }
  }
}
