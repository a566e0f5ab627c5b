import type { ProviderName } from '../../lib/config/video-environment.ts'
import { abilitiesOf, keepsNothing } from './abilities.ts'
import type { SimulatedCollection } from './crud.ts'
import { mayHaveHappened, overwritten, requestOf, type Entry } from './history.ts'
import type { SimulatedVendor } from './provider.ts'
import type { Scenario } from './scenario.ts'
import { sessionAcknowledged, toldAtRest } from './sessions-at-rest.ts'
import { readRow, type Stored, type Watch } from './watch.ts'

/** The state in the end, when nothing fails any more and everything was given its time. */
export interface AtRest {
  scenario: Scenario
  teleconsultations: SimulatedCollection
  userIdMaps: SimulatedCollection
  vendor: SimulatedVendor
  history: readonly Entry[]
  /** Rooms that belong to others, like all of them by provider and id. */
  foreignRooms: readonly string[]
  /** Rooms that were made after who asked for them had given up. */
  lateRooms: ReadonlySet<string>
  watch: Watch
}

/** What is wrong then. */
export function problemsAtRest (state: AtRest): string[] {
  const stored = [...state.teleconsultations.rows.values()].map(readRow)
  return [
    ...stored.flatMap((one) => [...unsettled(one), ...one.gone ? [] : state.watch.misfits(one), ...toldAtRest(one, state)]),
    ...roomsWithoutOwner(state, stored),
    ...state.foreignRooms.filter((id) => !state.vendor.rooms.has(id)).map((id) => `${id} of another deployment was deleted`),
    ...people(state),
    ...bookings(state.watch, stored),
    ...acknowledgements(state.history, stored)
  ]
}

const unsettled = ({ id, gone, phase, control, roomId, participants, number }: Stored): string[] => [
  ...control.operation === undefined || phase === 'DELETING' ? [] : [`the operation of ${id} was never ended`],
  ...control.garbage === undefined || control.garbage.length === 0 || phase === 'DELETING' ? [] : [`the garbage of ${id} was never deleted`],
  ...gone || phase === (roomId !== '' ? 'READY' : participants.length >= number ? 'PENDING' : 'INCOMPLETE') ? [] : [`${id} is ${phase}, which it is not`]
]

function roomsWithoutOwner ({ scenario, vendor, foreignRooms, lateRooms, watch }: AtRest, stored: readonly Stored[]): string[] {
  const owned = new Set(stored.filter(({ gone }) => !gone).map(({ roomKey }) => roomKey))
  // A name that nobody was ever told is no way in where nothing but names is kept.
  const isNothing = (provider: ProviderName, key: string) => keepsNothing(abilitiesOf(provider, scenario.jitsiEndsCalls)) && !watch.wasPublished(key)
  return [...vendor.rooms]
    .flatMap(([key, { provider }]) => isNothing(provider, key) ? [] : [key])
    .filter((id) => !owned.has(id) && !foreignRooms.includes(id))
    // Whoever may not look for rooms that nobody recorded cannot find one that came after its operation was given up.
    .filter((id) => scenario.settings.deletesOrphans || !lateRooms.has(id))
    .map((id) => `${id} has no teleconsultation any more and can be entered`)
}

function people ({ vendor, userIdMaps }: AtRest): string[] {
  const mapped = [...userIdMaps.rows.values()].map(({ receivedUserId }) => receivedUserId)
  return [
    ...[...vendor.accounts].filter(([, accounts]) => accounts.size > 1).map(([who, { size }]) => `${who} has ${size} accounts`),
    ...new Set(mapped).size === mapped.length ? [] : ['somebody is mapped twice']
  ]
}

function bookings (watch: Watch, stored: readonly Stored[]): string[] {
  const byKey = Map.groupBy(stored.filter(({ gone }) => !gone), ({ id }) => watch.keyOf(id))
  return [...byKey].flatMap(([key, all]) => key === undefined || all.length < 2 ? [] : [`${key} left ${all.map(({ id }) => id).join(' and ')}`])
}

/** Whether what clients were told agrees with what is there. */
function acknowledgements (history: readonly Entry[], stored: readonly Stored[]): string[] {
  const byId = new Map(stored.map((one) => [one.id, one]))
  return history
    .filter(({ kind, outcome }) => kind === 'create' && outcome === 'done')
    .flatMap(({ documentId = '' }) => {
      const entries = history.filter((entry) => entry.documentId === documentId)
      const one = byId.get(documentId)
      if (one === undefined) return [`${documentId} was acknowledged and is not there`]
      const deletions = entries.filter(({ kind, outcome }) => kind === 'remove' && outcome !== 'refused')
      if (one.gone) return deletions.length > 0 ? [] : [`${documentId} is gone though nobody deleted it`]
      if (deletions.some(({ outcome }) => outcome === 'done')) return [`the acknowledged deletion of ${documentId} was lost`]
      return [...datesOf(one, entries), ...participantsOf(one, entries), ...sessionAcknowledged(one, entries)]
    })
}

function datesOf (one: Stored, entries: readonly Entry[]): string[] {
  const dated = entries.filter(({ startAt }) => startAt !== undefined)
  const written = dated.filter(({ startAt, endAt }) => startAt === one.startAt && endAt === one.endAt)
  if (!written.some(mayHaveHappened)) return [`${one.id} has dates that nobody acknowledged`]
  return written.every((entry) => overwritten(entry, dated)) ? [`the dates of ${one.id} are older than what was acknowledged`] : []
}

function participantsOf (one: Stored, entries: readonly Entry[]): string[] {
  const requests = [...new Set(one.participants.map(({ fullName }) => requestOf(fullName)))]
  const sources = requests.map((id) => entries.find((entry) => entry.id === id))
  const lists = entries.filter((entry) => entry.number !== undefined)
  const [list, ...more] = sources.filter((entry) => entry?.number !== undefined)
  // Of a list that was empty nothing is left to tell it by; then nothing can be said.
  if (list === undefined) return []
  if (more.length > 0) return [`the participants of ${one.id} are a mixture of two lists`]
  const invitations = entries.filter((entry) => entry.kind === 'invite' && entry.outcome !== 'refused')
  const additions = entries.filter(({ kind }) => kind === 'add' || kind === 'invite')
  const isInvited = (externalId: string | undefined, besides?: Entry) => invitations.some(({ id, about }) => about === externalId && id !== besides?.id)
  const there = new Set(requests)
  return [
    ...sources.some((entry) => entry === undefined || !mayHaveHappened(entry)) ? [`${one.id} has participants of a request that was refused`] : [],
    ...list.people?.every(({ externalId }) => one.participants.some((kept) => kept.userExternalId === externalId && (requestOf(kept.fullName) === list.id || isInvited(externalId)))) === true ? [] : [`somebody is missing from the list of ${one.id}`],
    ...list.number === one.number || (invitations.length > 0 && one.number > (list.number ?? 0)) ? [] : [`the number of ${one.id} is not that of its list`],
    ...overwritten(list, lists) ? [`the participants of ${one.id} are older than what was acknowledged`] : [],
    // One that was never answered may come late, to whatever list there is then: it asks for room in the list, not for a version.
    ...additions.filter((addition) => addition.outcome === 'done' && there.has(addition.id) && overwritten(addition, lists)).map(() => `${one.id} has an addition to a list that was replaced`),
    ...additions.filter(({ id, outcome, beganAt }) => outcome === 'done' && beganAt > list.endedAt && !there.has(id)).filter((addition) => !isInvited(addition.people?.[0]?.externalId, addition)).map(() => `an acknowledged addition to ${one.id} was lost`)
  ]
}
