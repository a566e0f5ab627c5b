import type { Test } from 'tap'
import type { Access, Person, RoomParticipant, RoomSpec, RoomState, VideoProvider } from '../../lib/providers/provider.ts'
import type { ToolName } from '../../schemas/tools.ts'

/** A provider together with the vendor (or its stand-in) that it speaks to; fresh for every test. */
export interface ConformanceSubject {
  provider: VideoProvider
  /** The vendor's clock. */
  now (): Date
  /** Named as the vendor names rooms, and never made. */
  unknownRoom: RoomState
  /** Puts a room beside ours that carries no marker of ours. Does nothing where the vendor is ours alone. */
  plantForeignRoom (): Promise<void>
  call: CallOfPeople
  /** Files shared in the room's calls. Does nothing where the vendor keeps none. */
  plantUploads (room: RoomState, count: number): Promise<void>
  /** A session of the room with what was said in it. Does nothing where the vendor writes nothing down. */
  plantTranscription (room: RoomState, sessionId: string, text: string): Promise<void>
  /** Where `keepsPeople`: whether anything is kept under this id. */
  keeps? (providerUserId: string): Promise<boolean>
  /** Everything that reached the vendor or what it keeps, as one text. */
  outbound (): string
  /** By title; each makes the vendor fail from then on. At least one. */
  faults: Readonly<Record<string, () => void | Promise<void>>>
}

/** People as the vendor has them, to play with; nothing here goes through the provider. */
export interface CallOfPeople {
  /**
   * Goes in by a way in and stays; the same person twice is inside once. `refused`: not let in, or put out before
   * he could see or hear anybody.
   */
  join (room: RoomState, way: Access): Promise<'inside' | 'refused'>
  /** Who is inside, each once, by the `providerUserId` of our provider. Nobody in a missing room. */
  inside (room: RoomState): Promise<readonly string[]>
  /** Where `livePermissions`: whether the vendor lets him who is inside use it now, whatever his page shows. */
  mayUse? (room: RoomState, providerUserId: string, tool: ToolName): Promise<boolean>
  /** Where `livePermissions`: tools that the vendor gives all who are inside, or none of them. Absent: there are none. */
  sharedTools?: ReadonlySet<ToolName>
  /** Where `recordsOnRequest`: the room's recordings, the oldest first. */
  recordings? (room: RoomState): Promise<ReadonlyArray<'running' | 'ended'>>
}

export type MakeSubject = (t: Test) => Promise<ConformanceSubject>

/** Runs one subtest with a subject of its own. */
export type Check = (title: string, run: (t: Test, subject: ConformanceSubject) => Promise<void>) => Promise<unknown>

export const HOUR_MS = 3600_000

export const signal = () => AbortSignal.timeout(30_000)

/** One with the id `a` is plus, all others are basic. */
export function person (id: string): Person {
  return { externalId: `person-${id}`, privilege: id === 'a' ? 'plus' : 'basic', fullName: `Zoë ${id.toUpperCase()} Example`, language: 'it' }
}

/** Known to the provider, with all tools that it has. */
export async function seated (provider: VideoProvider, ids: readonly string[] = ['a', 'b']): Promise<RoomParticipant[]> {
  return await Promise.all(ids.map(async id => ({
    ...person(id), ...await provider.ensureUser(person(id), signal()), tools: provider.capabilities.tools
  })))
}

/** An hour from now. */
export function spec (subject: ConformanceSubject, marker: string, participants: readonly RoomParticipant[]): RoomSpec {
  const startAt = subject.now()
  return { marker, participants, startAt, endAt: new Date(startAt.getTime() + HOUR_MS), live: false, recording: 'none' }
}

export async function make (subject: ConformanceSubject, marker: string): Promise<RoomState> {
  return await subject.provider.createRoom(spec(subject, marker, await seated(subject.provider)), signal())
}

export async function waysIn (subject: ConformanceSubject, room: RoomState, participants: readonly RoomParticipant[]): Promise<Access[]> {
  return await Promise.all(participants.map(one => wayIn(subject, room, one)))
}

export async function wayIn (subject: ConformanceSubject, room: RoomState, participant: RoomParticipant): Promise<Access> {
  const notBefore = new Date(subject.now().getTime() - 60_000)
  const expiresAt = new Date(subject.now().getTime() + HOUR_MS)
  return await subject.provider.accessFor(room, participant, { notBefore, expiresAt, language: 'it' }, signal())
}

/** All go in, and are let in. */
export async function enter (t: Test, subject: ConformanceSubject, room: RoomState, ways: readonly Access[]): Promise<void> {
  for (const way of ways) t.equal(await subject.call.join(room, way), 'inside')
}

/** A vendor whose rooms are names alone knows nothing of a room but what runs in it. */
export const keepsRooms = ({ provider: { capabilities } }: ConformanceSubject) => capabilities.listsRooms || !capabilities.deterministicRooms

/** Two at least are inside. */
export const runs = async ({ call }: ConformanceSubject, room: RoomState) => (await call.inside(room)).length >= 2

export async function isUnsupported (t: Test, calls: Readonly<Record<string, Promise<unknown>>>): Promise<void> {
  for (const [name, call] of Object.entries(calls)) await t.rejects(call, { code: 'CAPABILITY_UNSUPPORTED', statusCode: 501 }, name)
}

/** Where a capability is off: each call says so, and the vendor is told nothing. */
export async function areUnsupported (t: Test, subject: ConformanceSubject, calls: (provider: VideoProvider) => Readonly<Record<string, Promise<unknown>>>): Promise<void> {
  const before = subject.outbound()
  await isUnsupported(t, calls(subject.provider))
  t.equal(subject.outbound(), before, 'the vendor is told nothing')
}
