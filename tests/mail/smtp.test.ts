import { createServer, type AddressInfo, type Socket } from 'node:net'
import t from 'tap'
import { messageHeaders } from '../../lib/mail/headers.ts'
import { toMime } from '../../lib/mail/mime.ts'
import { smtpTransport, type SmtpOptions } from '../../lib/mail/smtp.ts'
import { startFakeSmtp } from '../support/fake-smtp.ts'
import type { Teardown } from '../support/service.ts'
import { render } from './inputs.ts'

const TIMEOUT_MS = 150

const mimeTo = (email: string) => toMime(render(), {
  from: { email: 'no-reply@clinic.example', name: 'Clinic' },
  to: { email, name: 'Somebody' },
  headers: messageHeaders({ document: 'd', recipient: email, kind: 'invitation', sequence: 0, told: [] }, { key: 'k', domain: 'clinic.example' })
})

function open (t: Teardown, url: string, options: Partial<SmtpOptions> = {}) {
  const transport = smtpTransport({ url, ...options })
  t.teardown(() => transport.close())
  return (email = 'ada@example.com') => transport.deliver(mimeTo(email))
}

/** A server that does with a connection whatever a test wants. */
async function startBare (t: Teardown, serve: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    serve(socket)
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Answers in SMTP until the message is to come, then as told. */
const upTo = (command: RegExp, instead: (socket: Socket) => void) => (socket: Socket) => {
  socket.write('220 here\r\n')
  let isOver = false
  socket.on('data', (chunk) => {
    const line = String(chunk)
    if (isOver) return
    if (command.test(line)) {
      isOver = true
      instead(socket)
    } else socket.write('250 yes\r\n')
  })
}

t.test('what the server takes was sent, with what was written', async (t) => {
  const server = await startFakeSmtp(t)
  const deliver = open(t, server.url)
  t.equal(await deliver(), 'sent')
  const [message] = server.received
  t.equal(message?.to, 'ada@example.com')
  t.equal(message?.subject, render().subject)
  t.equal(message?.messageId, mimeTo('ada@example.com').messageId)
})

t.test('many at once each arrive once', async (t) => {
  const server = await startFakeSmtp(t)
  const deliver = open(t, server.url, { connections: 3 })
  const addresses = Array.from({ length: 250 }, (_, i) => `somebody-${i}@example.com`)
  const outcomes = await Promise.all(addresses.map(deliver))
  t.same(new Set(outcomes), new Set(['sent']))
  t.same(server.received.map(({ to }) => to).sort(), [...addresses].sort())
})

t.test('a recipient who is refused for good is final, and nobody else’s fault', async (t) => {
  const server = await startFakeSmtp(t)
  server.answerTo((address) => address.startsWith('gone') ? 550 : undefined)
  const deliver = open(t, server.url)
  t.same(await deliver('gone@example.com'), { code: '550', isFinal: true })
  t.equal(await deliver(), 'sent')
})

t.test('a recipient who is put off is tried again', async (t) => {
  const server = await startFakeSmtp(t)
  server.answerTo(() => 450)
  const deliver = open(t, server.url)
  t.same(await deliver(), { code: '450', isFinal: false })
  server.answerTo(() => undefined)
  t.equal(await deliver(), 'sent')
})

t.test('a message that is refused for good is final, and one that is put off is not', async (t) => {
  for (const [responseCode, isFinal] of [[554, true], [452, false]] as const) {
    const server = await startFakeSmtp(t, { onData (stream, _session, done) { stream.resume().on('end', () => { done(Object.assign(new Error('not this'), { responseCode })) }) } })
    t.same(await open(t, server.url)(), { code: String(responseCode), isFinal })
  }
})

t.test('a sender who is refused is not the recipient’s fault', async (t) => {
  const server = await startFakeSmtp(t, { onMailFrom (_address, _session, done) { done(Object.assign(new Error('not from you'), { responseCode: 553 })) } })
  t.same(await open(t, server.url)(), { code: '553', isFinal: false })
})

t.test('refused credentials are not the recipient’s fault', async (t) => {
  const server = await startFakeSmtp(t, {
    authOptional: false,
    allowInsecureAuth: true,
    onAuth (_auth, _session, done) { done(Object.assign(new Error('who are you'), { responseCode: 535 })) }
  })
  t.same(await open(t, server.url.replace('//', '//clinic:hunter2@'))(), { code: '535', isFinal: false })
  t.same(await open(t, server.url)(), { code: '530', isFinal: false }, 'nor is it that none were given')
  t.same(server.received, [])
})

t.test('no server, or one that hangs up, is tried again', async (t) => {
  const hangsUp = {
    'at once': (socket: Socket) => { socket.destroy() },
    'after its greeting': (socket: Socket) => { socket.end('220 here\r\n') },
    'at the recipient': upTo(/^RCPT/m, (socket) => { socket.destroy() }),
    'at the message': upTo(/^DATA/m, (socket) => { socket.destroy() }),
    'with the last word': upTo(/^DATA/m, (socket) => { socket.end('421 going away\r\n') })
  }
  for (const [when, serve] of Object.entries(hangsUp)) {
    let connections = 0
    const url = await startBare(t, (socket) => { connections++; serve(socket) })
    t.match(await open(t, url, { timeoutMs: 5000 })(), { code: /^[A-Z0-9]+$/, isFinal: false }, when)
    if (when.startsWith('at the') || when.startsWith('with')) t.equal(connections, 1, `${when}: what may have arrived is not sent again by itself`)
  }
  const gone = await new Promise<number>((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => { resolve(port) })
    })
  })
  t.match(await open(t, `smtp://127.0.0.1:${gone}`)(), { code: /^E[A-Z]+$/, isFinal: false })
})

t.test('a server that says nothing any more is given up', async (t) => {
  const silent = {
    'from the beginning': () => {},
    'after its greeting': (socket: Socket) => { socket.write('220 here\r\n') },
    'at the recipient': upTo(/^RCPT/m, () => {}),
    'at the message': upTo(/^DATA/m, () => {}),
    'with the message': upTo(/^DATA/m, (socket) => { socket.write('354 go on\r\n') })
  }
  for (const [when, serve] of Object.entries(silent)) {
    t.match(await open(t, await startBare(t, serve), { timeoutMs: TIMEOUT_MS })(), { code: 'ETIMEDOUT', isFinal: false }, when)
  }
})

t.test('a server that is slow at every step is given up as a whole', async (t) => {
  // A line that says that more come, again and again: at no step is it silent for long.
  const drip = (code: number) => (socket: Socket) => {
    const timer = setInterval(() => { socket.write(`${code}-wait\r\n`) }, TIMEOUT_MS / 10)
    socket.on('close', () => { clearInterval(timer) })
  }
  const slow = {
    'from the beginning': drip(220),
    'at the recipient': upTo(/^RCPT/m, drip(250)),
    'at the message': upTo(/^DATA/m, drip(354))
  }
  for (const [when, serve] of Object.entries(slow)) {
    t.same(await open(t, await startBare(t, serve), { timeoutMs: 60_000, messageTimeoutMs: TIMEOUT_MS })(), { code: 'ETIMEDOUT', isFinal: false }, when)
  }
})

t.test('what waits for a connection too long is given up as well, and what comes later is sent', async (t) => {
  const server = await startFakeSmtp(t)
  const deliver = open(t, server.url, { connections: 1, messageTimeoutMs: TIMEOUT_MS })
  server.hold()
  t.same(await Promise.all([deliver('first@example.com'), deliver('second@example.com')]), [{ code: 'ETIMEDOUT', isFinal: false }, { code: 'ETIMEDOUT', isFinal: false }])
  server.release()
  t.same(server.received.map(({ to }) => to), ['first@example.com'], 'the server took it after all')
  const calm = open(t, server.url, { connections: 1 })
  t.equal(await calm('first@example.com'), 'sent')
  t.equal(await calm('second@example.com'), 'sent')
  t.same(server.received.map(({ to }) => to), ['first@example.com', 'first@example.com', 'second@example.com'])
  t.equal(server.received[1]?.messageId, server.received[0]?.messageId, 'as the same message')
})

t.test('nonsense is tried again', async (t) => {
  const nonsense = {
    'another protocol': (socket: Socket) => { socket.end('HTTP/1.1 400 Bad Request\r\n\r\n') },
    'no text': (socket: Socket) => { socket.end(Buffer.from([0, 255, 13, 10, 7, 13, 10])) },
    'instead of an answer': upTo(/^RCPT/m, (socket) => { socket.write('what?\r\n') }),
    'a line without end': (socket: Socket) => { socket.write('2'.repeat(100_000)) }
  }
  for (const [what, serve] of Object.entries(nonsense)) {
    t.match(await open(t, await startBare(t, serve), { timeoutMs: TIMEOUT_MS })(), { code: /^[A-Z0-9]+$/, isFinal: false }, what)
  }
})

t.test('an outcome holds neither address nor credentials, and nothing is printed', async (t) => {
  const server = await startFakeSmtp(t, { authOptional: false, allowInsecureAuth: true, onAuth (_auth, _session, done) { done(new Error('clinic hunter2 ada@example.com')) } })
  const output = [t.capture(console, 'log'), t.capture(console, 'error'), t.capture(process.stderr, 'write'), t.capture(console, 'warn')]
  const outcome = await open(t, server.url.replace('//', '//clinic:hunter2@'))()
  t.notMatch(JSON.stringify(outcome), /hunter2|clinic|ada|127\.0\.0\.1/)
  t.same(output.map((calls) => calls().length), [0, 0, 0, 0])
})

t.test('closing does not wait for a server that is silent', async (t) => {
  const url = await startBare(t, () => {})
  const transport = smtpTransport({ url, timeoutMs: TIMEOUT_MS })
  const outcome = transport.deliver(mimeTo('ada@example.com'))
  await transport.close()
  t.match(await outcome, { isFinal: false })
  t.match(await transport.deliver(mimeTo('ada@example.com')), { isFinal: false }, 'nor does what comes later reject')
})
