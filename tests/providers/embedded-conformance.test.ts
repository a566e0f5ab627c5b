import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { createHub } from '../../lib/providers/embedded/hub.ts'
import { embeddedProvider } from '../../lib/providers/embedded/provider.ts'
import { openRooms } from '../../lib/providers/embedded/rooms.ts'
import type { RoomState } from '../../lib/providers/provider.ts'
import { askFor, connectFake, fakeTime, fakeTokens, type FakeBrowser } from '../support/embedded-hub.ts'
import { providerConformance } from './conformance.ts'

await providerConformance(t, async t => {
  const { clock, schedule } = fakeTime()
  const file = join(t.testdir(), 'rooms.sqlite')
  const rooms = openRooms({ file, clock })
  const tokens = fakeTokens(clock)
  let seats = 0
  const hub = createHub({
    rooms,
    tokens,
    iceServersFor: () => [],
    maxPeople: 6,
    clock,
    schedule,
    newSeatId: () => `seat${++seats}`,
    log: { info () {}, error () {} }
  })
  const provider = embeddedProvider({ rooms, hub, tokens, publicUrl: () => 'https://clinic.example/video', userIdSecret: 'only for tests', clock })
  t.teardown(() => provider.close())

  const came = new Map<string, FakeBrowser>()
  const browserOf = ({ providerRoomId }: RoomState, providerUserId: string) => came.get(`${providerRoomId} ${providerUserId}`)
  const bytes = () => [file, `${file}-wal`].map(one => readFileSync(one, 'latin1')).join()
  return {
    provider,
    now: clock,
    unknownRoom: { providerRoomId: 'room_never-made' },
    async plantForeignRoom () {},
    async plantUploads () {},
    async plantTranscription () {},
    call: {
      async join ({ providerRoomId }, way) {
        const token = new URL(way.url).hash.slice(1)
        const browser = connectFake(hub, providerRoomId)
        browser.say({ type: 'join', token })
        if (browser.closed !== undefined) return 'refused'
        came.set(`${providerRoomId} ${tokens.verify(token).sub}`, browser)
        return 'inside'
      },
      inside: async ({ providerRoomId }) => hub.presence(providerRoomId).participantIds,
      async mayUse (room, providerUserId, tool) {
        const browser = browserOf(room, providerUserId)
        return browser !== undefined && askFor(browser, tool)
      }
    },
    keeps: async providerUserId => bytes().includes(providerUserId),
    outbound: bytes,
    faults: {
      'the registry’s file is gone': () => rooms.close()
    }
  }
})
