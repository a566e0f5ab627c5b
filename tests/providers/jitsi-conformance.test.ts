import t, { type Test } from 'tap'
import { roomNames } from '../../lib/providers/jitsi/room-names.ts'
import { jitsiProvider, type JitsiProviderOptions } from '../../lib/providers/jitsi/provider.ts'
import { APP_SECRET, EntryRefused, JITSI_KEY, KEY_ID, SYSTEM_KEY, SYSTEM_KEY_ID, startFakeJitsi, type FakeJitsi, type FakeJitsiOptions } from '../support/fake-jitsi.ts'
import { providerConformance, type ConformanceSubject } from './conformance.ts'

const SECRET = 'only for tests'
const JAAS_APP = 'vpaas-magic-cookie-0123456789abcdef'

/** The provider with the server that it was configured for. */
async function subjectOf (t: Test, server: FakeJitsiOptions, configured: (jitsi: FakeJitsi) => Partial<JitsiProviderOptions>): Promise<ConformanceSubject> {
  const jitsi = await startFakeJitsi(t, server)
  const provider = jitsiProvider({ url: jitsi.origin, appId: server.appId, timeoutMs: 1000, userIdSecret: SECRET, clock: () => jitsi.time.now, ...configured(jitsi) })
  t.teardown(() => provider.close())
  const nodeOf = (room: string) => server.tenant === undefined ? room : `[${server.tenant}]${room}`
  const never = { startAt: jitsi.time.now, endAt: new Date(jitsi.time.now.getTime() + 3600_000), durationSeconds: undefined, participants: 2, records: false }
  return {
    provider,
    now: () => jitsi.time.now,
    unknownRoom: { providerRoomId: roomNames(SECRET).nameOf('never made', never) },
    async plantForeignRoom () {
      jitsi.rooms.set('doctorsownroom', { occupants: new Map(), endsAt: undefined, maxOccupants: undefined, lobby: false, reservation: undefined })
    },
    async plantUploads () {},
    async plantTranscription () {},
    call: {
      join: async (_room, { url }) => await jitsi.enter(url).then(
        () => 'inside',
        (error: unknown) => {
          if (error instanceof EntryRefused) return 'refused'
          throw error
        }),
      inside: async ({ providerRoomId }) => {
        const { occupants } = jitsi.rooms.get(nodeOf(providerRoomId)) ?? { occupants: new Map<string, never>() }
        return [...new Set([...occupants.keys()].map(seat => seat.split(' ')[0] ?? ''))]
      }
    },
    outbound: () => jitsi.everything(),
    faults: {
      '401: the key is refused': () => { jitsi.fail('key refused') },
      '429: the server is busy': () => { jitsi.fail('busy') },
      '500: the server fails': () => { jitsi.fail('failing') },
      'an answer that is none': () => { jitsi.fail('malformed') },
      'the connection drops': () => { jitsi.fail('dropped') },
      'the server never answers': () => { jitsi.fail('silent') },
      ...server.jaas !== true && { 'the token is refused': () => { jitsi.fail('token refused') } }
    }
  }
}

await t.test('a server with a shared secret', async t => await providerConformance(t, async t =>
  await subjectOf(t, { appId: 'consultations', appSecret: APP_SECRET }, () => ({ appSecret: APP_SECRET }))))

await t.test('a server with a key pair and a tenant, reservations and an end for calls', async t => await providerConformance(t, async t =>
  await subjectOf(t, { appId: 'consultations', tenant: 'clinic' }, jitsi => ({
    tenant: 'Clinic',
    privateKey: JITSI_KEY.privateKey,
    keyId: KEY_ID,
    reservations: true,
    endMeeting: { url: jitsi.origin, privateKey: SYSTEM_KEY.privateKey, keyId: SYSTEM_KEY_ID }
  }))))

await t.test('JaaS', async t => await providerConformance(t, async t =>
  await subjectOf(t, { appId: JAAS_APP, jaas: true }, () => ({ privateKey: JITSI_KEY.privateKey, keyId: `${JAAS_APP}/key1` }))))
