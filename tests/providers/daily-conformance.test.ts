import t from 'tap'
import { dailySubject } from '../support/fake-daily.ts'
import { providerConformance } from './conformance.ts'

await providerConformance(t, async (t) => {
  const { daily, provider } = await dailySubject(t, { timeoutMs: 1500 })
  const insideOf = (name: string) => daily.rooms.filter((room) => room.name === name).reduce((sum, { inside }) => sum + inside.size, 0)
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
      async start (_room, ways) {
        for (const way of ways) await daily.enter(way.url)
      },
      runs: async ({ providerRoomId }) => insideOf(providerRoomId) >= 2
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
