import type { Control } from '../../lib/domain/teleconsultation.ts'
import { conditionWatch, type ConditionWatch } from './conditions.ts'
import type { StoredRow } from './crud.ts'
import type { Entry } from './history.ts'
import { keyWatch, type KeyWatch } from './keys.ts'
import { abilitiesOf } from './abilities.ts'
import { readLink, roomKey, type SimulatedRoom, type SimulatedVendor } from './provider.ts'
import type { Scenario } from './scenario.ts'
import { isOver, peopleDiffer, sessionWatch, standings } from './session-watch.ts'

export interface StoredParticipantRow { userExternalId: string, userBandyerId: string, fullName: string, privilege: string, groups?: string[], language?: string }

/** A stored teleconsultation as the invariants see it, in either layout. */
export interface Stored {
  id: string
  gone: boolean
  phase: string
  control: Control
  roomId: string
  /** Of the room of record, if there is one. */
  roomKey: string
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
    roomKey: roomKey({ provider: control.provider, id: String(row['bandyerRoomId']) }),
    number: Number(row['participantsNumber']),
    participants: row['participants'] as StoredParticipantRow[],
    startAt: Date.parse(String(row['startDate'])),
    endAt: Date.parse(String(row['endDate']))
  }
}

/** What must hold at every instant, looked at whenever something happens. */
export interface Watch extends Pick<KeyWatch, 'accepted' | 'booked' | 'keyOf'>, Pick<ConditionWatch, 'had' | 'hadWanted'> {
  rowWritten (row: StoredRow): void
  roomDeleted (room: SimulatedRoom): void
  roomChanged (room: SimulatedRoom, before: SimulatedRoom): void
  /** Whether it ever was the room of record of something. */
  wasPublished (room: string): boolean
  /** Whether it was deleted, or is about to be. */
  isGone (id: string): boolean
  linkGiven (entry: Entry, caller: string, url: string, givenAt: number): void
  /** A stored teleconsultation and its room, if it has one: those of them that do not fit. */
  misfits (stored: Stored): string[]
}

export interface WatchOptions {
  scenario: Scenario
  rows: () => ReadonlyMap<string, StoredRow>
  vendor: () => SimulatedVendor
  history: readonly Entry[]
  /** The true time; absent where only the end is looked at. */
  now? (): number
  complain (problem: string): void
}

export function watch ({ scenario, rows, vendor, history, now = () => 0, complain }: WatchOptions): Watch {
  const deletedOnce = new Set<string>()
  const published = new Set<string>()
  /** Rooms whose link somebody has, and the teleconsultation that they belong to. */
  const shown = new Map<string, string>()
  const keys = keyWatch({ history, complain })
  const conditions = conditionWatch({ history, now, complain })
  const sessions = sessionWatch({ history, tools: scenario.settings.privileges, complain })
  const isGone = (id: string) => {
    const row = rows().get(id)
    return row === undefined || readRow(row).gone
  }

  const hasEnded = (id: string) => {
    const row = rows().get(id)
    return row !== undefined && isOver(readRow(row))
  }

  const misfits = (stored: Stored): string[] => {
    // What changes the room of record has not said yet which of both is right.
    if (stored.roomId === '' || stored.control.operation?.inPlace === true) return []
    const room = vendor().rooms.get(stored.roomKey)
    if (room === undefined) return isOver(stored) ? [] : [`${stored.id} refers to ${stored.roomKey}, which nobody can enter`]
    const { unlimited } = scenario.settings
    const found: string[] = []
    if (peopleDiffer(stored, room, abilitiesOf(room.provider, scenario.jitsiEndsCalls))) found.push(`${stored.id} and ${stored.roomKey} have different participants`)
    if (isOver(stored)) return found
    const seconds = unlimited ? undefined : Math.round((stored.endAt - stored.startAt) / 1000)
    if (seconds !== room.durationSeconds) found.push(`${stored.roomKey} ends at another time than ${stored.id}`)
    const { access, roomChange } = abilitiesOf(room.provider, scenario.jitsiEndsCalls)
    // A name of its own for each pair of dates, or a room that is closed at its end. Where the vendor makes links it knows how long, not when.
    const hasDates = access !== 'vendor-link' && (!unlimited || roomChange === 'replace')
    if (hasDates && (room.startAt !== stored.startAt || room.endAt !== stored.endAt)) found.push(`${stored.roomKey} has other dates than ${stored.id}`)
    return found
  }

  return {
    misfits,
    wasPublished: (room) => published.has(room),
    isGone,
    accepted: keys.accepted,
    booked: keys.booked,
    keyOf: keys.keyOf,
    had: conditions.had,
    hadWanted: conditions.hadWanted,

    rowWritten (row) {
      const stored = readRow(row)
      if (stored.roomId !== '') published.add(stored.roomKey)
      const ids = stored.participants.map(({ userExternalId }) => userExternalId)
      if (new Set(ids).size !== ids.length) complain(`somebody is twice in ${stored.id}`)
      if (ids.length > stored.number) complain(`${stored.id} has more participants than it allows`)
      if (stored.phase === 'DELETING') deletedOnce.add(stored.id)
      else if (deletedOnce.has(stored.id)) complain(`${stored.id} came back after its deletion`)
      if (!stored.gone) for (const problem of misfits(stored)) complain(problem)
      keys.rowWritten(stored)
      conditions.rowWritten(stored)
      sessions.rowWritten(stored)
    },

    roomDeleted (room) {
      const key = roomKey(room)
      for (const row of rows().values()) {
        const stored = readRow(row)
        if (!stored.gone && !isOver(stored) && stored.roomId !== '' && stored.roomKey === key) complain(`${key} was deleted, to which ${stored.id} refers`)
      }
      const owner = shown.get(key)
      if (owner !== undefined && !isGone(owner) && !hasEnded(owner)) complain(`${key} was deleted after its link was given`)
    },

    roomChanged (room, before) {
      const owner = shown.get(roomKey(room))
      const row = rows().get(owner ?? '')
      if (owner === undefined || row === undefined || isGone(owner) || hasEnded(owner) || room.disputed === true) return
      const stored = readRow(row)
      const lost = before.people.filter((one) => !room.people.includes(one) && stored.participants.some(({ userExternalId }) => userExternalId === one))
      const isKept = room.startAt === before.startAt && room.endAt === before.endAt && lost.every((one) => standings(stored).has(one))
      if (!isKept) complain(`${roomKey(room)} was changed after its link was given`)
    },

    linkGiven (entry, caller, url, givenAt) {
      const id = entry.documentId ?? ''
      const { room, account } = readLink(url)
      const { window } = scenario.settings
      const row = rows().get(id)
      if (row === undefined) return
      const stored = readRow(row)
      const deletion = history.find(({ kind, documentId, outcome, endedAt }) => kind === 'remove' && documentId === id && outcome === 'done' && endedAt < entry.beganAt)
      if (deletion !== undefined) complain(`a link of ${id} was given after its deletion was acknowledged`)
      if (!stored.gone && givenAt < stored.startAt - window.periodMs - Math.max(0, scenario.skewMs - window.skewMs)) {
        complain(`a link of ${id} was given before its time`)
      }
      sessions.linkGiven(entry, caller)
      const owner = stored.participants.find(({ userBandyerId }) => userBandyerId === account)
      if (owner === undefined ? !stored.gone : owner.userExternalId !== caller) complain(`${caller} got a link of ${id} that is not his`)
      if (vendor().rooms.has(room)) shown.set(room, id)
      else if (!stored.gone && !isOver(stored)) complain(`the link of ${id} that was given leads nowhere`)
    }
  }
}
