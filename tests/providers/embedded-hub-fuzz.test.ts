import t from 'tap'
import { Ajv } from 'ajv'
import { ServerMessage } from '../../schemas/signalling.ts'
import { ALL_TOOLS, hubSubject, ROOM, seatOf, type FakeBrowser } from '../support/embedded-hub.ts'

/** mulberry32: a small generator whose whole state is its seed, so that a failure can be had again. */
function randomFrom (seed: number) {
  let state = seed
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return {
    below: (limit: number) => Math.floor(next() * limit),
    of: <T>(values: readonly T[]): T => values[Math.floor(next() * values.length)] as T
  }
}
type Random = ReturnType<typeof randomFrom>

const SDP = ['v=0', 'o=- 1 2 IN IP4 127.0.0.1', 's=-', 't=0 0', 'm=audio 9 UDP/TLS/RTP/SAVPF 111', 'a=sendrecv', 'm=video 9 UDP/TLS/RTP/SAVPF 96', 'a=sendonly', '']

function validMessage (random: Random, seats: readonly string[]): Record<string, unknown> {
  const seat = random.of(seats)
  const number = 1 + random.below(6)
  return random.of<() => Record<string, unknown>>([
    () => ({ type: 'description', to: seat, description: { type: random.of(['offer', 'answer', 'rollback']), sdp: mutatedText(random, SDP.join('\r\n')) } }),
    () => ({ type: 'candidate', to: seat, candidate: { candidate: 'candidate:1', sdpMid: random.of(['0', null]) } }),
    () => ({ type: 'media', microphone: random.below(2) === 0, camera: random.below(2) === 0 }),
    () => ({ type: 'chat', text: random.of(['hello', '\u0000', '<script>', '😀'.repeat(100)]) }),
    () => ({ type: 'screen', on: random.below(3) > 0, stream: 'stream' }),
    () => ({ type: 'present', seat: random.of([seat, null]) }),
    () => ({ type: 'snapshot', of: seat }),
    () => ({ type: 'snapshot-declined', request: number }),
    () => ({ type: 'file', name: 'x', size: 1 + random.below(200), mime: random.of(['image/png', 'text/plain']), ...(random.below(2) === 0 && { snapshot: number }) }),
    () => ({ type: 'file-cancel', transfer: number }),
    () => ({ type: 'leave' })
  ])()
}

/** Mostly left as it is, so that the rules behind the schema are reached. */
function mutatedText (random: Random, text: string): string {
  const at = random.below(text.length)
  return random.of([
    () => text,
    () => text,
    () => text,
    () => text.slice(0, at),
    () => text.slice(0, at) + random.of(['"', '\r', '}', '\u2028', 'm=', '0', '__proto__']) + text.slice(at),
    () => text.slice(0, at) + text.slice(at + 1 + random.below(5))
  ])()
}

function mutatedMessage (random: Random, message: Record<string, unknown>): string {
  const strange = random.of([null, -1, 1e308, '', [], {}, true, 'x'.repeat(5000)])
  const key = random.of(Object.keys(message))
  return random.of([
    () => JSON.stringify(message),
    () => JSON.stringify(message),
    () => mutatedText(random, JSON.stringify(message)),
    () => JSON.stringify({ ...message, [key]: strange }),
    () => JSON.stringify({ ...message, ['extra' + key]: strange }),
    () => JSON.stringify(strange)
  ])()
}

function randomFrame (random: Random): Uint8Array {
  const frame = new Uint8Array(random.of([0, 3, 4, 5, 20, 104, 70_000]))
  if (frame.byteLength >= 4) new DataView(frame.buffer).setUint32(0, random.of([0, 1, 2, 3, 4, 2 ** 32 - 1]))
  return frame
}

t.test('whatever one browser says, the hub stays up and the others stay in the call', async t => {
  const isServerMessage = new Ajv().compile(ServerMessage)
  let survived = 0
  for (let seed = 1; seed <= 40; seed++) {
    const random = randomFrom(seed)
    const { enter, time, hub, rooms } = hubSubject()
    const ben = enter('usr_ben')
    const cy = enter('usr_cy')
    const all: FakeBrowser[] = [ben, cy]
    let ada = enter('usr_ada')
    for (let step = 0; step < 60; step++) {
      if (ada.closed !== undefined) {
        ada = enter('usr_ada')
        all.push(ada)
      }
      const seats = [ben, cy, ada].map(seatOf).concat('seat0')
      if (random.below(5) === 0) ada.session.binary(randomFrame(random))
      else ada.session.text(mutatedMessage(random, validMessage(random, seats)))
      if (random.below(10) === 0) ada.session.closed()
      if (random.below(10) === 0) {
        rooms.setRights(ROOM, new Map([['usr_ada', { revocations: 0, tools: ALL_TOOLS.filter(() => random.below(2) === 0), removed: random.below(3) === 0 }]]))
        hub.refresh(ROOM)
        rooms.setRights(ROOM, new Map())
      }
      ben.bufferedAmount = random.of([0, 0, 300_000])
      time.advance(random.of([0, 10, 1000]))
      if (ada.closed === undefined && random.below(15) === 0) ada.say({ type: 'leave' })
      // A connection that its other end closed hears nothing more.
      if (ada.closed === undefined && hub.activity(ROOM).people < 3) ada.closed = { code: 1006, reason: '' }
    }
    if (ben.closed === undefined && cy.closed === undefined) survived += 1
    const wrong = all.flatMap(one => one.received).filter(message => !isServerMessage(message))
    t.same(wrong, [], `seed ${seed} brings valid messages only`)
  }
  t.equal(survived, 40)
})
