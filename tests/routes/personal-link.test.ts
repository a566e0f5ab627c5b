import { createHmac } from 'node:crypto'
import { statSync } from 'node:fs'
import t from 'tap'
import { derivedKey } from '../../lib/identity/link-secret.ts'
import { after, book, booking, DOCTOR, NOON, PATIENT, startService, temporaryFolder, type Service } from '../support/service.ts'

const START = after(NOON, 10)
const SECRET = 'a secret of at least thirty-two characters'

async function links (service: Service): Promise<Record<string, string>> {
  const { teleconsultations } = (await service.inject({ url: '/clinic/teleconsultations' })).json<{ teleconsultations: Array<{ participants: Array<{ userExternalId: string, personalLink: string }> }> }>()
  return Object.fromEntries(teleconsultations[0]?.participants.map(({ userExternalId, personalLink }) => [userExternalId, personalLink]) ?? [])
}

const tokenIn = (link: string | undefined) => link?.split('#')[1] ?? ''
const follow = (service: Service, token: string, headers = {}) =>
  service.inject({ url: '/personal-link', headers: { authorization: `Bearer ${token}`, ...headers }, remoteAddress: '203.0.113.7' })

t.test('a personal link opens its holder’s seat from anywhere, whoever the headers say he is', async (t) => {
  const service = await startService(t)
  const roomId = await book(service)
  const { 'patient-1': link } = await links(service)
  t.match(link, /\/join#ey/)
  const waiting = await follow(service, tokenIn(link), { miauserid: 'doctor-1' })
  t.equal(waiting.statusCode, 200)
  t.match(waiting.json(), {
    roomId, fullName: 'Bruno Verdi', language: 'en', complete: true, accessLinkURL: null, startAt: START.toISOString(), linkFrom: new Date(START.getTime() + 250).toISOString(), now: NOON.toISOString()
  })
  service.setClock(after(START, 1))
  const open = await follow(service, tokenIn(link))
  t.match(open.json().accessLinkURL, /\/telecons-room\/room_[\w-]+#ey/)
  t.equal(open.headers['cache-control'], 'no-store')
})

t.test('a removed participant’s link is void, and after a day so is everybody’s', async (t) => {
  const service = await startService(t)
  const roomId = await book(service)
  const { 'patient-1': patient, 'doctor-1': doctor } = await links(service)
  await service.inject({ method: 'PATCH', url: `/teleconsultation/${roomId}`, payload: { participants: { number: 2, data: [DOCTOR, { ...PATIENT, userExternalId: 'patient-2' }] } } })
  const removed = await follow(service, tokenIn(patient))
  t.equal(removed.statusCode, 401)
  t.equal(removed.json().code, 'UNAUTHORIZED_USER')
  service.setClock(after(START, 30 + 24 * 60))
  t.equal((await follow(service, tokenIn(doctor))).statusCode, 200)
  service.setClock(after(START, 31 + 24 * 60))
  const late = await follow(service, tokenIn(doctor))
  t.equal(late.statusCode, 401)
  t.equal(late.json().code, 'INVALID_PERSONAL_LINK')
})

t.test('links outlive a restart', async (t) => {
  const dataPath = temporaryFolder(t)
  const first = await startService(t, {}, { dataPath })
  await book(first)
  const { 'doctor-1': link } = await links(first)
  await first.app.close()
  const second = await startService(t, {}, { dataPath })
  t.equal((await follow(second, tokenIn(link))).statusCode, 200)
  for (const file of ['link-secret', 'rooms.sqlite', 'teleconsultations.sqlite']) t.equal(statSync(`${dataPath}/${file}`).mode & 0o777, 0o600, `${file} is its owner’s alone`)
})

t.test('a token that was tampered with, of another kind, or otherwise signed is 401', async (t) => {
  const service = await startService(t, { LINK_SECRET: SECRET })
  const roomId = await book(service)
  const { 'patient-1': link } = await links(service)
  const token = tokenIn(link)
  const [header = '', payload = '', signature = ''] = token.split('.')
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object
  const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const signed = (head: object, body: object, key: string, algorithm = 'sha256') => {
    const text = `${encoded(head)}.${encoded(body)}`
    return `${text}.${createHmac(algorithm, key).update(text).digest('base64url')}`
  }
  const key = derivedKey(SECRET, 'personal-link')
  t.equal((await follow(service, signed({ alg: 'HS256', typ: 'JWT' }, claims, key))).statusCode, 200, 'the key is the right one')
  service.setClock(after(START, 1))
  const roomLink = (await follow(service, token)).json<{ accessLinkURL: string }>().accessLinkURL
  const bad: Array<[string, string]> = [
    ['another participant', `${header}.${encoded({ ...claims, sub: 'doctor-1' })}.${signature}`],
    ['alg none', `${encoded({ alg: 'none', typ: 'JWT' })}.${payload}.`],
    ['HS512', signed({ alg: 'HS512', typ: 'JWT' }, claims, key, 'sha512')],
    ['the bare secret as key', signed({ alg: 'HS256', typ: 'JWT' }, claims, SECRET)],
    ['another audience', signed({ alg: 'HS256', typ: 'JWT' }, { ...claims, aud: 'room' }, key)],
    ['expired', signed({ alg: 'HS256', typ: 'JWT' }, { ...claims, exp: 1 }, key)],
    ['a room’s token', tokenIn(roomLink)],
    ['nothing', ''],
    ['half', token.slice(0, 40)]
  ]
  for (const [about, forged] of bad) {
    const answer = await follow(service, forged)
    t.equal(answer.statusCode, 401, about)
    t.equal(answer.json().code, 'INVALID_PERSONAL_LINK', about)
  }
  t.ok(roomId)
})

t.test('an outsider’s address gets no further than personal links where nobody authenticates', async (t) => {
  const service = await startService(t)
  const roomId = await book(service)
  for (const [method, url] of [['POST', '/teleconsultation'], ['PATCH', `/teleconsultation/${roomId}`], ['DELETE', `/teleconsultation/${roomId}`], ['GET', `/teleconsultation/${roomId}`], ['GET', '/clinic/overview'], ['GET', '/clinic/teleconsultations'], ['GET', '/']] as const) {
    const answer = await service.inject({ method, url, remoteAddress: '203.0.113.7', headers: { miauserid: 'doctor-1' } })
    t.equal(answer.statusCode, 403, `${method} ${url}`)
    t.equal(answer.json().code, 'NOT_THE_CLINIC')
  }
})

t.test('behind a gateway there is no clinic page, and callers are whom the gateway names', async (t) => {
  const service = await startService(t, { AUTHORIZATION: 'gateway' })
  const created = await service.inject({ method: 'POST', url: '/teleconsultation', payload: booking(), remoteAddress: '10.0.0.1' })
  t.equal(created.statusCode, 201)
  for (const url of ['/', '/clinic/overview', '/clinic/teleconsultations']) t.equal((await service.inject({ url })).statusCode, 404, url)
})

t.test('no token, link, name or caller’s id is in the log of all this', async (t) => {
  const service = await startService(t)
  const roomId = await book(service)
  const { 'patient-1': link } = await links(service)
  service.setClock(after(START, 1))
  const open = await follow(service, tokenIn(link))
  await service.inject({ url: `/teleconsultation/${roomId}?token=${tokenIn(link)}`, headers: { miauserid: 'patient-1' } })
  await follow(service, 'nonsense')
  const log = service.log.join('')
  t.match(log, /request completed/)
  for (const secret of [tokenIn(link), tokenIn(open.json().accessLinkURL), 'Bruno', 'patient-1', 'Ada']) t.notOk(log.includes(secret))
})

t.test('a personal link stays the same text when dates, people and room change, and lives as long as they say', async (t) => {
  const service = await startService(t)
  const roomId = await book(service)
  const { 'doctor-1': link } = await links(service)
  const moved = after(START, 400 * 24 * 60)
  const change = { start_date: moved.toISOString(), end_date: after(moved, 30).toISOString(), participants: { number: 2, data: [DOCTOR, { ...PATIENT, userExternalId: 'patient-2' }] } }
  t.equal((await service.inject({ method: 'PATCH', url: `/teleconsultation/${roomId}`, payload: change })).statusCode, 204)
  t.equal((await links(service))['doctor-1'], link)
  service.setClock(after(moved, 1))
  const open = await follow(service, tokenIn(link))
  t.equal(open.statusCode, 200)
  t.match(open.json().accessLinkURL, /#ey/)
})

t.test('a personal link with its token in the path leads to the one with a fragment, and is not logged', async (t) => {
  const service = await startService(t)
  await book(service)
  const { 'doctor-1': link } = await links(service)
  const answer = await service.inject({ url: `/join/${tokenIn(link)}` })
  t.equal(answer.statusCode, 302)
  t.equal(answer.headers.location, `/join#${tokenIn(link)}`)
  t.equal(answer.headers['cache-control'], 'no-store')
  t.equal((await service.inject({ url: '/join' })).json().code, 'PAGE_NOT_BUILT', 'where the pages are built, one stands there')
})
