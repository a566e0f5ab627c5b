import { jitsiProvider, type JitsiProviderOptions } from '../../lib/providers/jitsi/provider.ts'
import type { Access, RoomParticipant, RoomSpec, RoomState, VideoProvider } from '../../lib/providers/provider.ts'
import { APP_SECRET, startFakeJitsi, type FakeJitsiOptions } from './fake-jitsi.ts'
import type { Teardown } from './service.ts'

export const ROOM_SECRET = 'only for tests'
export const HOUR_MS = 3600_000
export const signal = AbortSignal.timeout(60_000)

/** A server and the provider for it; without further wishes one of our own with a shared secret. */
export async function jitsiWithProvider (t: Teardown, server: Partial<FakeJitsiOptions> = {}, options: Partial<JitsiProviderOptions> = {}) {
  const jitsi = await startFakeJitsi(t, { appId: 'consultations', appSecret: APP_SECRET, ...server })
  const provider = jitsiProvider({
    url: jitsi.origin, appId: 'consultations', appSecret: APP_SECRET, timeoutMs: 1000, userIdSecret: ROOM_SECRET, clock: () => jitsi.time.now, ...options
  })
  t.teardown(() => provider.close())
  return { jitsi, provider }
}

export const DOCTOR: RoomParticipant = { externalId: 'doctor-1', providerUserId: 'usr_doc', privilege: 'plus', fullName: 'Zoë Example', language: 'it', tools: new Set(['chat', 'screen_sharing', 'file_upload', 'whiteboard']) }
export const PATIENT: RoomParticipant = { externalId: 'patient-1', providerUserId: 'usr_pat', privilege: 'basic', fullName: 'Bo Sample', tools: new Set() }

/** An hour from `startAt`, for both. */
export const specOf = (startAt: Date, changes: Partial<RoomSpec> = {}): RoomSpec => ({
  marker: 'd|1|1|1', participants: [DOCTOR, PATIENT], startAt, endAt: new Date(startAt.getTime() + HOUR_MS), live: false, recording: 'none', ...changes
})

/** The way in as the service gives it: from the start until an hour after the end. */
export const wayIn = async (provider: VideoProvider, room: RoomState, spec: RoomSpec, participant: RoomParticipant = DOCTOR): Promise<Access> =>
  await provider.accessFor(room, participant, { notBefore: spec.startAt, expiresAt: new Date(spec.endAt.getTime() + HOUR_MS) }, signal)

export const after = (from: Date, ms: number) => new Date(from.getTime() + ms)
