import { createHmac } from 'node:crypto'
import { ProviderBadAnswer } from '../../errors.ts'
import type { Person } from '../provider.ts'
import { readUser, userIdsOf } from './answers.ts'
import { saysMissing, type VendorCalls } from './calls.ts'
import type { Dialect } from './dialect.ts'
import { refused } from '../vendor.ts'

/** Ids that need not be asked for again; a process forgets the oldest ones. */
const REMEMBERED = 10_000

export interface Accounts {
  idOf (person: Pick<Person, 'externalId' | 'privilege'>): string
  ensure (person: Person, signal: AbortSignal): Promise<string>
  /** Nobody there is fine. */
  delete (id: string, signal: AbortSignal): Promise<void>
  /** Whether they exist is to be asked again. */
  forget (ids: Iterable<string>): void
}

/**
 * The vendor's users. A user's role cannot be relied on to change (the reference says both), and a plus user costs a
 * licence: so somebody who is basic in one call and plus in another is two users, and the id follows from person and
 * privilege. Letters and digits only after the prefix, because the reference's pages differ in what else they allow.
 */
export function accounts (calls: VendorCalls, dialect: Pick<Dialect, 'createUser' | 'getUser' | 'deleteUser'>, secret: string): Accounts {
  const known = new Set<string>()
  const idOf = ({ externalId, privilege }: Pick<Person, 'externalId' | 'privilege'>) =>
    `usr_${createHmac('sha256', secret).update(`user:${privilege}:${externalId}`).digest('hex')}`

  const confirm = async (id: string, role: string, refusal: Error | undefined, signal: AbortSignal) => {
    const found = await calls.call({ what: 'read user', ...dialect.getUser(id), expect: [400, 404] }, signal)
    if (found.status >= 400) throw new ProviderBadAnswer({ cause: refusal ?? new Error('create user: the user is not there afterwards') })
    const user = readUser(found.body)
    if (user.id !== id || (user.role ?? role) !== role) throw new ProviderBadAnswer({ cause: new Error('read user: another user, or another role') })
    if (user.active === false || user.active === 0) throw new ProviderBadAnswer({ cause: new Error('read user: deactivated at the vendor') })
  }

  return {
    idOf,
    async ensure (person, signal) {
      const id = idOf(person)
      if (known.has(id)) return id
      const role = person.privilege
      const created = await calls.call({ what: 'create user', ...dialect.createUser, body: { id, role }, repeatable: true, expect: [400, 409] }, signal)
      if (created.status >= 400) await confirm(id, role, new Error(`create user: ${created.status} ${created.code ?? ''}`), signal)
      else if (!userIdsOf(created.body).includes(id)) await confirm(id, role, undefined, signal)
      if (known.size >= REMEMBERED) known.delete(known.values().next().value ?? '')
      known.add(id)
      return id
    },
    // What is answered where nobody is there is not documented for a deletion. So a refusal counts for that once a read says so too:
    // an address that is wrong must not pass for one.
    async delete (id, signal) {
      if (id === '') return
      try {
        const answer = await calls.call({ what: 'delete user', ...dialect.deleteUser(id), repeatable: true, expect: [400, 404] }, signal)
        if (answer.status < 400) return
        const found = await calls.call({ what: 'read user', ...dialect.getUser(id), expect: [400, 404] }, signal)
        if (!saysMissing(found, 'user')) throw refused('delete user', answer)
      } finally {
        // Also where the answer got lost; and whoever ensured him meanwhile has remembered him.
        known.delete(id)
      }
    },
    forget (ids) {
      for (const id of ids) known.delete(id)
    }
  }
}
