import { VENDOR_KEY } from '../support/fake-vendor.ts'
import type { Stored } from '../simulation/watch.ts'
import type { Evidence, Violation } from './verdict.ts'

const tokenOf = (url: string) => new URL(url).pathname.split('/').at(-1)

/** Links that were given to the wrong person, at the wrong time, or lead nowhere any more. */
export function leakedLinks ({ links, history, vendor, periodMs }: Evidence, stored: readonly Stored[]): Violation[] {
  const deletedAt = new Map<string, number>()
  for (const { kind, documentId, outcome, endedAt } of history) {
    if (kind === 'remove' && outcome === 'done' && documentId !== undefined) deletedAt.set(documentId, Math.min(endedAt, deletedAt.get(documentId) ?? Infinity))
  }
  const rooms = new Map(vendor.rooms.flatMap((room) => room.seats.map(({ token, userId }) => [token, { room, userId }])))
  return links.flatMap(({ documentId, caller, url, beganAt, givenAt }): Violation[] => {
    const one = stored.find(({ id }) => id === documentId)
    const way = rooms.get(tokenOf(url) ?? '')
    // That it is gone is told elsewhere.
    if (one === undefined) return []
    if (way === undefined) return [{ kind: 'lost', what: `the link of ${documentId} that ${caller} got is nobody's` }]
    const owner = one.participants.find(({ userBandyerId }) => userBandyerId === way.userId)
    return [
      ...owner?.userExternalId === caller ? [] : [{ kind: 'leaked', what: `${caller} got a link of ${documentId} that is not his` } as const],
      // Nothing changes once a link was given: the dates are those that counted then.
      ...givenAt >= one.startAt - periodMs ? [] : [{ kind: 'leaked', what: `a link of ${documentId} was given before its time` } as const],
      ...beganAt <= (deletedAt.get(documentId) ?? Infinity) ? [] : [{ kind: 'leaked', what: `a link of ${documentId} was given after its deletion was acknowledged` } as const],
      ...one.gone || (way.room.id === one.roomId && !way.room.deleted) ? [] : [{ kind: 'lost', what: `a link of ${documentId} that was given leads nowhere any more` } as const]
    ]
  })
}

/** What no line of a service process may hold, and what to call it. */
const SECRETS: ReadonlyArray<readonly [string, RegExp]> = [
  ['a name or an id of a person', /canary/],
  ['a link', /rest-call-handler\/(?!\[REDACTED\])|a1b2c3d4\d/],
  ['the vendor’s key', new RegExp(VENDOR_KEY)],
  ['a token', /eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]+/],
  ['an upstream’s own words', /somebody@clinic\.example|secret-link/]
]

export function leakedLines (lines: readonly string[]): Violation[] {
  return SECRETS.flatMap(([name, pattern]): Violation[] => {
    const found = lines.filter((line) => pattern.test(line)).length
    return found === 0 ? [] : [{ kind: 'leaked', what: `${found} log lines hold ${name}` }]
  })
}
