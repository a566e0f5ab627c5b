import type { Entry } from '../simulation/history.ts'
import { requestOf } from '../simulation/history.ts'
import { problemsAtRest } from '../simulation/at-rest.ts'
import type { SimulatedCollection, StoredRow } from '../simulation/crud.ts'
import { roomKey, type SimulatedRoom, type SimulatedVendor } from '../simulation/provider.ts'
import { randomOf } from '../simulation/random.ts'
import { scenarioOf, type Scenario } from '../simulation/scenario.ts'
import { readRow, watch, type Stored } from '../simulation/watch.ts'
import type { Layout } from '../../lib/storage/stored-teleconsultation.ts'
import type { Records } from './clients.ts'
import { leakedLinks, leakedLines } from './leaks.ts'
import { isReadableByTheOriginal } from './original.ts'
import type { Stores } from './stores.ts'
import { FOREIGN_ROOMS, type VendorState } from './vendor-state.ts'

/**
 * `lost`: acknowledged and not there, not as acknowledged, or not usable; `orphaned`: left behind, unfinished or without an
 * owner; `duplicated`: there more than once; `leaked`: seen by who must not; `unexpected`: an answer or an end that never
 * should be.
 */
export const VIOLATIONS = ['lost', 'orphaned', 'duplicated', 'leaked', 'unexpected'] as const

/** Names ids of requests, documents, rooms and people of the run, nothing else. */
export interface Violation { kind: typeof VIOLATIONS[number], what: string }

/** All that is known when a run is over. */
export interface Evidence extends Stores, Records {
  layout: Layout
  roomCreation: 'eager' | 'late'
  unlimited: boolean
  /** Milliseconds before the start from which links may be given. */
  periodMs: number
  /** What the replicas wrote. */
  lines: readonly string[]
}

export function violationsIn (evidence: Evidence): Violation[] {
  const stored = evidence.rows.map(readRow)
  const found = [
    ...evidence.noticed,
    ...invariants(evidence).map((what): Violation => ({ kind: kindOf(what), what })),
    ...bookings(evidence.history, stored),
    ...evidence.rows.filter(({ __STATE__: state, teleconsultationState: phase }) => state === 'PUBLIC' && /^DELETING/.test(String(phase)))
      .map(({ _id }): Violation => ({ kind: 'orphaned', what: `the deletion of ${_id} was never finished` })),
    ...stored.filter(({ gone }) => !gone).flatMap((one) => seats(evidence, one)),
    ...evidence.rows.filter((row) => !isReadableByTheOriginal(row)).map(({ _id }): Violation => ({ kind: 'lost', what: `${_id} cannot be read by who knows the original's fields only` })),
    ...leakedLinks(evidence, stored),
    ...leakedLines(evidence.lines)
  ]
  return found.filter(({ what }, i) => found.findIndex((other) => other.what === what) === i)
}

/** Everything that the simulation does not say of what is left behind or there twice, it says of something that is lost. */
function kindOf (problem: string): Violation['kind'] {
  if (/has no teleconsultation any more|was never (ended|deleted)$|which it is not$/.test(problem)) return 'orphaned'
  if (/ accounts$|mapped twice|^somebody is twice|more participants than it allows/.test(problem)) return 'duplicated'
  return 'lost'
}

/** Of the replicas' only one. */
const PROVIDER = 'bandyer'

const notThere = (): never => { throw new Error('nobody asks the stores of a run that is over') }

/** What the simulation holds against its own stores, held against the real ones. */
function invariants ({ layout, unlimited, rows, userIdMaps, vendor, history }: Evidence): string[] {
  const drawn = scenarioOf(randomOf(1))
  const scenario: Scenario = { ...drawn, layout, providers: [PROVIDER], skewMs: 0, settings: { ...drawn.settings, unlimited, deletesOrphans: true } }
  const accounts = accountsIn(rows)
  const simulated: SimulatedVendor = { rooms: enterable(vendor, accounts), accounts: byPerson(accounts), seenBy: notThere }
  const collection = (all: readonly StoredRow[]): SimulatedCollection => ({ rows: new Map(all.map((row) => [row._id, row])), seenBy: notThere })
  const teleconsultations = collection(rows)
  const problems: string[] = []
  const watching = watch({ scenario, rows: () => teleconsultations.rows, vendor: () => simulated, history, complain: (problem) => { problems.push(problem) } })
  for (const row of rows) if (!readRow(row).gone) watching.rowWritten(row)
  return [...problems, ...problemsAtRest({ scenario, teleconsultations, userIdMaps: collection(userIdMaps), vendor: simulated, history, foreignRooms: FOREIGN_ROOMS.map((id) => roomKey({ provider: PROVIDER, id })), lateRooms: new Set(), watch: watching })]
}

/** Whose account each is, and as what. */
function accountsIn (rows: readonly StoredRow[]): Map<string, { person: string, privilege: string }> {
  const accounts = new Map<string, { person: string, privilege: string }>()
  for (const { participants } of rows.map(readRow)) {
    for (const { userBandyerId, userExternalId, privilege } of participants) {
      if (userBandyerId !== '') accounts.set(userBandyerId, { person: userExternalId, privilege })
    }
  }
  return accounts
}

function byPerson (accounts: ReturnType<typeof accountsIn>): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>()
  for (const [account, { person, privilege }] of accounts) {
    const key = `${person} as ${privilege}`
    found.set(key, (found.get(key) ?? new Set()).add(account))
  }
  return found
}

const enterable = ({ rooms }: VendorState, accounts: ReturnType<typeof accountsIn>) => new Map(rooms
  .filter(({ deleted }) => !deleted)
  .map(({ id, marker, durationSeconds, createdAt, seats: seated }): [string, SimulatedRoom] => {
    const people = seated.map(({ userId }) => accounts.get(userId)?.person ?? userId).sort()
    return [roomKey({ provider: PROVIDER, id }), { id, provider: PROVIDER, marker, people, durationSeconds, startAt: 0, endAt: 0, createdAt, rights: new Map(), ways: [] }]
  }))

/** No booking is there twice, and one that was acknowledged is there under the id that was told. */
function bookings (history: readonly Entry[], stored: readonly Stored[]): Violation[] {
  const byRequest = new Map<number, Set<string>>()
  for (const { id, gone, participants } of stored) {
    if (gone) continue
    for (const { fullName } of participants) byRequest.set(requestOf(fullName), (byRequest.get(requestOf(fullName)) ?? new Set()).add(id))
  }
  return history.filter(({ kind }) => kind === 'create').flatMap((entry): Violation[] => {
    const ids = [...byRequest.get(entry.id) ?? []]
    const others = entry.documentId === undefined ? ids.slice(1) : ids.filter((id) => id !== entry.documentId)
    const second = others.map((id): Violation => ({ kind: 'duplicated', what: `request ${entry.id} booked ${id} beside ${entry.documentId ?? ids[0] ?? ''}` }))
    const refused: Violation[] = entry.outcome === 'refused' ? ids.map((id) => ({ kind: 'orphaned', what: `${id} is there though its booking, request ${entry.id}, was refused` })) : []
    return [...second, ...refused]
  })
}

/** A complete teleconsultation has its room, and everybody in it his own stored link, which leads to his own seat. */
function seats ({ roomCreation, vendor, rows }: Evidence, { id, phase, roomId, participants }: Stored): Violation[] {
  if (roomId === '') return roomCreation === 'eager' && phase === 'PENDING' ? [{ kind: 'lost', what: `${id} is complete and has no room` }] : []
  const room = vendor.rooms.find((one) => one.id === roomId)
  const links = (rows.find(({ _id }) => _id === id)?.['participants'] as Array<{ accessLinkURL: string | null }>).map(({ accessLinkURL }) => accessLinkURL)
  return participants.flatMap(({ userBandyerId, userExternalId }, i): Violation[] => {
    const seat = room?.seats.find(({ userId }) => userId === userBandyerId)
    return seat !== undefined && links[i]?.endsWith(`/${seat.token}`) === true ? [] : [{ kind: 'lost', what: `${userExternalId} has no link of his own to ${roomId} of ${id}` }]
  })
}
