import t from 'tap'
import { readUserId } from '../../lib/providers/daily/user-ids.ts'
import { maySend } from '../support/fake-daily-calls.ts'
import { dailySubject } from '../support/fake-daily.ts'
import { providerConformance } from './conformance.ts'

await providerConformance(t, async (t) => {
  const { daily, provider } = await dailySubject(t, { timeoutMs: 1500 })
  // What holds where Daily's bans do. What is done where they do not: daily-bans.test.ts.
  daily.switches.bansOutliveCalls = true
  const named = (name: string) => daily.rooms.findLast((room) => room.name === name)
  const seatsIn = (name: string) => [...named(name)?.inside.values() ?? []]
  return {
    provider,
    now: () => daily.time.now,
    unknownRoom: { providerRoomId: 'tcn-never-made' },
    async plantForeignRoom () {
      daily.plantRoom({ name: 'doctors-own-room' })
      daily.plantRoom({ name: `tcn-${'A'.repeat(30)}` })
    },
    async plantUploads () {},
    async plantTranscription ({ providerRoomId }, sessionId, text) {
      daily.meetings.set(sessionId, providerRoomId)
      daily.transcripts.push({ id: `transcript-${daily.transcripts.length}`, sessionId, status: 't_finished', text, vtt: true })
    },
    call: {
      join: async (_room, { url }) => await daily.enter(url).then(() => 'inside', () => 'refused'),
      inside: async ({ providerRoomId }) => [...new Set(seatsIn(providerRoomId).map(({ userId }) => readUserId(userId).providerUserId))],
      async mayUse ({ providerRoomId }, providerUserId, tool) {
        if (tool === 'chat') return named(providerRoomId)?.given['enable_chat'] === true
        const seat = seatsIn(providerRoomId).find(({ userId }) => readUserId(userId).providerUserId === providerUserId)
        return seat !== undefined && tool === 'screen_sharing' && maySend(seat, 'screenVideo')
      },
      sharedTools: new Set(['chat']),
      recordings: async ({ providerRoomId }) => named(providerRoomId)?.recordings ?? []
    },
    outbound: () => daily.everything(),
    faults: {
      '401: the key is refused': () => daily.fail('wrong key'),
      '429: the vendor is busy': () => daily.fail('busy'),
      '500: the vendor fails': () => daily.fail('failing'),
      'malformed JSON': () => daily.fail('malformed'),
      'JSON of another shape': () => daily.fail('empty'),
      'the connection drops': () => daily.fail('dropped'),
      'the vendor never answers': () => daily.fail('silent')
    }
  }
})
