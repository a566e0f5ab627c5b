import t from 'tap'
import { iceServersFor } from '../../lib/providers/embedded/ice-servers.ts'

const clock = () => new Date('2026-11-21T09:00:00.900Z')
const base = { turnCredentialTtlSeconds: 3600, clock }

t.test('nothing configured names no server', async t => {
  t.same(iceServersFor({ ...base, iceServers: [] })('usr_a'), [])
})

t.test('a STUN server needs no credentials', async t => {
  t.same(iceServersFor({ ...base, iceServers: ['stun:stun.example.org:3478'] })('usr_a'), [{ urls: ['stun:stun.example.org:3478'] }])
})

t.test('a TURN server gets credentials that expire and name the participant', async t => {
  const urls = ['turn:turn.example.org?transport=udp', 'turns:turn.example.org:443?transport=tcp']
  const servers = iceServersFor({ ...base, iceServers: ['stun:stun.example.org', ...urls], turnSharedSecret: 'north' })
  t.same(servers('usr_a'), [
    { urls: ['stun:stun.example.org'] },
    // printf '1795255200:usr_a' | openssl dgst -sha1 -hmac north -binary | base64
    { urls, username: '1795255200:usr_a', credential: 'PhtjF13oj7nNWrNCWkJZd0RZQCo=' }
  ])
  t.not(servers('usr_b')[1]?.credential, servers('usr_a')[1]?.credential)
})

t.test('what a browser would refuse is refused at the start', async t => {
  for (const url of ['http://turn.example.org', 'stun://x', 'stun:x?transport=udp', 'stuns:x', 'turn:x?transport=quic', 'turn:u@x', 'turn:', 'turn:a b']) {
    t.throws(() => iceServersFor({ ...base, iceServers: [url], turnSharedSecret: 's' }), { message: 'ICE servers must be stun:, turn: or turns: URLs' }, url)
  }
  t.throws(() => iceServersFor({ ...base, iceServers: ['turn:x'] }), { message: 'turn: URLs need the shared secret of the TURN server' })
})
