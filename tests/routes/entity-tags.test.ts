import t from 'tap'
import type { LightMyRequestResponse } from 'fastify'
import { startPlatform, type PlatformOptions } from '../support/platform.ts'
import { after, booking, DOCTOR, NOON, open, PATIENT, type Teardown } from '../support/service.ts'

const THIRD = { ...PATIENT, userExternalId: 'patient-2' }
const LAYOUTS = { 'our optional fields': true, 'the original’s collections': false }

async function start (t: Teardown, options: PlatformOptions = {}) {
  const platform = await startPlatform(t, { generation: 'bandyer', ...options, variables: { RECONCILE_EVERY_SEC: '0', DEPLOYMENT_ID: 'clinic-a', ...options.variables } })
  const { service, vendor, rows } = platform
  const booked = await service.inject({ method: 'POST', url: '/teleconsultation', payload: booking() })
  const { roomId } = booked.json<{ roomId: string }>()
  const url = `/teleconsultation/${roomId}`
  const conditional = (ifMatch: string | undefined) => ifMatch === undefined ? {} : { headers: { 'if-match': ifMatch } }
  const tagOf = ({ headers }: LightMyRequestResponse) => String(headers['etag'])
  return {
    ...platform,
    booked,
    roomId,
    tagOf,
    read: async () => tagOf(await open(service, roomId)),
    change: (payload: object, ifMatch?: string) => service.inject({ method: 'PATCH', url, payload, ...conditional(ifMatch) }),
    remove: (ifMatch?: string) => service.inject({ method: 'DELETE', url, ...conditional(ifMatch) }),
    stored: async () => (await rows('bk-ts-teleconsultations')).find(({ _id: id }) => id === roomId),
    live: async () => {
      await service.app.close()
      return vendor.rooms.filter(({ deleted }) => !deleted)
    }
  }
}

const codeOf = (answer: LightMyRequestResponse) => [answer.statusCode, answer.json<{ code?: string }>().code]
const STALE = [412, 'PRECONDITION_FAILED']
const shorter = { duration_in_seconds: 600 }
const otherPeople = { participants: { number: 2, data: [DOCTOR, THIRD] } }

for (const [name, declared] of Object.entries(LAYOUTS)) {
  t.test(`with ${name}`, async (t) => {
    t.test('booking, reading and changing tell the tag of what is there', async (t) => {
      const { booked, read, change, tagOf } = await start(t, { declared })
      const first = await read()
      t.match(first, /^"[A-Za-z0-9_-]+"$/)
      t.equal(tagOf(booked), first)
      const changed = await change(shorter)
      t.equal(changed.statusCode, 204)
      t.not(tagOf(changed), first)
      t.equal(await read(), tagOf(changed))
      t.equal((await change({ duration_in_seconds: 1800 })).statusCode, 204)
      t.equal(await read(), first, 'as it was before')
    })

    t.test('every participant reads the same tag, and giving a link, sealing and the reconciler do not change it', async (t) => {
      const { read, service, roomId, tagOf } = await start(t, { declared, variables: { ROOM_CREATION: 'late' } })
      const first = await read()
      t.equal(tagOf(await open(service, roomId, PATIENT.userExternalId)), first)
      service.setClock(after(NOON, 11))
      const opened = await open(service, roomId)
      t.match(opened.json(), { accessLinkURL: /^https?:/ })
      t.equal(tagOf(opened), first)
      await service.app.reconciler.run()
      t.equal(await read(), first)
    })

    t.test('registering people beside the answer does not change it', async (t) => {
      const { service, tagOf } = await start(t, { declared })
      const booked = await service.inject({ method: 'POST', url: '/teleconsultation', payload: booking({ participants: { number: 3, data: [{ ...DOCTOR, userExternalId: 'doctor-9' }] } }) })
      const { roomId } = booked.json<{ roomId: string }>()
      t.equal(tagOf(await open(service, roomId, 'doctor-9')), tagOf(booked))
    })

    t.test('a change and a deletion with the tag that was read are made', async (t) => {
      const { read, change, remove, tagOf } = await start(t, { declared })
      const changed = await change(otherPeople, await read())
      t.equal(changed.statusCode, 204)
      t.equal((await remove(tagOf(changed))).statusCode, 204)
    })

    t.test('with a stale one nothing is changed and the vendor is not asked', async (t) => {
      const { read, change, remove, stored, vendor, live } = await start(t, { declared })
      const stale = await read()
      t.equal((await change(shorter)).statusCode, 204)
      const current = await read()
      const before = [await stored(), vendor.requests.length]
      for (const ifMatch of [stale, '"never-there"', `W/${current}`, `W/${current}, ${stale}`, '']) {
        t.same(codeOf(await change(otherPeople, ifMatch)), STALE, ifMatch)
        t.same(codeOf(await remove(ifMatch)), STALE, ifMatch)
      }
      t.same([await stored(), vendor.requests.length], before)
      t.equal((await live()).length, 1)
    })

    t.test('one of several, and a star, hold', async (t) => {
      const { read, change, remove } = await start(t, { declared })
      t.equal((await change(shorter, `"another", ${await read()}`)).statusCode, 204)
      t.equal((await change(otherPeople, '*')).statusCode, 204)
      t.equal((await remove('*')).statusCode, 204)
      t.same(codeOf(await remove('*')), [404, 'TELECONSULTATION_NOT_FOUND'])
      t.same(codeOf(await change(shorter, '*')), [404, 'TELECONSULTATION_NOT_FOUND'])
    })

    for (const [mode, variables] of [['made early', {}], ['made late', { ROOM_CREATION: 'late' }]] as const) {
      t.test(`of two changes at once with one tag exactly one is made, with rooms ${mode}`, async (t) => {
        const { read, change, live, stored } = await start(t, { declared, variables })
        const tag = await read()
        const answers = await Promise.all([change(otherPeople, tag), change({ ...otherPeople, participants: { number: 2, data: [DOCTOR, { ...PATIENT, userExternalId: 'patient-3' }] } }, tag)])
        t.equal(answers.filter(({ statusCode }) => statusCode === 204).length, 1)
        const [refused] = answers.filter(({ statusCode }) => statusCode !== 204)
        t.match(refused?.json(), { code: /^(PRECONDITION_FAILED|OPERATION_IN_PROGRESS|CONCURRENT_CHANGE)$/ })
        const winner = answers[0]?.statusCode === 204 ? 'patient-2' : 'patient-3'
        t.match(await stored(), { participants: [{ userExternalId: 'doctor-1' }, { userExternalId: winner }] })
        t.equal((await live()).length, mode === 'made early' ? 1 : 0)
      })
    }

    t.test('a change that is repeated because its answer got lost holds with the tag from before it', async (t) => {
      const { read, change, live } = await start(t, { declared })
      const tag = await read()
      for (const wanted of [otherPeople, { ...otherPeople, ...shorter }]) {
        t.equal((await change(wanted, await read())).statusCode, 204)
        t.equal((await change(wanted, tag)).statusCode, 204)
      }
      t.same(codeOf(await change({ duration_in_seconds: 900 }, tag)), STALE)
      t.equal((await live()).length, 1)
    })

    t.test('without If-Match the last change wins, and no other’s room is left', async (t) => {
      const { change, live, stored, vendor } = await start(t, { declared })
      for (const userExternalId of ['a', 'b', 'c']) t.equal((await change({ participants: { number: 2, data: [DOCTOR, { ...PATIENT, userExternalId }] } })).statusCode, 204)
      const rooms = await live()
      t.equal(vendor.rooms.length, 4)
      t.equal(rooms.length, 1)
      t.match(await stored(), { bandyerRoomId: rooms[0]?.id, participants: [{}, { userExternalId: 'c' }] })
    })

    t.test('many at once without it: each is made or refused as a whole, and one room is left', async (t) => {
      const { change, live, stored } = await start(t, { declared })
      const answers = await Promise.all(Array.from({ length: 10 }, (_, index) => change({ participants: { number: 2, data: [DOCTOR, { ...PATIENT, userExternalId: `p-${index}` }] } })))
      t.ok(answers.some(({ statusCode }) => statusCode === 204))
      for (const answer of answers) if (answer.statusCode !== 204) t.match(answer.json(), { statusCode: 409, code: /^(OPERATION_IN_PROGRESS|CONCURRENT_CHANGE)$/ })
      const rooms = await live()
      t.equal(rooms.length, 1)
      t.match(await stored(), { bandyerRoomId: rooms[0]?.id })
    })
  })
}

t.test('a change that would be none is made with any tag: it may be a repeat', async (t) => {
  const { change, vendor } = await start(t)
  const rooms = vendor.rooms.length
  t.equal((await change({ duration_in_seconds: 1800 }, '"never-there"')).statusCode, 204)
  t.equal(vendor.rooms.length, rooms)
})
