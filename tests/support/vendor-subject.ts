import type { VideoProvider } from '../../lib/providers/provider.ts'
import type { FakeVendor } from './fake-vendor.ts'
import type { Pause } from '../../lib/providers/vendor.ts'

/** Waits for nothing and remembers how long it should have been. */
export function recordedPause () {
  const pauses: number[] = []
  const pause: Pause = async (ms) => { pauses.push(ms) }
  return { pauses, pause }
}

/** What the conformance suite asks of a subject, for both generations of the vendor's API. */
export function vendorSubject (vendor: FakeVendor, provider: VideoProvider) {
  const roomOf = (id: string) => vendor.rooms.find((room) => room.id === id)
  return {
    provider,
    now: () => vendor.time.now,
    unknownRoom: { providerRoomId: 'room_999' },
    async plantForeignRoom () {
      vendor.plantRoom({ description: 'doctor’s own room' })
      vendor.plantRoom({ description: null })
    },
    async plantUploads ({ providerRoomId: roomId }: { providerRoomId: string }, count: number) {
      for (let i = 0; i < count; i++) vendor.uploads.push({ key: `sandbox/cmpny/usr_pat/${roomId}-${i}`, roomId, userId: 'usr_pat' })
    },
    async plantTranscription ({ providerRoomId: roomId }: { providerRoomId: string }, sessionId: string, transcription: string) {
      vendor.sessions.set(sessionId, { roomId, transcription })
    },
    call: {
      join: async (_room: unknown, { url }: { url: string }) => vendor.enter(url) ? 'inside' as const : 'refused' as const,
      inside: async ({ providerRoomId }: { providerRoomId: string }) => [...roomOf(providerRoomId)?.inside ?? []],
      recordings: async ({ providerRoomId }: { providerRoomId: string }) => roomOf(providerRoomId)?.recordings ?? []
    },
    keeps: async (providerUserId: string) => vendor.users.has(providerUserId),
    outbound: () => vendor.everything(),
    faults: {
      '401: the key is refused': () => vendor.fail('wrong key'),
      '429: the vendor is busy': () => vendor.fail('busy'),
      '500: the vendor fails': () => vendor.fail('failing'),
      'malformed JSON': () => vendor.fail('malformed'),
      'the connection drops': () => vendor.fail('dropped'),
      'the vendor never answers': () => vendor.fail('silent')
    }
  }
}
