import t from 'tap'
import { ask, runService, type RunningService } from '../support/process.ts'
import { booking, PATIENT, temporaryFolder } from '../support/service.ts'

const later = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString()

async function kill (service: RunningService): Promise<void> {
  service.child.kill('SIGKILL')
  await service.ended
}

t.test('kill -9 after any answer loses nothing that was answered', async (t) => {
  const variables = { DATA_PATH: temporaryFolder(t) }
  let service = await runService(t, variables)
  const restart = async () => {
    await kill(service)
    service = await runService(t, variables)
  }

  const created = await ask(`${service.origin}/teleconsultation`, { method: 'POST', body: booking({ start_date: later(30), participants: { number: 3, data: [PATIENT] } }) })
  const { roomId } = created.json<{ roomId: string }>()
  const url = () => `${service.origin}/teleconsultation/${roomId}`
  await restart()
  t.equal((await ask(url(), { caller: 'patient-1' })).status, 200, 'the booking')

  t.equal((await ask(`${url()}/participants/data`, { method: 'POST', body: { userExternalId: 'doctor-1', groups: ['doctor'], fullName: 'Ada' } })).status, 201)
  await restart()
  t.equal((await ask(url(), { caller: 'doctor-1' })).status, 200, 'the participant who was added')

  t.equal((await ask(url(), { method: 'PATCH', body: { start_date: later(-1), duration_in_seconds: 1800, participants: { number: 2, data: [PATIENT, { userExternalId: 'doctor-2', groups: ['doctor'], fullName: 'Bea' }] } } })).status, 204)
  await restart()
  t.equal((await ask(url(), { caller: 'doctor-1' })).status, 401, 'the change')
  const link = (await ask(url(), { caller: 'doctor-2' })).json<{ accessLinkURL: string }>().accessLinkURL
  await restart()
  const again = (await ask(url(), { caller: 'doctor-2' })).json<{ accessLinkURL: string }>().accessLinkURL
  t.equal(new URL(again).pathname, new URL(link).pathname, 'the room of a link that was shown')

  t.equal((await ask(url(), { method: 'DELETE' })).status, 204)
  await restart()
  t.equal((await ask(url(), { caller: 'doctor-2' })).status, 404, 'the deletion')
})

t.test('kill -9 amid a hundred bookings leaves every acknowledged one', async (t) => {
  const variables = { DATA_PATH: temporaryFolder(t) }
  const service = await runService(t, variables)
  const acknowledged: string[] = []
  const bookings = Array.from({ length: 100 }, async () => {
    const answer = await ask(`${service.origin}/teleconsultation`, { method: 'POST', body: booking({ start_date: later(30) }) })
    if (answer.status === 201) acknowledged.push(answer.json<{ roomId: string }>().roomId)
    if (acknowledged.length === 40) service.child.kill('SIGKILL')
  })
  await Promise.allSettled(bookings)
  await service.ended
  t.ok(acknowledged.length >= 40)
  const next = await runService(t, variables)
  for (const roomId of acknowledged) {
    const { status } = await ask(`${next.origin}/teleconsultation/${roomId}`, { caller: 'patient-1' })
    if (status !== 200) t.fail(`${roomId} is lost: ${status}`)
  }
})
