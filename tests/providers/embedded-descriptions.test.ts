import t from 'tap'
import { refuseDescription } from '../../lib/providers/embedded/descriptions.ts'

const HEAD = ['v=0', 'o=- 4611731400430051336 2 IN IP4 127.0.0.1', 's=-', 't=0 0', 'a=group:BUNDLE 0 1', 'a=msid-semantic: WMS *']

const audio = (direction?: string, port = 9) => [
  `m=audio ${port} UDP/TLS/RTP/SAVPF 111 0`, 'c=IN IP4 0.0.0.0', 'a=rtcp:9 IN IP4 0.0.0.0', 'a=ice-ufrag:nXq2', 'a=ice-pwd:T3jM1kWc9pVh6sRbZy0uLdGe',
  'a=mid:0', ...(direction ? [`a=${direction}`] : []), 'a=rtcp-mux', 'a=rtpmap:111 opus/48000/2', 'a=fmtp:111 minptime=10;useinbandfec=1'
]
const video = (direction?: string, port = 9, more: string[] = []) => [
  `m=video ${port} UDP/TLS/RTP/SAVPF 96 97`, 'c=IN IP4 0.0.0.0', 'a=mid:1', ...(direction ? [`a=${direction}`] : []), ...more,
  'a=msid:stream-a track-a', 'a=rtcp-mux', 'a=rtpmap:96 VP8/90000', 'a=rtcp-fb:96 nack pli', 'a=rtpmap:97 rtx/90000', 'a=fmtp:97 apt=96'
]
const dataChannel = (port = 9) => [`m=application ${port} UDP/DTLS/SCTP webrtc-datachannel`, 'c=IN IP4 0.0.0.0', 'a=mid:2', 'a=sctp-port:5000']

const sdp = (...sections: string[][]) => [...HEAD, ...sections.flat(), ''].join('\r\n')
const offer = (text: string, screen = false) => refuseDescription({ type: 'offer', sdp: text }, { screen })

t.test('a camera and a microphone pass, in an offer and in an answer', async t => {
  const text = sdp(audio('sendrecv'), video('sendrecv'))
  for (const type of ['offer', 'answer', 'pranswer'] as const) {
    t.equal(refuseDescription({ type, sdp: text }, { screen: false }), undefined, type)
  }
  t.equal(offer(text.replaceAll('\r\n', '\n')), undefined, 'bare line feeds')
  t.equal(offer(sdp(audio('recvonly'))), undefined)
})

t.test('a data channel does not pass, not even a rejected one', async t => {
  t.equal(offer(sdp(audio('sendrecv'), video('sendrecv'), dataChannel())), 'DATA_CHANNEL_NOT_ALLOWED')
  t.equal(offer(sdp(audio('sendrecv'), dataChannel(0)), true), 'DATA_CHANNEL_NOT_ALLOWED')
})

t.test('a second video or audio passes while the screen is granted alone', async t => {
  for (const direction of ['sendrecv', 'sendonly', undefined]) {
    const videos = sdp(audio('sendrecv'), video('sendrecv'), video(direction))
    t.equal(offer(videos), 'TOO_MANY_VIDEOS', `video ${direction}`)
    t.equal(offer(videos, true), undefined, `granted video ${direction}`)
    const audios = sdp(audio('sendrecv'), audio(direction), video('sendrecv'))
    t.equal(offer(audios), 'TOO_MANY_VIDEOS', `audio ${direction}`)
    t.equal(offer(audios, true), undefined, `granted audio ${direction}`)
  }
})

t.test('a second video that is received, paused or rejected is not counted', async t => {
  for (const section of [video('recvonly'), video('inactive'), video('sendrecv', 0)]) {
    t.equal(offer(sdp(audio('sendrecv'), video('sendrecv'), section)), undefined)
  }
})

t.test('a bundled section with port 0 is counted', async t => {
  t.equal(offer(sdp(video('sendrecv'), video('sendonly', 0, ['a=bundle-only']))), 'TOO_MANY_VIDEOS')
})

t.test('a third video never passes', async t => {
  t.equal(offer(sdp(video('sendonly'), video('sendonly'), video('sendonly')), true), 'TOO_MANY_VIDEOS')
})

t.test('a direction above the first section takes nothing away', async t => {
  const text = [...HEAD, 'a=inactive', ...video('sendrecv'), ...video()].join('\r\n')
  t.equal(offer(text), 'TOO_MANY_VIDEOS')
})

t.test('what parsers could read in two ways does not pass', async t => {
  const good = sdp(audio('sendrecv'), video('sendrecv'))
  const cases: [string, string][] = [
    ['empty', ''],
    ['no description at all', 'hello'],
    ['another version', good.replace('v=0', 'v=1')],
    ['a lone carriage return inside a line', sdp(video('sendrecv'), video(undefined, 9, ['a=x\ra=inactive']))],
    ['two directions in a section', sdp(video('sendrecv'), video('sendrecv', 9, ['a=inactive']))],
    ['a direction with a tail', sdp(video('sendrecv'), video('inactive-not'))],
    ['an indented line', good.replace('a=mid:1', ' a=mid:1')],
    ['an empty line inside', good.replace('a=mid:1', '')],
    ['an upper-case medium', good.replace('m=video', 'm=VIDEO')],
    ['an unknown medium', good.replace('m=video', 'm=text')],
    ['a port with zeros', good.replace('m=video 9', 'm=video 00')],
    ['no port', good.replace('m=video 9', 'm=video')],
    ['a line separator of Unicode', good.replace('a=mid:1', 'a=mid:1\u2028a=x')]
  ]
  for (const [what, text] of cases) t.equal(offer(text, true), 'INVALID_DESCRIPTION', what)
  t.equal(refuseDescription({ type: 'offer' }, { screen: true }), 'INVALID_DESCRIPTION', 'no sdp')
})

t.test('a rollback carries nothing', async t => {
  t.equal(refuseDescription({ type: 'rollback' }, { screen: false }), undefined)
  t.equal(refuseDescription({ type: 'rollback', sdp: '' }, { screen: false }), undefined)
  t.equal(refuseDescription({ type: 'rollback', sdp: sdp(audio()) }, { screen: false }), 'INVALID_DESCRIPTION')
})
