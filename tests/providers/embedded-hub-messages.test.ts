import t from 'tap'
import { CLOSE_CODES } from '../../schemas/signalling.ts'
import type { ToolName } from '../../schemas/tools.ts'
import { ALL_TOOLS, hubSubject, seatOf, START, type FakeBrowser } from '../support/embedded-hub.ts'

const AUDIO_VIDEO = ['v=0', 'o=- 1 2 IN IP4 127.0.0.1', 's=-', 't=0 0',
  'm=audio 9 UDP/TLS/RTP/SAVPF 111', 'a=mid:0', 'a=sendrecv', 'm=video 9 UDP/TLS/RTP/SAVPF 96', 'a=mid:1', 'a=sendrecv', ''].join('\r\n')
const SECOND_VIDEO = ['m=video 9 UDP/TLS/RTP/SAVPF 96', 'a=mid:2', 'a=sendonly', ''].join('\r\n')

/** Three people, with nothing unread. */
function three (tools: readonly ToolName[] = ALL_TOOLS) {
  const subject = hubSubject()
  const ada = subject.enter('usr_ada', { tools: [...tools] })
  const ben = subject.enter('usr_ben')
  const cy = subject.enter('usr_cy')
  const seats = { ada: seatOf(ada), ben: seatOf(ben), cy: seatOf(cy) }
  for (const one of [ada, ben, cy]) one.clear()
  return { ...subject, ada, ben, cy, seats }
}

const silent = (...browsers: FakeBrowser[]) => browsers.every(one => one.received.length === 0 && one.frames.length === 0)

t.test('descriptions and candidates reach the person they are for', async t => {
  const { ada, ben, cy, seats } = three()
  ada.say({ type: 'description', to: seats.ben, description: { type: 'offer', sdp: AUDIO_VIDEO } })
  ada.say({ type: 'candidate', to: seats.ben, candidate: { candidate: 'candidate:1 1 udp 1 127.0.0.1 9 typ host', sdpMid: '0', sdpMLineIndex: 0 } })
  t.same(ben.received, [
    { type: 'description', from: seats.ada, description: { type: 'offer', sdp: AUDIO_VIDEO } },
    { type: 'candidate', from: seats.ada, candidate: { candidate: 'candidate:1 1 udp 1 127.0.0.1 9 typ host', sdpMid: '0', sdpMLineIndex: 0 } }
  ])
  t.ok(silent(ada, cy))
})

t.test('nobody is called who is not here, and nobody calls themselves', async t => {
  const { ada, ben, cy, seats } = three()
  for (const to of ['seat99', seats.ada]) {
    ada.say({ type: 'description', to, description: { type: 'offer', sdp: AUDIO_VIDEO } })
    ada.say({ type: 'candidate', to, candidate: { candidate: '' } })
    ada.say({ type: 'snapshot', of: to })
  }
  ada.say({ type: 'present', seat: 'seat99' })
  t.same(ada.heard('refused').map(one => [one.re, one.code]), [
    ...[1, 2].flatMap(() => [['description', 'UNKNOWN_SEAT'], ['candidate', 'UNKNOWN_SEAT'], ['snapshot', 'UNKNOWN_SEAT']]), ['present', 'UNKNOWN_SEAT']
  ])
  t.ok(silent(ben, cy))
})

t.test('a description that would pass the tools by is refused and not relayed', async t => {
  const { ada, ben, cy, seats } = three()
  const application = 'm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n'
  for (const sdp of [AUDIO_VIDEO + application, AUDIO_VIDEO + SECOND_VIDEO, 'nonsense']) {
    ada.say({ type: 'description', to: seats.ben, description: { type: 'offer', sdp } })
  }
  t.same(ada.received, [
    { type: 'refused', re: 'description', code: 'DATA_CHANNEL_NOT_ALLOWED' },
    { type: 'refused', re: 'description', code: 'TOO_MANY_VIDEOS' },
    { type: 'refused', re: 'description', code: 'INVALID_DESCRIPTION' }
  ])
  t.ok(silent(ben, cy))
})

t.test('a second video passes while the sender shares the screen', async t => {
  const { ada, ben, cy, seats } = three()
  const offer = { type: 'description', to: seats.ben, description: { type: 'offer', sdp: AUDIO_VIDEO + SECOND_VIDEO } }
  ada.say({ type: 'screen', on: true, stream: 'stream-1' })
  for (const one of [ada, ben, cy]) t.match(one.heard('person'), [{ person: { seat: seats.ada, screen: 'stream-1' } }])
  ada.say(offer)
  t.equal(ben.heard('description').length, 1)
  ben.say({ ...offer, to: seats.ada })
  t.match(ben.heard('refused'), [{ code: 'TOO_MANY_VIDEOS' }], 'the grant is the sharer’s alone')
  ada.say({ type: 'screen', on: false })
  ada.say(offer)
  t.match(ada.heard('refused'), [{ code: 'TOO_MANY_VIDEOS' }])
  t.equal(cy.heard('person').at(-1)?.person.screen, null)
})

t.test('a message that needs a missing tool is refused and not relayed', async t => {
  const cases: [ToolName, object][] = [
    ['chat', { type: 'chat', text: 'hello' }],
    ['screen_sharing', { type: 'screen', on: true, stream: 's' }],
    ['snapshot', { type: 'snapshot', of: 'seat2' }],
    ['present_to_everyone', { type: 'present', seat: 'seat2' }],
    ['file_upload', { type: 'file', name: 'a.txt', size: 1, mime: 'text/plain' }]
  ]
  for (const [tool, message] of cases) {
    const { ada, ben, cy } = three(ALL_TOOLS.filter(one => one !== tool))
    ada.say(message)
    t.match(ada.received, [{ type: 'refused', code: 'TOOL_NOT_ALLOWED', tool }], tool)
    t.ok(silent(ben, cy), tool)
  }
})

t.test('a chat message reaches everybody with one name and one time', async t => {
  const { ada, ben, cy, seats } = three()
  ada.say({ type: 'chat', text: '<b>hello</b>' })
  for (const one of [ada, ben, cy]) {
    t.same(one.received, [{ type: 'chat', from: seats.ada, name: 'Name of usr_ada', text: '<b>hello</b>', at: START.toISOString() }])
  }
})

t.test('microphone and camera are told to the others', async t => {
  const { ada, ben, seats } = three()
  ada.say({ type: 'media', microphone: true, camera: false })
  t.match(ben.received, [{ type: 'person', person: { seat: seats.ada, microphone: true, camera: false } }])
  t.ok(silent(ada))
})

t.test('everybody is told who is in front, newcomers too', async t => {
  const { ada, ben, enter, seats } = three()
  ada.say({ type: 'present', seat: seats.ben })
  for (const one of [ada, ben]) t.same(one.received, [{ type: 'presented', seat: seats.ben, by: seats.ada }])
  t.equal(enter('usr_dee').heard('welcome')[0]?.presented, seats.ben)
  ada.say({ type: 'present', seat: null })
  t.match(ben.heard('presented').at(-1), { seat: null })
})

t.test('a snapshot is asked of one person and goes to the asker alone', async t => {
  const { ada, ben, cy, seats } = three()
  ada.say({ type: 'snapshot', of: seats.ben })
  const request = ben.heard('snapshot-request')[0]?.request
  t.match(ben.received, [{ type: 'snapshot-request', by: seats.ada }])
  ben.say({ type: 'file', name: 'me.jpg', size: 3, mime: 'image/jpeg', snapshot: request })
  t.match(ada.received, [{ type: 'file', from: seats.ben, name: 'me.jpg', size: 3, mime: 'image/jpeg', snapshot: true }])
  t.ok(silent(cy))
  ben.say({ type: 'file', name: 'me.jpg', size: 3, mime: 'image/jpeg', snapshot: request })
  t.match(ben.heard('refused'), [{ re: 'file', code: 'UNKNOWN_REQUEST' }], 'a request is answered once')
})

t.test('answering a snapshot request needs no tool, as long as it is a picture', async t => {
  const { ada, ben, seats } = three(['chat'])
  for (const mime of ['text/html', 'image/png']) {
    ben.say({ type: 'snapshot', of: seats.ada })
    const request = ada.heard('snapshot-request').at(-1)?.request
    ada.say({ type: 'file', name: 'me', size: 3, mime, snapshot: request })
  }
  t.match(ada.heard('refused'), [{ re: 'file', code: 'TOOL_NOT_ALLOWED', tool: 'file_upload' }])
  t.match(ben.heard('file'), [{ mime: 'image/png' }])
})

t.test('a snapshot request is answered by the person asked and nobody else', async t => {
  const { ada, ben, cy, seats } = three()
  ada.say({ type: 'snapshot', of: seats.ben })
  const request = ben.heard('snapshot-request')[0]?.request
  cy.say({ type: 'file', name: 'x', size: 1, mime: 'image/png', snapshot: request })
  cy.say({ type: 'snapshot-declined', request })
  t.match(cy.received, [{ re: 'file', code: 'UNKNOWN_REQUEST' }, { re: 'snapshot-declined', code: 'UNKNOWN_REQUEST' }])
  ben.say({ type: 'snapshot-declined', request })
  t.same(ada.received, [{ type: 'snapshot-declined', request, of: seats.ben }])
})

t.test('a snapshot request ends with either of the two', async t => {
  const { ada, ben, cy, seats } = three()
  ada.say({ type: 'snapshot', of: seats.ben })
  cy.say({ type: 'snapshot', of: seats.ben })
  ada.say({ type: 'leave' })
  ben.say({ type: 'snapshot-declined', request: ben.heard('snapshot-request')[0]?.request })
  t.match(ben.heard('refused'), [{ code: 'UNKNOWN_REQUEST' }])
  ben.say({ type: 'leave' })
  t.match(cy.heard('snapshot-declined'), [{ of: seats.ben }])
})

t.test('what breaks the protocol ends its own connection alone', async t => {
  const cases: [string, (browser: FakeBrowser) => void][] = [
    ['no JSON', one => one.session.text('{')],
    ['an unknown type', one => one.say({ type: 'shout' })],
    ['an unknown key', one => one.say({ type: 'chat', text: 'x', to: 'y' })],
    ['a text that is too long', one => one.say({ type: 'chat', text: 'x'.repeat(4001) })],
    ['a second join', one => one.say({ type: 'join', token: 'x' })],
    ['a screen without its stream', one => one.say({ type: 'screen', on: true })],
    ['a piece without a transfer', one => one.session.binary(new Uint8Array([0, 0, 0, 1, 7]))],
    ['a frame without content', one => one.session.binary(new Uint8Array(4))]
  ]
  for (const [what, breakIt] of cases) {
    const { ada, ben, cy, seats } = three()
    breakIt(ada)
    t.equal(ada.closed?.code, CLOSE_CODES.protocol, what)
    t.same(ben.received, [{ type: 'left', seat: seats.ada }], what)
    t.equal(cy.closed, undefined, what)
  }
})

t.test('who speaks too fast is refused, heard again after a pause, and sent away in the end', async t => {
  const { ada, ben, time } = three()
  for (let i = 0; i < 121; i++) ada.say({ type: 'chat', text: `${i}` })
  t.equal(ben.heard('chat').length, 120)
  t.match(ada.heard('refused'), [{ re: 'chat', code: 'TOO_FAST' }])
  time.advance(1000)
  ada.say({ type: 'chat', text: 'later' })
  t.equal(ben.heard('chat').at(-1)?.text, 'later')
  for (let i = 0; i < 250; i++) ada.say({ type: 'chat', text: `${i}` })
  t.equal(ada.closed?.code, CLOSE_CODES.protocol)
  t.equal(ben.closed, undefined)
})

t.test('the candidates of five connections at once are not too fast', async t => {
  const { ada, ben, seats } = three()
  for (let i = 0; i < 500; i++) ada.say({ type: 'candidate', to: seats.ben, candidate: { candidate: `candidate:${i}` } })
  t.equal(ben.heard('candidate').length, 500)
  t.ok(silent(ada))
})

t.test('a browser that reads nothing is sent away instead of filling the memory', async t => {
  const { ada, ben, cy } = three()
  ben.bufferedAmount = 9 * 1024 * 1024
  ada.say({ type: 'chat', text: 'hello' })
  t.equal(ben.closed?.code, CLOSE_CODES.restarting)
  t.equal(cy.heard('chat').length, 1)
  t.equal(cy.heard('left').length, 1)
})
