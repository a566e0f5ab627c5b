import t from 'tap'
import type { ClinicTeleconsultation, ClinicTeleconsultations } from '../../schemas/pages.ts'
import type { GuestLink } from '../../schemas/session.ts'
import { startFakeSmtp } from '../support/fake-smtp.ts'
import { flakyCrud } from '../support/flaky-crud.ts'
import { after, book, booking, DOCTOR, NOON, PATIENT, startService, type Service } from '../support/service.ts'

const NURSE = { userExternalId: 'nurse-1', groups: ['patient'], fullName: 'Carla Neri' }
const three = (data: object[]) => booking({ participants: { number: 3, data } })

async function rowOf (service: Service, roomId: string): Promise<ClinicTeleconsultation> {
  const answer = await service.inject({ url: '/clinic/teleconsultations' })
  const row = answer.json<ClinicTeleconsultations>().teleconsultations.find((item) => item.roomId === roomId)
  if (answer.statusCode !== 200 || row === undefined) throw new Error(`not listed: ${answer.statusCode}`)
  return row
}

t.test('the clinic reads of everybody whether he has an address, when he was sent an e-mail, and that it was refused', async (t) => {
  const smtp = await startFakeSmtp(t)
  smtp.answerTo((address) => address === 'bruno@home.example' ? 550 : undefined)
  const service = await startService(t, { SMTP_URL: smtp.url, MAIL_FROM: 'visits@clinic.example', MAIL_EVERY_SEC: '3600' })
  const id = await book(service, three([{ ...DOCTOR, email: 'ada@clinic.example' }, { ...PATIENT, email: 'bruno@home.example' }, NURSE]))
  await service.app.telling.run()
  const { participants } = await rowOf(service, id)
  t.same(participants.map(({ userExternalId, hasAddress, mail }) => ({ userExternalId, hasAddress, mail })), [
    { userExternalId: 'doctor-1', hasAddress: true, mail: { toldAt: NOON.toISOString() } },
    { userExternalId: 'patient-1', hasAddress: true, mail: { failure: { code: '550', at: NOON.toISOString(), refused: true, bounced: false } } },
    { userExternalId: 'nurse-1', hasAddress: false, mail: undefined }
  ])
  t.notMatch(JSON.stringify(participants), /@/, 'no address is listed')
})

t.test('whoever is still to be named is expected, and nobody is once it is over or in the place of who was removed', async (t) => {
  const service = await startService(t)
  const waiting = await book(service, three([DOCTOR]))
  t.match(await rowOf(service, waiting), { state: 'incomplete', missing: 2 })

  const full = await book(service, three([DOCTOR, PATIENT, NURSE]))
  t.equal((await service.inject({ method: 'DELETE', url: `/sessions/${full}/participants/nurse-1` })).statusCode, 200)
  const row = await rowOf(service, full)
  t.same(row.participants.map(({ userExternalId }) => userExternalId), ['doctor-1', 'patient-1'])
  t.equal(row.missing, 0, 'not in the place of who was removed')

  const ended = await book(service, three([DOCTOR, PATIENT]))
  t.equal((await rowOf(service, ended)).missing, 1)
  t.equal((await service.inject({ method: 'POST', url: `/sessions/${ended}/end` })).statusCode, 200)
  t.match(await rowOf(service, ended), { state: 'over', missing: 0 }, 'nobody once it was ended')

  service.setClock(after(NOON, 41))
  t.match(await rowOf(service, waiting), { state: 'over', missing: 0 }, 'nor once its time is over')
})

t.test('what is not confirmed yet is listed as such, until it is', async (t) => {
  const service = await startService(t)
  const created = await service.inject({ method: 'POST', url: '/sessions', payload: { ...booking(), status: 'requested' } })
  t.equal(created.statusCode, 201)
  const { id } = created.json<{ id: string }>()
  t.equal((await rowOf(service, id)).requested, true)
  t.equal((await service.inject({ method: 'PATCH', url: `/sessions/${id}`, payload: { status: 'confirmed' } })).statusCode, 200)
  t.equal((await rowOf(service, id)).requested, undefined)
})

t.test('a guest is listed with his one-time link, and whether it was opened', async (t) => {
  const service = await startService(t)
  const id = await book(service)
  const made = await service.inject({ method: 'POST', url: `/sessions/${id}/guest-links`, payload: { fullName: 'Zio Piero' } })
  t.equal(made.statusCode, 201)
  const { participant, link } = made.json<GuestLink>()
  const guest = async () => (await rowOf(service, id)).participants.find(({ userExternalId }) => userExternalId === participant.userExternalId)
  t.match(await guest(), { fullName: 'Zio Piero', personalLink: link, oneTime: true, opened: false, hasAddress: false })
  t.equal((await service.inject({ url: '/personal-link', headers: { authorization: `Bearer ${new URL(link).hash.slice(1)}` } })).statusCode, 200)
  t.match(await guest(), { personalLink: link, oneTime: true, opened: true })
  const others = (await rowOf(service, id)).participants.filter(({ userExternalId }) => userExternalId !== participant.userExternalId)
  t.same(others.map(({ oneTime, opened }) => [oneTime, opened]), [[undefined, undefined], [undefined, undefined]])
})

t.test('however many people there are, the storage is asked once for a page', async (t) => {
  const { variables, seen } = await flakyCrud(t)
  const service = await startService(t, variables)
  await book(service, three([DOCTOR, PATIENT, NURSE]))
  await book(service)
  await rowOf(service, await book(service))
  const before = seen.length
  const answer = await service.inject({ url: '/clinic/teleconsultations' })
  t.equal(answer.json<ClinicTeleconsultations>().teleconsultations.length, 3)
  t.equal(seen.length - before, 1)
})
