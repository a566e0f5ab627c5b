import t from 'tap'
import { startPlatform, type PlatformOptions } from '../support/platform.ts'
import { after, booking, DOCTOR, NOON, open, PATIENT, type Teardown } from '../support/service.ts'

const people = (...ids: string[]) => ids.map((userExternalId) => ({ ...PATIENT, userExternalId }))
const START = after(NOON, 10)

async function start (t: Teardown, options: PlatformOptions = {}) {
  const platform = await startPlatform(t, options)
  const post = (body: object) => platform.service.inject({ method: 'POST', url: '/teleconsultation', payload: body })
  const settle = () => platform.service.inject({ url: '/-/healthz' })
  return { ...platform, post, settle }
}

t.test('a booking of a complete list takes 3 round trips whatever their number, 4 when somebody is new', async (t) => {
  const { post, gate } = await start(t)
  for (const size of [2, 5, 12]) {
    const body = booking({ participants: { number: size, data: [DOCTOR, ...people(...Array.from({ length: size - 1 }, (_, index) => `p${index}`))] } })
    const first = await gate.count(() => post(body))
    t.equal(first.result.statusCode, 201)
    t.equal(first.rounds, 4, `${size} people, some of them new`)
    const again = await gate.count(() => post(body))
    t.equal(again.result.statusCode, 201)
    t.equal(again.rounds, 3, `${size} people, all known`)
  }
})

t.test('with an auth service it takes one more', async (t) => {
  const users = [
    { user_id: 'auth0|1', name: 'Ada Rossi', app_metadata: { groups: ['doctor'] } },
    { user_id: 'auth0|2', name: 'Bruno Verdi', app_metadata: { groups: ['patient'] } }
  ]
  const { post, gate } = await start(t, { users })
  const body = booking({ participants: ['auth0|1', 'auth0|2'] })
  t.equal((await gate.count(() => post(body))).rounds, 5)
  t.equal((await gate.count(() => post(body))).rounds, 4)
})

t.test('an incomplete booking takes 1, adding somebody who is not the last 1', async (t) => {
  const { post, gate, service } = await start(t)
  const { rounds, result } = await gate.count(() => post(booking({ participants: { number: 4, data: [DOCTOR] } })))
  t.equal(rounds, 1)
  const { roomId } = result.json<{ roomId: string }>()
  const add = (userExternalId: string) => gate.count(() => service.inject({ method: 'POST', url: `/teleconsultation/${roomId}/participants/data`, payload: { ...PATIENT, userExternalId } }))
  for (const id of ['a', 'b']) {
    const added = await add(id)
    t.equal(added.result.statusCode, 201)
    t.equal(added.rounds, 1)
  }
  const last = await add('c')
  t.equal(last.result.statusCode, 201)
  t.match((await open(service, roomId)).json().participantsBandyerCall.length, 4)
})

t.test('GET takes 1, the first one inside the window 2, and the details do not delay it', async (t) => {
  const { post, gate, service } = await start(t, { variables: { DETAILS_BUDGET_MS: '5' } })
  const { roomId } = (await post(booking())).json<{ roomId: string }>()
  service.setClock(after(START, 1))
  t.equal((await gate.count(() => open(service, roomId))).rounds, 2)
  for (const caller of ['doctor-1', 'patient-1', 'stranger']) t.equal((await gate.count(() => open(service, roomId, caller))).rounds, 1, caller)
})

t.test('DELETE takes 1 to the decision and 3 in all', async (t) => {
  const { post, gate, service, rows } = await start(t)
  const { roomId } = (await post(booking())).json<{ roomId: string }>()
  const { rounds, result } = await gate.count(() => service.inject({ method: 'DELETE', url: `/teleconsultation/${roomId}` }))
  t.equal(result.statusCode, 204)
  t.equal(rounds, 3)
  t.equal((await rows('bk-ts-teleconsultations')).find(({ _id }) => _id === roomId)?.__STATE__, 'TRASH')
})

t.test('a refused request registers nobody and reaches nobody', async (t) => {
  const { post, gate, vendor, rows } = await start(t)
  for (const body of [booking({ duration_in_seconds: 1 }), booking({ participants: { number: 2, data: people('a', 'b') } }), booking({ participants: { number: 2, data: [DOCTOR, { ...PATIENT, groups: ['wizard'] }] } })]) {
    const { rounds, result } = await gate.count(() => post(body))
    t.equal(result.statusCode, 400)
    t.equal(rounds, 0)
  }
  t.equal(vendor.users.size, 0)
  t.same(await rows('bk-ts-userid-maps'), [])
})

t.test('on the original’s collections a booking takes as few, adding and deleting one more', async (t) => {
  const { post, gate, service } = await start(t, { declared: false })
  const complete = booking({ participants: { number: 2, data: [DOCTOR, PATIENT] } })
  t.equal((await gate.count(() => post(complete))).rounds, 4)
  const known = await gate.count(() => post(complete))
  t.equal(known.rounds, 3)
  const { roomId } = known.result.json<{ roomId: string }>()
  const deleted = await gate.count(() => service.inject({ method: 'DELETE', url: `/teleconsultation/${roomId}` }))
  t.equal(deleted.result.statusCode, 204)
  t.equal(deleted.rounds, 4)
  const incomplete = await gate.count(() => post(booking({ participants: { number: 4, data: [DOCTOR] } })))
  t.equal(incomplete.rounds, 1)
  const url = `/teleconsultation/${incomplete.result.json<{ roomId: string }>().roomId}/participants/data`
  t.equal((await gate.count(() => service.inject({ method: 'POST', url, payload: PATIENT }))).rounds, 2)
})
