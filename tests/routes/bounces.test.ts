import t from 'tap'
import { exchange, exim, FORMS, gmail, postfix, type Notice } from '../mail/notifications.ts'
import { startFakeSmtp, type FakeSmtp, type Received } from '../support/fake-smtp.ts'
import { startPlatform } from '../support/platform.ts'
import { after, booking, DOCTOR, NOON, PATIENT, startService, type Service, type Teardown } from '../support/service.ts'

const DAY = 24 * 60
const START = after(NOON, 3 * DAY)
const ADA = { ...DOCTOR, email: 'ada@home.example' }
const BEN = { ...PATIENT, email: 'ben@home.example' }
const GONE = { code: '5.1.1', at: NOON.toISOString(), refused: true, bounced: true }

const variables = ({ url }: FakeSmtp) => ({ SMTP_URL: url, MAIL_FROM: 'visits@clinic.example', MAIL_EVERY_SEC: '3600' })
const visit = () => booking({ start_date: START.toISOString(), participants: { number: 2, data: [ADA, BEN] } })

/** What the tests do with a service that sends e-mails. */
function calls (service: Service, smtp: FakeSmtp) {
  const tell = async () => {
    await service.app.telling.run()
    await service.app.telling.run()
  }
  const send = async (method: 'POST' | 'PATCH' | 'DELETE', url: string, payload?: object) => {
    const { statusCode } = await service.inject({ method, url, ...payload === undefined ? {} : { payload } })
    await tell()
    return statusCode
  }
  return {
    service,
    smtp,
    tell,
    send,
    async book () {
      const created = await service.inject({ method: 'POST', url: '/sessions', payload: visit() })
      if (created.statusCode !== 201) throw new Error(`not booked: ${created.body}`)
      await tell()
      return created.json<{ id: string }>().id
    },
    async handIn (payload: string | Buffer) {
      const answer = await service.inject({ method: 'POST', url: '/mail/bounces', payload, headers: { 'content-type': 'message/rfc822' } })
      return answer.statusCode === 200 ? answer.json<{ noted: number, ignored: number }>() : [answer.statusCode, answer.json<{ code: string }>().code]
    },
    /** What those in charge are told of the e-mails to this person. */
    async mailOf (id: string, externalId = 'patient-1') {
      const { participants } = (await service.inject({ url: `/sessions/${id}/participants` })).json<{ participants: Array<{ userExternalId: string, mail?: object }> }>()
      return participants.find(({ userExternalId }) => userExternalId === externalId)?.mail
    },
    async countOf (outcome: string) {
      return new RegExp(`^emails_total\\{outcome="${outcome}"\\} (\\d+)$`, 'm').exec((await service.inject({ url: '/-/metrics' })).body)?.[1]
    }
  }
}

async function start (t: Teardown) {
  const smtp = await startFakeSmtp(t)
  const service = await startService(t, variables(smtp))
  t.teardown(() => {
    if (/@(home|else)\.example/.test(service.log.join(''))) throw new Error('The log holds an address')
  })
  return calls(service, smtp)
}

const last = (messages: Received[]): Received => {
  const message = messages.at(-1)
  if (message === undefined) throw new Error('nothing was sent')
  return message
}
/** What a server reports about the last message to an address. */
const returned = ({ smtp }: { smtp: FakeSmtp }, to = 'ben@home.example', changes: Partial<Notice> = {}): Notice => {
  const { messageId, mail } = last(smtp.to(to))
  return { messageId, references: String(mail.references), to, status: '5.1.1', ...changes }
}

t.test('an invitation that comes back is told of its participant, who is sent nothing more until he has another address', async (t) => {
  const { service, smtp, tell, send, book, handIn, mailOf, countOf } = await start(t)
  const id = await book()
  t.same(await handIn(postfix(returned({ smtp }))), { noted: 1, ignored: 0 })
  t.same(await mailOf(id), { toldAt: NOON.toISOString(), failure: GONE })
  t.same(await mailOf(id, 'doctor-1'), { toldAt: NOON.toISOString() })
  t.equal(await countOf('bounced'), '1')

  service.setClock(after(START, -DAY))
  await tell()
  t.equal(smtp.to('ben@home.example').length, 1, 'no reminder')
  t.equal(smtp.to('ada@home.example').length, 2, 'to whom it did not come back it goes on')
  t.equal(await send('PATCH', `/sessions/${id}`, { participants: { number: 2, data: [ADA, { ...BEN, email: 'ben@else.example' }] } }), 200)
  t.equal(smtp.to('ben@home.example').length, 1, 'nor that he is not written to there any more')
  t.equal(smtp.to('ben@else.example').length, 1)
  t.same(await mailOf(id), { toldAt: after(START, -DAY).toISOString() })
  service.setClock(after(START, -10))
  await tell()
  t.equal(smtp.to('ben@else.example').length, 2, 'and reminded')
  t.same(await handIn(postfix(returned({ smtp }))), { noted: 0, ignored: 1 }, 'about an address that he has no more')
})

t.test('what every kind of server reports is understood', async (t) => {
  const { smtp, book, handIn, mailOf } = await start(t)
  for (const [name, form] of Object.entries(FORMS)) {
    const id = await book()
    t.same(await handIn(form(returned({ smtp }))), { noted: 1, ignored: 0 }, name)
    t.same(await mailOf(id), { toldAt: NOON.toISOString(), failure: GONE }, name)
  }
})

t.test('a relay that gives messages ids of its own, and a head of several encodings, are understood', async (t) => {
  const { smtp, book, handIn, mailOf } = await start(t)
  const id = await book()
  const notice = exim({ ...returned({ smtp }), messageId: '<0102018f-000000@relay.example>' }).replace('What you sent', 'Ciò che')
  t.same(await handIn(Buffer.concat([Buffer.from('X-Odd: \xe8\xff\r\n', 'latin1'), Buffer.from(notice)])), { noted: 1, ignored: 0 })
  t.match(await mailOf(id), { failure: GONE })
})

t.test('the same notification twice changes nothing the second time', async (t) => {
  const { smtp, book, handIn, mailOf, countOf, service } = await start(t)
  const id = await book()
  t.same(await handIn(gmail(returned({ smtp }))), { noted: 1, ignored: 0 })
  const tagOf = async () => (await service.inject({ url: `/sessions/${id}` })).headers.etag
  const before = await tagOf()
  service.setClock(after(NOON, 5))
  t.same(await handIn(gmail(returned({ smtp }))), { noted: 1, ignored: 0 })
  t.same(await handIn(gmail(returned({ smtp }))), { noted: 1, ignored: 0 })
  t.match(await mailOf(id), { failure: { at: NOON.toISOString() } })
  t.equal(await tagOf(), before, 'nor is anything written')
  t.equal(await countOf('bounced'), '1')
})

t.test('many notifications at once are each noted', async (t) => {
  const { smtp, book, handIn, mailOf } = await start(t)
  const id = await book()
  const notices = [returned({ smtp }), returned({ smtp }, 'ada@home.example'), returned({ smtp }), returned({ smtp }, 'ada@home.example')]
  t.same(await Promise.all(notices.map((notice) => handIn(postfix(notice)))), notices.map(() => ({ noted: 1, ignored: 0 })))
  for (const externalId of ['patient-1', 'doctor-1']) t.match(await mailOf(id, externalId), { failure: GONE })
})

t.test('what is delayed or no notification at all is no failure, nor is what nobody can read', async (t) => {
  const { smtp, book, handIn, mailOf } = await start(t)
  const id = await book()
  const nothing = [
    postfix(returned({ smtp }, undefined, { action: 'delayed', status: '4.4.1' })), 'Subject: I cannot come\r\n\r\nSorry!\r\n', '\0\xff nonsense', postfix(returned({ smtp })).slice(0, 700), 'x'.repeat(1024 * 1024)
  ]
  for (const message of nothing) t.same(await handIn(message), { noted: 0, ignored: 0 }, JSON.stringify(message.slice(0, 30)))
  t.same(await handIn('x'.repeat(1024 * 1024 + 1)), [413, 'FST_ERR_CTP_BODY_TOO_LARGE'])
  t.same(await handIn(''), [400, 'FST_ERR_VALIDATION'])
  t.same(await mailOf(id), { toldAt: NOON.toISOString() })
})

t.test('an id that this service did not give changes nothing', async (t) => {
  const { smtp, book, handIn, mailOf } = await start(t)
  const [id, other] = [await book(), await book()]
  const mine = returned({ smtp })
  const forged = [
    mine.messageId.replace(other, id), mine.messageId.replace(/<.{44}/, `<${'A'.repeat(44)}`), mine.messageId.replace(other, '0123456789abcdef01234567'), mine.messageId.replace(other, 'no-id-of-the-storage'), '<somebody@else.example>'
  ]
  for (const messageId of forged) t.same(await handIn(postfix({ messageId, to: 'ada@home.example' })), { noted: 0, ignored: 1 }, messageId)
  for (const one of [id, other]) {
    for (const externalId of ['patient-1', 'doctor-1']) t.same(await mailOf(one, externalId), { toldAt: NOON.toISOString() })
  }
})

t.test('whose letter it was its id says, whichever address the notification names', async (t) => {
  const { service, smtp, tell, book, handIn, mailOf } = await start(t)
  const id = await book()
  t.same(await handIn(exim(returned({ smtp }, undefined, { endedAt: 'ben@forwarded.example' }))), { noted: 1, ignored: 0 })
  t.match(await mailOf(id), { failure: GONE })
  t.same(await handIn(exchange(returned({ smtp }, undefined, { endedAt: 'ada@home.example' }))), { noted: 1, ignored: 0 })
  t.same(await mailOf(id, 'doctor-1'), { toldAt: NOON.toISOString() })
  service.setClock(after(START, -DAY))
  await tell()
  t.equal(smtp.to('ben@home.example').length, 2, 'his own address takes what is sent there')
  t.equal(smtp.to('ada@home.example').length, 2)
})

t.test('a message that was given up is told of, and those after it are sent', async (t) => {
  const { service, smtp, tell, book, handIn, mailOf } = await start(t)
  const id = await book()
  t.same(await handIn(postfix(returned({ smtp }, undefined, { status: '4.4.7' }))), { noted: 1, ignored: 0 })
  t.match(await mailOf(id), { failure: { ...GONE, code: '4.4.7' } })
  service.setClock(after(START, -DAY))
  await tell()
  t.equal(smtp.to('ben@home.example').length, 2)
  t.match(await mailOf(id), { failure: undefined })
})

t.test('a cancellation that comes back is noted on what is in the trash', async (t) => {
  const smtp = await startFakeSmtp(t)
  const { service, rows } = await startPlatform(t, { variables: { ...variables(smtp), AUTHORIZATION: 'gateway' } })
  const { book, send, handIn } = calls(service, smtp)
  const id = await book()
  t.equal(await send('DELETE', `/sessions/${id}`), 204)
  t.equal(smtp.to('ben@home.example').length, 2)
  t.same(await handIn(postfix(returned({ smtp }))), { noted: 1, ignored: 0 })
  const [row] = await rows('bk-ts-teleconsultations')
  t.equal(row?.__STATE__, 'TRASH')
  t.match(row, { service: { mail: { failures: [{ externalId: 'patient-1', of: 'ben@home.example', code: '5.1.1', bounced: true }] } } })
})

t.test('what comes back before anybody wrote down that it was sent stays', async (t) => {
  const taken: string[] = []
  let arrived = (_messageId: string) => {}
  const came = new Promise<string>((resolve) => { arrived = resolve })
  let release = () => {}
  const released = new Promise<void>((resolve) => { release = resolve })
  const smtp = await startFakeSmtp(t, {
    onData (stream, { envelope: { rcptTo: [recipient] } }, done) {
      let text = ''
      stream.on('data', (chunk: Buffer) => { text += String(chunk) })
      stream.on('end', () => {
        taken.push(String(recipient?.address))
        if (recipient?.address === 'ben@home.example') arrived(/^Message-ID:\s*(<.*>)$/mi.exec(text)?.[1] ?? '')
        released.then(() => { done() }, done)
      })
    }
  })
  const { service, handIn, mailOf, tell } = calls(await startService(t, variables(smtp)), smtp)
  const { id } = (await service.inject({ method: 'POST', url: '/sessions', payload: visit() })).json<{ id: string }>()
  const sending = tell()
  t.same(await handIn(postfix({ messageId: await came, to: 'ben@home.example' })), { noted: 1, ignored: 0 })
  t.same(await mailOf(id), { failure: GONE })
  release()
  await sending
  t.same(await mailOf(id), { toldAt: NOON.toISOString(), failure: GONE })
  service.setClock(after(START, -DAY))
  await tell()
  t.same(taken.sort(), ['ada@home.example', 'ada@home.example', 'ben@home.example'])
})

t.test('who is asked for once more is sent it, also where it came back', async (t) => {
  const { smtp, send, book, handIn, mailOf } = await start(t)
  const id = await book()
  await handIn(postfix(returned({ smtp })))
  const first = last(smtp.to('ben@home.example')).messageId
  t.equal(await send('POST', `/sessions/${id}/participants/patient-1/invitation`, {}), 200)
  t.equal(smtp.to('ben@home.example').length, 2)
  t.not(last(smtp.to('ben@home.example')).messageId, first)
  t.same(await mailOf(id), { toldAt: NOON.toISOString() })
  t.same(await handIn(postfix(returned({ smtp }))), { noted: 1, ignored: 0 })
  t.match(await mailOf(id), { failure: GONE })
})

t.test('servers that can are asked for word of failures alone, and for no content', async (t) => {
  const asked: unknown[] = []
  for (const hideDSN of [false, true]) {
    const smtp = await startFakeSmtp(t, {
      hideDSN,
      onRcptTo (recipient, session, done) {
        asked.push([recipient.dsn ?? null, session.envelope.dsn?.ret ?? null])
        done()
      }
    })
    const { book } = calls(await startService(t, variables(smtp)), smtp)
    await book()
    t.equal(smtp.received.length, 2, 'each sends')
  }
  const [known, unknown] = [asked.slice(0, 2), asked.slice(2)]
  t.same(known.map((one) => JSON.stringify(one)).sort(), ['ada', 'ben'].map((name) => JSON.stringify([{ notify: ['FAILURE'], orcpt: `rfc822;${name}@home.example` }, 'HDRS'])))
  t.same(unknown, [[null, null], [null, null]])
})
