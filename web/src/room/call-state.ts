import type { SeatState } from '../../../schemas/signalling.ts'
import type { ToolName } from '../../../schemas/tools.ts'
import type { FileEntry } from './file-transfers.ts'
import type { PeerState } from './peer-connection.ts'
import type { ClosedReason } from './signalling.ts'

/** Somebody else in the call, and what comes from them. */
export interface Person extends SeatState {
  streams: readonly MediaStream[]
  /** Every stream that was announced as a screen, so that none is taken for the camera when it ends. */
  screenStreams: readonly string[]
  connection: PeerState
  speaking: boolean
}

export interface ChatEntry { kind: 'chat', key: string, mine: boolean, from: string, text: string, at: string }
export type Entry = ChatEntry | FileEntry

export interface CallState {
  phase: 'joining' | 'in' | 'closed'
  /** Set once `phase` is `closed`. */
  reason: ClosedReason | null
  /** The way back after a loss. */
  reconnecting: boolean
  you: SeatState | null
  people: readonly Person[]
  tools: readonly ToolName[]
  presented: string | null
  microphone: boolean
  camera: boolean
  screen: MediaStream | null
  entries: readonly Entry[]
  /** When the call ends, on the clock of `performance.now()`. */
  endsAtMs: number | null
}

export const FIRST_STATE: CallState = {
  phase: 'joining',
  reason: null,
  reconnecting: false,
  you: null,
  people: [],
  tools: [],
  presented: null,
  microphone: false,
  camera: false,
  screen: null,
  entries: [],
  endsAtMs: null
}

/** A person of whom nothing has come yet. */
export function newPerson (seat: SeatState): Person {
  return { ...seat, streams: [], screenStreams: seat.screen ? [seat.screen] : [], connection: 'connecting', speaking: false }
}

/** The same person after the server told of a change. */
export function changedPerson (person: Person, seat: SeatState): Person {
  const known = seat.screen === null || person.screenStreams.includes(seat.screen)
  return { ...person, ...seat, screenStreams: known ? person.screenStreams : [...person.screenStreams, seat.screen as string] }
}

/** The stream with a person's camera and microphone. */
export function cameraOf (person: Person): MediaStream | null {
  return person.streams.find(({ id }) => !person.screenStreams.includes(id)) ?? null
}

/** The stream with a person's screen, while it is shared. */
export function screenOf (person: Person): MediaStream | null {
  return person.streams.find(({ id }) => id === person.screen) ?? null
}
