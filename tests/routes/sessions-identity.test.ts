import t from 'tap'
import { SignJWT, UnsecuredJWT } from 'jose'
import type { SessionView } from '../../schemas/session.ts'
import { ADMIN, as, bearer, DOCTOR_TOKEN, holding, OWNER, PATIENT_TOKEN, startSessions, STRANGER, TOKENS, tokenOf, type Headers } from '../support/session-callers.ts'
import { after, booking, NOON } from '../support/service.ts'

const MEMBER = { organisation: 'acme', roles: ['ADMIN'] }

t.test('a token that proves nothing is refused with one sentence, and nothing is done', async (t) => {
  const { create, call, read } = await startSessions(t)
  const { id } = await create(OWNER, { title: 'A' })
  const good = await tokenOf('admin-of-it', MEMBER)
  const [head = '', body = '', seal = ''] = good.split('.')
  const noon = NOON.getTime() / 1000
  const key = new TextEncoder().encode(TOKENS.TOKEN_SECRET)
  const bad: Record<string, string> = {
    'of another secret': await tokenOf('admin-of-it', MEMBER, { secret: 'another secret, and just as long as it' }),
    expired: await tokenOf('admin-of-it', MEMBER, { expiresIn: -1 }),
    'not yet valid': await new SignJWT(MEMBER).setProtectedHeader({ alg: 'HS256' }).setSubject('admin-of-it').setNotBefore(noon + 60).setExpirationTime(noon + 600).sign(key),
    'of another algorithm': await new SignJWT(MEMBER).setProtectedHeader({ alg: 'HS512' }).setSubject('admin-of-it').setExpirationTime(noon + 600).sign(key),
    unsigned: new UnsecuredJWT(MEMBER).setSubject('admin-of-it').setExpirationTime(noon + 600).encode(),
    'said to be unsigned': `${Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url')}.${body}.${seal}`,
    'without its seal': `${head}.${body}.`,
    'with another body': `${head}.${Buffer.from(JSON.stringify({ ...MEMBER, sub: 'admin-of-it' })).toString('base64url')}.${seal}`,
    'of nobody': await new SignJWT(MEMBER).setProtectedHeader({ alg: 'HS256' }).setExpirationTime(noon + 600).sign(key),
    'no token': 'nothing'
  }
  for (const [kind, token] of Object.entries(bad)) {
    for (const [method, url, payload] of [['GET', `/sessions/${id}`, undefined], ['GET', '/sessions', undefined], ['DELETE', `/sessions/${id}`, undefined], ['PATCH', `/sessions/${id}`, { title: 'B' }], ['DELETE', `/teleconsultation/${id}`, undefined], ['POST', '/teleconsultation', booking()]] as const) {
      const refused = await call(bearer(token), method, url, payload)
      t.same([refused.status, refused.code], [401, 'INVALID_TOKEN'], `${kind}: ${method} ${url}`)
      t.equal(refused.body['message'], 'The bearer token is not valid, or no longer')
    }
  }
  t.equal((await read(bearer(good), id)).body.title, 'A')
})

t.test('who says nothing of himself is asked to, whatever else his headers say', async (t) => {
  const { create, call } = await startSessions(t)
  const { id } = await create(OWNER)
  const elevating: Headers = { 'x-organisation': 'acme', 'x-roles': 'ADMIN', miausergroups: 'admin', isbackoffice: '1', miauserproperties: '{"roles":["ADMIN"]}' }
  for (const headers of [{}, elevating, { ...elevating, miauserid: 'owner-of-it' }, { authorization: 'Basic YTpi' }]) {
    for (const [method, url] of [['GET', `/sessions/${id}`], ['GET', '/sessions'], ['DELETE', `/sessions/${id}`], ['GET', `/teleconsultation/${id}`], ['DELETE', `/teleconsultation/${id}`]] as const) {
      const refused = await call(headers, method, url)
      t.same([refused.status, refused.code], [401, 'AUTHENTICATION_REQUIRED'], `${method} ${url}`)
    }
  }
  const missing = await call({}, 'GET', '/sessions/0123456789abcdef01234567')
  t.same([missing.status, missing.code], [401, 'AUTHENTICATION_REQUIRED'], 'nobody learns what there is')
})

t.test('headers raise nobody above his token', async (t) => {
  const { create, call, read, list } = await startSessions(t)
  const { id } = await create(OWNER)
  const raised = { 'x-organisation': 'acme', 'x-roles': 'ADMIN,STANDARD', miausergroups: 'admin', isbackoffice: '1' }
  t.same([(await read({ ...STRANGER, ...raised }, id)).status, (await list({ ...STRANGER, ...raised })).body.sessions], [404, []])
  const participant = await call({ ...PATIENT_TOKEN, ...raised }, 'DELETE', `/sessions/${id}`)
  t.same([participant.status, participant.code], [403, 'NOT_PERMITTED'])
  const creating = await call({ ...PATIENT_TOKEN, ...raised }, 'POST', '/sessions', booking())
  t.same([creating.status, creating.code], [403, 'NOT_PERMITTED'])
})

t.test('two identities in one request are refused; the same one twice is one', async (t) => {
  const { create, call, read } = await startSessions(t)
  const { id } = await create(OWNER)
  const { mediaUrl } = (await read(DOCTOR_TOKEN, id)).body
  for (const headers of [{ ...OWNER, miauserid: 'admin-of-it' }, { ...STRANGER, miauserid: 'owner-of-it' }, { ...holding(mediaUrl), miauserid: 'patient-1' }]) {
    for (const [method, url] of [['GET', `/sessions/${id}`], ['GET', '/sessions'], ['DELETE', `/sessions/${id}`], ['GET', `/teleconsultation/${id}`]] as const) {
      const refused = await call(headers, method, url)
      t.same([refused.status, refused.code], [401, 'AMBIGUOUS_IDENTITY'], `${method} ${url}`)
    }
  }
  t.equal((await read({ ...OWNER, miauserid: 'owner-of-it' }, id)).status, 200)
  t.equal((await read({ ...holding(mediaUrl), miauserid: 'doctor-1' }, id)).status, 200)
})

t.test('a personal link is one seat of one session, and no more than that', async (t) => {
  const sessions = await startSessions(t)
  const owner = await as('doctor-1', { organisation: 'acme', roles: ['ADMIN'] })
  const [first, second] = [await sessions.create(owner), await sessions.create(owner)]
  const link = holding((await sessions.read(owner, first.id)).body.mediaUrl)
  t.equal((await sessions.read(link, first.id)).status, 200)
  const other = await sessions.read(link, second.id)
  t.same([other.status, other.code], [404, 'TELECONSULTATION_NOT_FOUND'], 'also where he takes part in both')
  for (const [method, url, payload] of [['DELETE', `/sessions/${first.id}`, undefined], ['PATCH', `/sessions/${first.id}`, { title: 'B' }], ['POST', `/sessions/${first.id}/end`, undefined], ['POST', '/sessions', booking()], ['DELETE', `/sessions/${first.id}/participants/patient-1`, undefined]] as const) {
    const refused = await sessions.call(link, method, url, payload)
    t.same([refused.status, refused.code], [403, 'NOT_PERMITTED'], `${method} ${url}: a link of the owner’s proves too little`)
  }
  sessions.service.setClock(after(NOON, 40 + 24 * 60 + 1))
  const late = await sessions.read(link, first.id)
  t.same([late.status, late.code], [401, 'INVALID_PERSONAL_LINK'])
})

t.test('a personal link of a deleted session, of another secret or with another seat in it is refused', async (t) => {
  const sessions = await startSessions(t)
  const { id } = await sessions.create(OWNER)
  const { mediaUrl } = (await sessions.read(DOCTOR_TOKEN, id)).body
  const [head, , seal] = (mediaUrl?.split('#')[1] ?? '').split('.')
  const forged = (claims: object) => bearer(`${head}.${Buffer.from(JSON.stringify({ room: id, sub: 'doctor-1', aud: 'personal-link', ...claims })).toString('base64url')}.${seal}`)
  for (const headers of [forged({ sub: 'patient-1' }), forged({ room: '0123456789abcdef01234567' }), forged({ link: 7 }), await as('doctor-1', { aud: 'personal-link', room: id })]) {
    const refused = await sessions.read(headers, id)
    t.same([refused.status, refused.code], [401, 'INVALID_PERSONAL_LINK'])
  }
  t.equal((await sessions.call(ADMIN, 'DELETE', `/sessions/${id}`)).status, 204)
  const gone = await sessions.read(holding(mediaUrl), id)
  t.same([gone.status, gone.code], [401, 'INVALID_PERSONAL_LINK'])
})

t.test('who accepted an invitation is a STANDARD caller by what the service keeps, until he is removed', async (t) => {
  const { service, call, read } = await startSessions(t)
  const ada = await as('ada')
  const clinic = async (method: 'POST' | 'DELETE', url: string, payload?: object) => await service.inject({ method, url, ...payload === undefined ? {} : { payload } })
  const creating = async () => await call<SessionView>(ada, 'POST', '/sessions', booking())
  t.same([(await creating()).status, (await clinic('POST', '/organisations/default/members', { userId: 'ada' })).statusCode], [403, 401], 'where tokens say who is calling nobody is the clinic')

  const local = await startSessions(t, { AUTHORIZATION: 'local' })
  const invited = await local.service.inject({ method: 'POST', url: '/organisations/default/members', payload: { userId: 'ada' } })
  t.equal(invited.statusCode, 201)
  const before = await local.call(ada, 'POST', '/sessions', booking())
  t.same([before.status, before.code], [403, 'NOT_PERMITTED'], 'invited is not a member')
  t.equal((await local.call(ada, 'PATCH', '/organisations/default/members/ada', { state: 'ACCEPTED' })).status, 200)
  const created = await local.call<SessionView>(ada, 'POST', '/sessions', booking())
  t.equal(created.status, 201)
  t.match(created.body, { owner: 'ada', organisation: 'default' })
  t.equal((await local.call(ada, 'POST', `/sessions/${created.body.id}/end`)).status, 200)
  const others = await local.service.inject({ method: 'POST', url: '/sessions', payload: booking() })
  t.equal((await local.read(ada, others.json<SessionView>().id)).status, 404, 'a member is no administrator')
  t.equal((await local.service.inject({ method: 'DELETE', url: '/organisations/default/members/ada' })).statusCode, 204)
  const after = await local.call(ada, 'POST', '/sessions', booking())
  t.same([after.status, after.code], [403, 'NOT_PERMITTED'])
  t.equal((await read(ada, created.body.id)).status, 404)
})

t.test('behind a gateway that says who is calling, its headers are the identity and a token beside them must agree', async (t) => {
  const { create, call, read, list } = await startSessions(t, { IDENTITY_HEADERS: 'true' })
  const by = (miauserid: string, organisation = 'acme', roles = 'STANDARD'): Headers => ({ miauserid, 'x-organisation': organisation, 'x-roles': roles })
  const { id, owner } = await create(by('booker'))
  t.equal(owner, 'booker')
  t.equal((await read(by('head', 'acme', 'ADMIN'), id)).status, 200)
  t.equal((await read(by('head', 'umbrella', 'ADMIN'), id)).status, 404)
  t.equal((await read(by('colleague'), id)).status, 404)
  t.equal((await read({ miauserid: 'doctor-1' }, id)).status, 200)
  t.equal((await list(by('head', 'acme', 'ADMIN'))).body.sessions.length, 1)
  const mixed = await call({ ...by('booker'), ...STRANGER }, 'GET', `/sessions/${id}`)
  t.same([mixed.status, mixed.code], [401, 'AMBIGUOUS_IDENTITY'])
  const both = await read({ ...by('stranger', 'acme', 'ADMIN'), ...STRANGER }, id)
  t.same([both.status, both.code], [404, 'TELECONSULTATION_NOT_FOUND'], 'what the token says counts then')
})
