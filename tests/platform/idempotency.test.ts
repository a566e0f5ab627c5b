import t from 'tap'
import type { LightMyRequestResponse } from 'fastify'
import { startPlatform, type PlatformOptions } from '../support/platform.ts'
import { after, booking, DOCTOR, NOON, PATIENT, type Service, type Teardown } from '../support/service.ts'

const DAY_MINUTES = 24 * 60
const LAYOUTS = { 'our optional fields': true, 'the original’s collections': false }
const VARIABLES = { DEPLOYMENT_ID: 'clinic-a', RECONCILE_EVERY_SEC: '0', PROVIDER_TIMEOUT_MS: '300' }

async function start (t: Teardown, options: PlatformOptions) {
  const platform = await startPlatform(t, { generation: 'bandyer', ...options, variables: { ...VARIABLES, ...options.variables } })
  const post = (key: string, body: object = booking(), { caller = 'clerk', service = platform.service }: { caller?: string, service?: Service } = {}) =>
    service.inject({ method: 'POST', url: '/teleconsultation', payload: body, headers: { 'idempotency-key': key, miauserid: caller } })
  const add = (roomId: string, key: string, participant: object = PATIENT) =>
    platform.service.inject({ method: 'POST', url: `/teleconsultation/${roomId}/participants/data`, payload: participant, headers: { 'idempotency-key': key, miauserid: 'clerk' } })
  const remove = (roomId: string) => platform.service.inject({ method: 'DELETE', url: `/teleconsultation/${roomId}` })
  /** Those that are there, once what nobody waits for is done. */
  const settled = async () => {
    await platform.service.app.close()
    return {
      live: platform.vendor.rooms.filter(({ deleted }) => !deleted),
      documents: (await platform.rows('bk-ts-teleconsultations')).filter(({ __STATE__: state }) => state === 'PUBLIC')
    }
  }
  return { ...platform, post, add, remove, settled }
}

const answerOf = ({ statusCode, body }: LightMyRequestResponse) => ({ statusCode, body })
const codeOf = (answer: LightMyRequestResponse) => [answer.statusCode, answer.json<{ code?: string }>().code]
const roomIdOf = (answer: LightMyRequestResponse) => answer.json<{ roomId: string }>().roomId
const incomplete = (number: number) => booking({ participants: { number, data: [DOCTOR] } })

/** A booking that is begun and of which the vendor says nothing, when it has come that far. */
async function begun ({ post, vendor }: Awaited<ReturnType<typeof start>>, key: string) {
  vendor.fail('silent', { on: /^POST .*room/, times: 1 })
  const answer = post(key)
  while (vendor.requests.every(({ path }) => path !== '/room/create')) await new Promise((resolve) => { setImmediate(resolve) })
  return { answer }
}

for (const [name, declared] of Object.entries(LAYOUTS)) {
  t.test(`with ${name}`, async (t) => {
    t.test('the same key and body give the same answer and make nothing', async (t) => {
      const { post, settled } = await start(t, { declared })
      const first = await post('key')
      t.equal(first.statusCode, 201)
      t.same(answerOf(await post('key')), answerOf(first))
      t.same(answerOf(await post('"key"')), answerOf(first), 'quoted as the draft writes it')
      const { live, documents } = await settled()
      t.equal(live.length, 1)
      t.same(documents.map(({ _id: id }) => id), [roomIdOf(first)])
    })

    t.test('the order of what stands in the body means nothing', async (t) => {
      const { post } = await start(t, { declared })
      const first = await post('key')
      const backwards = Object.fromEntries(Object.entries(booking({ participants: { data: [Object.fromEntries(Object.entries(DOCTOR).reverse()), PATIENT], number: 2 } })).reverse())
      t.same(answerOf(await post('key', backwards)), answerOf(first))
    })

    t.test('another body is refused, and nothing is made', async (t) => {
      const { post, settled } = await start(t, { declared })
      await post('key')
      t.same(codeOf(await post('key', booking({ duration_in_seconds: 600 }))), [422, 'IDEMPOTENCY_KEY_REUSED'])
      t.same(codeOf(await post('key', booking({ participants: { number: 2, data: [PATIENT, DOCTOR] } }))), [422, 'IDEMPOTENCY_KEY_REUSED'], 'another order of people')
      t.equal((await settled()).documents.length, 1)
    })

    t.test('another caller’s key is another key, and so is none', async (t) => {
      const { post, service, settled } = await start(t, { declared })
      const answers = [await post('key'), await post('key', booking(), { caller: 'somebody' }), await post('key', booking({ duration_in_seconds: 600 }), { caller: 'nobody' })]
      for (let twice = 0; twice < 2; twice++) answers.push(await service.inject({ method: 'POST', url: '/teleconsultation', payload: booking() }))
      t.same(answers.map(({ statusCode }) => statusCode), [201, 201, 201, 201, 201])
      t.equal(new Set(answers.map(roomIdOf)).size, 5)
      t.equal((await settled()).documents.length, 5)
    })

    t.test('what was booked and deleted since is not booked again', async (t) => {
      const { post, remove, settled } = await start(t, { declared })
      const first = await post('key')
      t.equal((await remove(roomIdOf(first))).statusCode, 204)
      t.same(answerOf(await post('key')), answerOf(first))
      t.same(await settled(), { live: [], documents: [] })
    })

    t.test('what was booked and changed since is the answer still', async (t) => {
      const { post, service } = await start(t, { declared })
      const first = await post('key')
      t.equal((await service.inject({ method: 'PATCH', url: `/teleconsultation/${roomIdOf(first)}`, payload: { duration_in_seconds: 900 } })).statusCode, 204)
      t.same(answerOf(await post('key')), answerOf(first))
    })

    for (const [fault, statusCode] of [['failing', 503], ['dropped', 503], ['silent', 504], ['malformed', 502]] as const) {
      t.test(`a booking that failed because the vendor was ${fault} is made by the repeat, with one room`, async (t) => {
        const { post, vendor, settled } = await start(t, { declared })
        vendor.fail(fault, { on: /^POST .*room/ })
        t.equal((await post('key')).statusCode, statusCode)
        vendor.recover()
        const repeated = await post('key')
        t.equal(repeated.statusCode, 201)
        t.same(answerOf(await post('key')), answerOf(repeated))
        const { live, documents } = await settled()
        t.equal(live.length, 1)
        t.same(documents.map(({ _id: id, bandyerRoomId }) => [id, bandyerRoomId]), [[roomIdOf(repeated), live[0]?.id]])
      })
    }

    t.test('a room whose maker’s answer got lost is gone when the repeat has made its own', async (t) => {
      const platform = await start(t, { declared })
      const { vendor, post, settled } = platform
      const { answer } = await begun(platform, 'key')
      const asked = vendor.requests.find(({ path }) => path === '/room/create')
      vendor.plantRoom({ description: String(asked?.json['description']) })
      t.equal((await answer).statusCode, 504)
      t.equal((await post('key')).statusCode, 201)
      t.equal((await settled()).live.length, 1)
      t.equal(vendor.rooms.length, 2)
    })

    t.test('a refusal is not kept: the key is free for the body put right', async (t) => {
      const { post, vendor, settled } = await start(t, { declared })
      t.equal((await post('key', booking({ duration_in_seconds: 1 }))).statusCode, 400)
      t.equal((await post('key', booking({ participants: { number: 2, data: [PATIENT, { ...PATIENT, userExternalId: 'p-2' }] } }))).statusCode, 400)
      vendor.fail('refused', { on: /^POST .*room/, times: 1 })
      t.not((await post('key')).statusCode, 201)
      t.equal((await post('key', booking({ duration_in_seconds: 900 }))).statusCode, 201)
      t.equal((await settled()).documents.length, 1)
    })

    t.test('the key is kept for 24 hours and free after them', async (t) => {
      const { post, remove, service, settled } = await start(t, { declared })
      const later = booking({ start_date: after(NOON, 3 * DAY_MINUTES).toISOString() })
      const first = await post('key', later)
      const deleted = await post('other', later)
      await remove(roomIdOf(deleted))
      service.setClock(after(NOON, DAY_MINUTES - 0.001))
      t.same(answerOf(await post('key', later)), answerOf(first))
      service.setClock(after(NOON, DAY_MINUTES))
      const second = await post('key', { ...later, duration_in_seconds: 600 })
      t.equal(second.statusCode, 201)
      t.not(roomIdOf(second), roomIdOf(first))
      t.same(answerOf(await post('key', { ...later, duration_in_seconds: 600 })), answerOf(second))
      const third = await post('other', later)
      t.equal(third.statusCode, 201)
      t.not(roomIdOf(third), roomIdOf(deleted))
      t.equal((await settled()).documents.length, 3)
    })

    for (const [mode, body, variables] of [
      ['a complete list', booking(), {}],
      ['a complete list whose room is made late', booking(), { ROOM_CREATION: 'late' }],
      ['an incomplete list', incomplete(3), {}]
    ] as const) {
      t.test(`100 requests at once with one key and ${mode} give one booking and one answer`, async (t) => {
        const { post, settled } = await start(t, { declared, variables })
        const answers = await Promise.all(Array.from({ length: 100 }, () => post('key', body)))
        t.same(new Set(answers.map((answer) => JSON.stringify(answerOf(answer)))).size, 1)
        t.equal(answers[0]?.statusCode, 201)
        const { live, documents } = await settled()
        t.equal(documents.length, 1)
        t.equal(live.length, mode === 'a complete list' ? 1 : 0)
      })

      t.test(`and so do 50 each at two replicas with ${mode}, once those that are told to come back did`, async (t) => {
        const { post, replica, service, settled } = await start(t, { declared, variables })
        const other = await replica()
        const persistent = async (at: Service): Promise<LightMyRequestResponse> => {
          let answer = await post('key', body, { service: at })
          for (let repeats = 0; answer.statusCode === 409 && repeats < 50; repeats++) {
            t.same([codeOf(answer), answer.headers['retry-after']], [[409, 'REQUEST_RUNNING'], '1'])
            answer = await post('key', body, { service: at })
          }
          return answer
        }
        const answers = await Promise.all(Array.from({ length: 100 }, (_, index) => persistent(index % 2 === 0 ? service : other)))
        t.equal(new Set(answers.map((answer) => JSON.stringify(answerOf(answer)))).size, 1)
        t.equal(answers[0]?.statusCode, 201)
        await other.app.close()
        const { live, documents } = await settled()
        t.same(documents.map(({ _id: id }) => id), answers.slice(0, 1).map(roomIdOf))
        t.equal(live.length, mode === 'a complete list' ? 1 : 0)
      })
    }

    t.test('what a process began that died is left to it for its lease, and finished by the repeat after that', async (t) => {
      const platform = await start(t, { declared, variables: { PROVIDER_TIMEOUT_MS: '2000' } })
      const { replica, post, settled } = platform
      const survivor = await replica()
      const { answer } = await begun(platform, 'key')
      const early = await post('key', booking(), { service: survivor })
      t.same(codeOf(early), [409, 'REQUEST_RUNNING'])
      t.equal(early.headers['retry-after'], '1')
      t.same(codeOf(await post('key', booking({ duration_in_seconds: 600 }), { service: survivor })), [422, 'IDEMPOTENCY_KEY_REUSED'])
      survivor.setClock(after(NOON, 1))
      const late = await post('key', booking(), { service: survivor })
      t.equal(late.statusCode, 201)
      // The one that was taken for dead comes back.
      t.equal((await answer).statusCode, 504)
      t.same(answerOf(await post('key')), answerOf(late))
      await survivor.app.close()
      const { live, documents } = await settled()
      t.same(documents.map(({ _id: id, bandyerRoomId }) => [id, bandyerRoomId]), [[roomIdOf(late), live[0]?.id]])
      t.equal(live.length, 1)
    })

    t.test('what a process began that died and the reconciler undid is begun anew', async (t) => {
      const platform = await start(t, { declared, variables: { PROVIDER_TIMEOUT_MS: '1000' } })
      const { replica, post, settled } = platform
      const survivor = await replica()
      const { answer } = await begun(platform, 'key')
      survivor.setClock(after(NOON, 1))
      t.match(await survivor.app.reconciler.run(), { operationsUndone: 1, failed: 0 })
      t.equal((await post('key', booking(), { service: survivor })).statusCode, 201)
      t.equal((await answer).statusCode, 504)
      await survivor.app.close()
      const { live, documents } = await settled()
      t.same([live.length, documents.length], [1, 1])
    })

    t.test('an incomplete booking that was stored in doubt when its process died is finished by the repeat, without a room', async (t) => {
      const { post, service, crud, rows, settled } = await start(t, { declared })
      const first = await post('key', incomplete(3))
      const [row] = await rows('bk-ts-teleconsultations')
      const kept = (declared ? row?.['service'] : JSON.parse(String(row?.['teleconsultationState']).replace('INCOMPLETE;', ''))) as object
      const doubtful = { ...kept, applied: [], operation: { id: 'of-the-dead', kind: 'create', epoch: 1, startedAt: NOON.getTime(), leaseUntil: after(NOON, 0.5).getTime() } }
      const $set = declared ? { service: doubtful } : { teleconsultationState: `INCOMPLETE;${JSON.stringify(doubtful)}` }
      const patched = await fetch(`${crud.origin}/bk-ts-teleconsultations/${roomIdOf(first)}`, { method: 'PATCH', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ $set }) })
      t.equal(patched.status, 200)
      t.same(codeOf(await post('key', incomplete(3))), [409, 'REQUEST_RUNNING'])
      service.setClock(after(NOON, 1))
      t.same(answerOf(await post('key', incomplete(3))), answerOf(first))
      t.match(await service.app.reconciler.run(), { operationsUndone: 0, failed: 0 })
      t.same(answerOf(await post('key', incomplete(3))), answerOf(first))
      const { live, documents } = await settled()
      t.same([live.length, documents.length], [0, 1])
    })

    t.test('somebody is added once for a key, also when he was the last one', async (t) => {
      const { post, add, settled, vendor } = await start(t, { declared })
      const roomId = roomIdOf(await post('booking', incomplete(3)))
      for (const [key, person] of [['a', PATIENT], ['b', { ...PATIENT, userExternalId: 'patient-2' }]] as const) {
        const first = await add(roomId, key, person)
        t.equal(first.statusCode, 201)
        t.same(answerOf(await add(roomId, key, person)), answerOf(first))
        t.same(codeOf(await add(roomId, key, { ...person, language: 'de' })), [422, 'IDEMPOTENCY_KEY_REUSED'])
        t.same(codeOf(await add(roomId, `${key} again`, person)), [400, 'DUPLICATE_PARTICIPANT'])
      }
      t.equal((await add(roomId, 'a', PATIENT)).statusCode, 201, 'an earlier one still')
      t.equal(vendor.rooms.length, 1)
      const { documents } = await settled()
      t.match(documents, [{ participants: [{}, { userExternalId: 'patient-1' }, { userExternalId: 'patient-2' }] }])
    })

    t.test('100 requests at once add somebody once', async (t) => {
      const { post, add, settled } = await start(t, { declared })
      const roomId = roomIdOf(await post('booking', incomplete(2)))
      const answers = await Promise.all(Array.from({ length: 100 }, () => add(roomId, 'key')))
      t.same(new Set(answers.map(({ statusCode }) => statusCode)), new Set([201]))
      const { live, documents } = await settled()
      t.equal(live.length, 1)
      t.match(documents, [{ participants: { length: 2 } }])
    })

    t.test('an addition that failed at the vendor is made by the repeat', async (t) => {
      const { post, add, vendor, settled } = await start(t, { declared })
      const roomId = roomIdOf(await post('booking', incomplete(2)))
      vendor.fail('failing', { on: /^POST .*room/ })
      t.equal((await add(roomId, 'key')).statusCode, 503)
      vendor.recover()
      t.equal((await add(roomId, 'key')).statusCode, 201)
      t.equal((await add(roomId, 'key')).statusCode, 201)
      const { live, documents } = await settled()
      t.equal(live.length, 1)
      t.match(documents, [{ participants: { length: 2 }, bandyerRoomId: live[0]?.id }])
    })
  })
}

const USERS = [{ user_id: 'auth0|doctor', name: 'Ada Rossi', app_metadata: { groups: ['doctor'] } }, { user_id: 'auth0|patient', name: 'Bruno Verdi', app_metadata: { groups: ['patient'] } }]

t.test('credentials are given once for a key, and not when they are of no use any more', async (t) => {
  const { service, vendor } = await start(t, { users: USERS })
  const ask = (body: object, caller = 'auth0|doctor') => service.inject({ method: 'POST', url: '/credentials', payload: body, headers: { miauserid: caller, 'idempotency-key': 'key' } })
  const given = () => vendor.requests.filter(({ path }) => path === '/sdk/credentials').length
  const first = await ask({ expiresIn: 600 })
  t.equal(first.statusCode, 201)
  t.same(answerOf(await ask({ expiresIn: 600 })), answerOf(first))
  t.equal(given(), 1)
  t.same(codeOf(await ask({ expiresIn: 700 })), [422, 'IDEMPOTENCY_KEY_REUSED'])
  t.not((await ask({ expiresIn: 700 }, 'auth0|patient')).body, first.body, 'another caller has his own')
  service.setClock(after(NOON, 10))
  vendor.time.now = after(NOON, 10)
  const second = await ask({ expiresIn: 600 })
  t.equal(second.statusCode, 201)
  t.not(second.json().expiresAt, first.json().expiresAt)
  t.equal(given(), 3)
})

t.test('credentials that could not be given are asked for anew', async (t) => {
  const { service, vendor } = await start(t, { users: USERS })
  const ask = () => service.inject({ method: 'POST', url: '/credentials', payload: {}, headers: { miauserid: 'auth0|doctor', 'idempotency-key': 'key' } })
  vendor.fail('failing', { times: 1, on: /credentials/ })
  t.equal((await ask()).statusCode, 503)
  t.equal((await ask()).statusCode, 201)
})

t.test('a background is uploaded once for a key, for 24 hours', async (t) => {
  const { service, vendor } = await start(t, {})
  const upload = (byte: number, boundary = 'a-part') => service.inject({
    method: 'POST',
    url: '/settings/background-image',
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}`, 'idempotency-key': 'key' },
    payload: Buffer.concat([
      Buffer.from(`--${boundary}\r\ncontent-disposition: form-data; name="virtual_background"; filename="a.jpg"\r\ncontent-type: image/jpeg\r\n\r\n`),
      Buffer.alloc(1000, byte),
      Buffer.from(`\r\n--${boundary}--\r\n`)
    ])
  })
  const first = await upload(1)
  t.equal(first.statusCode, 200)
  t.same(answerOf(await upload(1, 'another-part')), answerOf(first), 'the image counts, not how it is wrapped')
  t.same(codeOf(await upload(2)), [422, 'IDEMPOTENCY_KEY_REUSED'])
  t.equal(vendor.backgrounds.length, 1)
  service.setClock(after(NOON, DAY_MINUTES))
  t.equal((await upload(2)).statusCode, 200)
  t.equal(vendor.backgrounds.length, 2)
})
