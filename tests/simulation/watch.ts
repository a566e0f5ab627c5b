import type { Control } from '../../lib/domain/teleconsultation.ts'
import type { StoredRow } from './crud.ts'
import type { Entry } from './history.ts'
import { readLink, type SimulatedRoom, type SimulatedVendor } from './provider.ts'
import type { Scenario } from './scenario.ts'

export interface StoredParticipantRow { userExternalId: string, userBandyerId: string, fullName: string, privilege: string }

/** A stored teleconsultation as the invariants see it, in either layout. */
export interface Stored {
  id: string
  gone: boolean
  phase: string
  control: Control
  roomId: string
  number: number
  participants: StoredParticipantRow[]
  startAt: number
  endAt: number
}

export function readRow (row: StoredRow): Stored {
  const state = String(row['teleconsultationState'])
  const at = state.indexOf(';')
  const control = (row['service'] ?? JSON.parse(at < 0 ? '{}' : state.slice(at + 1))) as Control
  const phase = at < 0 ? state : state.slice(0, at)
  return {
    id: row._id,
    gone: row.__STATE__ !== 'PUBLIC' || phase === 'DELETING',
    phase,
    control,
    roomId: String(row['bandyerRoomId']),
    number: Number(row['participantsNumber']),
    participants: row['participants'] as StoredParticipantRow[],
    startAt: Date.parse(String(row['startDate'])),
    endAt: Date.parse(String(row['endDate']))
  }
}

/** What must hold at every instant, looked at whenever something happens. */
export interface Watch {
  rowWritten (row: StoredRow): void
  roomDeleted (room: SimulatedRoom): void
  /** Whether it was deleted, or is about to be. */
  isGone (id: string): boolean
  linkGiven (entry: Entry, caller: string, url: string, now: number): void
  /** A stored teleconsultation and its room, if it has one: those of them that do not fit. */
  misfits (stored: Stored): string[]
}

export interface WatchOptions {
  scenario: Scenario
  rows: () => ReadonlyMap<string, StoredRow>
  vendor: () => SimulatedVendor
  history: readonly Entry[]
  complain (problem: string): void
}

export function watch ({ scenario, rows, vendor, history, complain }: WatchOptions): Watch {
  const deletedOnce = new Set<string>()
  /** Rooms whose link somebody has, and the teleconsultation that they belong to. */
  const shown = new Map<string, string>()
  const isGone = (id: string) => {
    const row = rows().get(id)
    return row === undefined || readRow(row).gone
  }

  const misfits = (stored: Stored): string[] => {
    if (stored.roomId === '') return []
    const room = vendor().rooms.get(stored.roomId)
    if (room === undefined) return [`${stored.id} refers to ${stored.roomId}, which nobody can enter`]
    const { unlimited } = scenario.settings
    const found: string[] = []
    if (stored.participants.map(({ userExternalId }) => userExternalId).sort().join() !== room.people.join()) found.push(`${stored.id} and ${room.id} have different participants`)
    const seconds = unlimited ? undefined : Math.round((stored.endAt - stored.startAt) / 1000)
    if (seconds !== room.durationSeconds) found.push(`${room.id} ends at another time than ${stored.id}`)
    if (!unlimited && scenario.flavour === 'embedded' && room.startAt !== stored.startAt) found.push(`${room.id} begins at another time than ${stored.id}`)
    return found
  }

  return {
    misfits,
    isGone,

    rowWritten (row) {
      const stored = readRow(row)
      const ids = stored.participants.map(({ userExternalId }) => userExternalId)
      if (new Set(ids).size !== ids.length) complain(`somebody is twice in ${stored.id}`)
      if (ids.length > stored.number) complain(`${stored.id} has more participants than it allows`)
      if (stored.phase === 'DELETING') deletedOnce.add(stored.id)
      else if (deletedOnce.has(stored.id)) complain(`${stored.id} came back after its deletion`)
      if (!stored.gone) for (const problem of misfits(stored)) complain(problem)
    },

    roomDeleted (room) {
      for (const row of rows().values()) {
        const stored = readRow(row)
        if (!stored.gone && stored.roomId === room.id) complain(`${room.id} was deleted, to which ${stored.id} refers`)
      }
      const owner = shown.get(room.id)
      if (owner !== undefined && !isGone(owner)) complain(`${room.id} was deleted after its link was given`)
    },

    linkGiven (entry, caller, url, now) {
      const id = entry.documentId ?? ''
      const { roomId = '', account = '' } = readLink(url)
      const { window } = scenario.settings
      const row = rows().get(id)
      if (row === undefined) return
      const stored = readRow(row)
      const deletion = history.find(({ kind, documentId, outcome, endedAt }) => kind === 'remove' && documentId === id && outcome === 'done' && endedAt < entry.beganAt)
      if (deletion !== undefined) complain(`a link of ${id} was given after its deletion was acknowledged`)
      if (!stored.gone && now < stored.startAt - window.periodMs - Math.max(0, scenario.skewMs - window.skewMs)) {
        complain(`a link of ${id} was given before its time`)
      }
      const owner = stored.participants.find(({ userBandyerId }) => userBandyerId === account)
      if (owner === undefined ? !stored.gone : owner.userExternalId !== caller) complain(`${caller} got a link of ${id} that is not his`)
      if (vendor().rooms.has(roomId)) shown.set(roomId, id)
      else if (!stored.gone) complain(`the link of ${id} that was given leads nowhere`)
    }
  }
}
