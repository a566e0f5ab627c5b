import t from 'tap'
import { livekitProvider } from '../../lib/providers/livekit/provider.ts'
import { claimsIn, LIVEKIT_KEY, LIVEKIT_SECRET, signed, startFakeLivekit, wayOf } from '../support/fake-livekit.ts'
import { signal } from '../support/livekit-provider.ts'
import { recordedPause } from '../support/vendor-subject.ts'
import { providerConformance } from './conformance.ts'

await providerConformance(t, async (t) => {
  const fake = await startFakeLivekit(t)
  const { pause } = recordedPause()
  const provider = livekitProvider({
    url: fake.origin.replace('http', 'ws'),
    apiKey: LIVEKIT_KEY,
    apiSecret: LIVEKIT_SECRET,
    timeoutMs: 1500,
    userIdSecret: 'only for tests',
    publicUrl: () => 'https://clinic.example/video',
    clock: () => fake.time.now,
    pause
  })
  t.teardown(() => provider.close())
  return {
    provider,
    now: () => fake.time.now,
    unknownRoom: { providerRoomId: 'tc_never-made' },
    async plantForeignRoom () {
      for (const metadata of ['', 'd|1|1|1']) {
        const room = metadata === '' ? 'somebody-elses' : 'tc_like-ours'
        fake.join(signed({ iss: LIVEKIT_KEY, sub: 'them', exp: fake.time.now.getTime() / 1000 + 60, video: { roomJoin: true, room } }))
        Object.assign(fake.rooms.get(room)!, { metadata })
      }
    },
    async plantUploads () {},
    async plantTranscription () {},
    call: {
      // Whom the server lets in is looked at before he has a connection for pictures and sound.
      async join ({ providerRoomId }, way) {
        const { token } = wayOf(way.url)
        if (fake.join(token) !== 200) return 'refused'
        await provider.endOverdueRooms(fake.time.now, signal)
        const { sub = '' } = claimsIn(token)
        return fake.rooms.get(providerRoomId)?.inside.has(sub) === true ? 'inside' : 'refused'
      },
      inside: async ({ providerRoomId }) => [...fake.rooms.get(providerRoomId)?.inside.keys() ?? []],
      async mayUse ({ providerRoomId }, providerUserId, tool) {
        const { grants } = fake.rooms.get(providerRoomId)?.inside.get(providerUserId) ?? {}
        return tool === 'chat' ? grants?.['canPublishData'] === true : ((grants?.['canPublishSources'] ?? []) as string[]).includes('screen_share')
      }
    },
    outbound: () => fake.everything(),
    faults: {
      '401: the key is refused': () => fake.fail('wrong key'),
      '429: the server is busy': () => fake.fail('busy'),
      '500: the server fails': () => fake.fail('failing'),
      'malformed JSON': () => fake.fail('malformed'),
      '404: nothing is served at that address': () => fake.fail('wrong address'),
      'the connection drops': () => fake.fail('dropped'),
      'the server never answers': () => fake.fail('silent')
    }
  }
})
