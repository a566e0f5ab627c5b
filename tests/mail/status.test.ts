import t from 'tap'
import { after, booking, DOCTOR, NOON, PATIENT, startService } from '../support/service.ts'

const participants = { number: 2, data: [{ ...DOCTOR, email: 'ada@clinic.example' }, { ...PATIENT, email: 'bruno@home.example' }] }
const requested = { ...booking({ participants, start_date: after(NOON, 3000).toISOString() }), status: 'requested' }

t.test('nobody is told of an appointment before it is confirmed, and everybody is told then', async (t) => {
  const service = await startService(t)
  const created = await service.inject({ method: 'POST', url: '/sessions', payload: requested })
  t.equal(created.statusCode, 201)
  t.equal(created.json().status, 'requested')
  t.match(await service.app.telling.run(), { sent: 0, failed: 0 })
  const confirmed = await service.inject({ method: 'PATCH', url: `/sessions/${created.json<{ id: string }>().id}`, payload: { status: 'confirmed' } })
  t.equal(confirmed.statusCode, 200)
  t.equal(confirmed.json().status, 'confirmed')
  t.match(await service.app.telling.run(), { sent: 2, failed: 0 })
})

t.test('who was told, and when, those in charge can read, and a participant cannot', async (t) => {
  const service = await startService(t)
  const { id } = (await service.inject({ method: 'POST', url: '/sessions', payload: { ...requested, status: 'confirmed' } })).json<{ id: string }>()
  await service.app.telling.run()
  t.match((await service.inject({ url: `/sessions/${id}/participants` })).json(), { participants: [{ mail: { toldAt: NOON.toISOString() } }, { mail: { toldAt: NOON.toISOString() } }] })
  const link = (await service.inject({ url: `/sessions/${id}`, headers: { miauserid: 'patient-1' } })).json<{ mediaUrl: string }>().mediaUrl
  const own = await service.inject({ url: `/sessions/${id}/participants`, headers: { authorization: `Bearer ${link.split('#')[1]}` } })
  t.equal(own.statusCode, 200)
  t.notOk(own.body.includes('toldAt'))
})

t.test('two appointments of the same two people do not disturb each other', async (t) => {
  const service = await startService(t)
  const book = async (minutes: number) => (await service.inject({ method: 'POST', url: '/sessions', payload: { ...requested, status: 'confirmed', start_date: after(NOON, minutes).toISOString() } })).json<{ id: string }>().id
  const [first, second] = [await book(3000), await book(4000)]
  t.match(await service.app.telling.run(), { sent: 4, failed: 0 })
  t.equal((await service.inject({ method: 'DELETE', url: `/sessions/${first}` })).statusCode, 204)
  t.match(await service.app.telling.run(), { sent: 2, failed: 0 })
  t.equal((await service.inject({ url: `/sessions/${second}` })).json().state, 'planned')
  t.match(await service.app.telling.run(), { sent: 0, failed: 0 })
})
