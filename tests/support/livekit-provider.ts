import type { Test } from 'tap'
import { livekitProvider, type LivekitProvider, type LivekitProviderOptions } from '../../lib/providers/livekit/provider.ts'
import type { RoomParticipant, RoomSpec, RoomState } from '../../lib/providers/provider.ts'
import type { ToolName } from '../../schemas/tools.ts'
import { LIVEKIT_KEY, LIVEKIT_SECRET, startFakeLivekit, wayOf } from './fake-livekit.ts'
import { recordedPause } from './vendor-subject.ts'

export const HOUR_MS = 3600_000
export const signal = AbortSignal.timeout(600_000)

/** The adapter with its fake, whose clock it shares. */
export async function livekitSubject (t: Test, options: Partial<LivekitProviderOptions> = {}, startAt?: Date) {
  const fake = await startFakeLivekit(t, startAt)
  const { pause, pauses } = recordedPause()
  const provider = livekitProvider({
    url: fake.origin,
    apiKey: LIVEKIT_KEY,
    apiSecret: LIVEKIT_SECRET,
    timeoutMs: 2000,
    userIdSecret: 'only for tests',
    publicUrl: () => 'https://clinic.example/video',
    clock: () => fake.time.now,
    pause,
    ...options
  })
  t.teardown(() => provider.close())

  /** A call of an hour that begins now; with a limit where one is given. */
  const spec = (changes: Partial<RoomSpec> = {}): RoomSpec => {
    const startAt = fake.time.now
    const endAt = new Date(startAt.getTime() + (changes.durationSeconds ?? 3600) * 1000)
    return { marker: 'd|1|1|1', participants: [person(provider, 'ada'), person(provider, 'ben')], startAt, endAt, live: false, recording: 'none', ...changes }
  }
  const tokenFor = async (room: RoomState, id = 'ada', tools?: readonly ToolName[], revocations?: number) => {
    const access = { notBefore: new Date(fake.time.now.getTime() - 60_000), expiresAt: new Date(fake.time.now.getTime() + 2 * HOUR_MS) }
    return wayOf((await provider.accessFor(room, { ...person(provider, id, tools), revocations }, access, signal)).url).token
  }
  const advance = (ms: number) => { fake.time.now = new Date(fake.time.now.getTime() + ms) }
  return { fake, provider, pauses, spec, tokenFor, advance }
}

export function person (provider: LivekitProvider, id: string, tools: readonly ToolName[] = []): RoomParticipant {
  return { externalId: id, providerUserId: provider.accountOf({ externalId: id, privilege: 'basic' }), privilege: 'basic', fullName: `Zoë ${id}`, language: 'it', tools: new Set(tools) }
}
