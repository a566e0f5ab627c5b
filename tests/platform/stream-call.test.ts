import t, { type Test } from 'tap'
import { DAILY_KEY, startFakeDaily } from '../support/fake-daily.ts'
import { follow, linksOf } from '../support/providers-world.ts'
import { book, booking, open, startService } from '../support/service.ts'

// The stream call of Elixir, from the appointment to the last goodbye: a room of its own for every appointment, which
// opens at its start and ends at its end, and a link for each of the two. The clinic's clocks show the time of Rome.

const ZONE = process.env['TZ']
process.env['TZ'] = 'Europe/Rome'
t.teardown(() => { if (ZONE === undefined) delete process.env['TZ']; else process.env['TZ'] = ZONE })

interface Appointment { start: string, end: string }
interface View { accessLinkURL: string | null, startAt: string, endAt: string, seat?: string, elsewhere?: boolean }

const TEN_O_CLOCK: Appointment = { start: '2026-11-24T10:00:00+01:00', end: '2026-11-24T10:30:00+01:00' }
const HALF_PAST_TEN: Appointment = { start: '2026-11-24T10:30:00+01:00', end: '2026-11-24T11:00:00+01:00' }

const secondsOf = (at: string) => Date.parse(at) / 1000
const aMomentBefore = (at: string) => new Date(Date.parse(at) - 1000)
const theEveOf = (at: string) => new Date(Date.parse(at) - 86_400_000)
const aMomentAfter = (at: string) => new Date(Date.parse(at) + 1000)
const onTheWall = (at: string) => new Date(at).toTimeString().slice(0, 5)

/** A clinic whose calls are held at Daily. */
async function clinic (t: Test, roomCreation: string) {
  const daily = await startFakeDaily(t)
  const service = await startService(t, {
    VIDEO_PROVIDER: 'daily',
    DAILY_API_KEY: DAILY_KEY,
    DAILY_BASE_URL: daily.baseUrl,
    UNLIMITED_TELECONSULTATION: 'false',
    ROOM_CREATION: roomCreation,
    CLOCK_SKEW_MS: '0',
    RECONCILE_EVERY_SEC: '0'
  })
  const theTimeIs = (at: string | Date) => {
    service.setClock(new Date(at))
    daily.time.now = new Date(at)
    daily.advance(0)
  }
  // What each browser remembers of its link.
  const seats = new Map<string, string>()
  /** Whoever has one of our links clicks on it, in his own browser. */
  const click = async (link: string) => {
    const answer = await follow(service, link, seats.get(link))
    t.equal(answer.statusCode, 200)
    const view = answer.json<View>()
    if (view.seat !== undefined) seats.set(link, view.seat)
    return view
  }
  return {
    service,
    daily,
    theTimeIs,
    click,
    /** Doctor and patient are given an appointment, and each of them a link. */
    async bookAppointment ({ start, end }: Appointment) {
      const id = await book(service, booking({ start_date: start, end_date: end, duration_in_seconds: undefined }))
      const { 'doctor-1': doctor = '', 'patient-1': patient = '' } = await linksOf(service, id)
      return { id, doctor, patient }
    },
    /** Clicks, and goes where that leads: into the call, unless Daily keeps the door shut. */
    async comeIn (link: string) {
      const { accessLinkURL } = await click(link)
      if (accessLinkURL === null) throw new Error('still in the waiting room')
      await daily.enter(accessLinkURL)
      return accessLinkURL
    },
    inside: () => daily.rooms.filter(({ deleted }) => !deleted).map(({ inside }) => inside.size)
  }
}

for (const roomCreation of ['late', 'eager']) {
  t.test(`an appointment is a call from its start to its end, for its two people alone (rooms are made ${roomCreation})`, async (t) => {
    const { service, daily, theTimeIs, bookAppointment, click, comeIn, inside } = await clinic(t, roomCreation)
    const { start, end } = TEN_O_CLOCK

    // The day before, it is booked. Where rooms are made early, this one stands already, and is closed.
    theTimeIs(theEveOf(start))
    const visit = await bookAppointment(TEN_O_CLOCK)
    t.not(visit.doctor, visit.patient)
    t.equal(daily.rooms.length, roomCreation === 'eager' ? 1 : 0)

    // Who clicks too early waits: nothing that would open anything has left yet.
    theTimeIs(aMomentBefore(start))
    for (const link of [visit.doctor, visit.patient]) t.match(await click(link), { accessLinkURL: null, startAt: new Date(start).toISOString() })

    // On the minute both come in.
    theTimeIs(start)
    const doctorsWay = await comeIn(visit.doctor)
    const patientsWay = await comeIn(visit.patient)
    t.same(inside(), [2])

    // The room is private, silent at first, and has the times of the appointment.
    const [room] = daily.rooms
    t.match(room, {
      privacy: 'private',
      given: { start_audio_off: true, start_video_off: true, nbf: secondsOf(start), exp: secondsOf(end), eject_at_room_exp: true }
    })
    t.notMatch(daily.everything(), /doctor-1|patient-1/, 'Daily does not learn by which id the clinic knows them')

    // A token opens this room and no other, for this person, from the start on and not for ever. Without one nobody comes in.
    const [doctor, patient] = [await daily.claimsOf(doctorsWay), await daily.claimsOf(patientsWay)]
    for (const claims of [doctor, patient]) t.match(claims, { r: room?.name, nbf: secondsOf(start), exp: Number })
    t.match([doctor['o'], patient['o']], [true, false], 'the doctor holds the call')
    t.not(doctor['ud'], patient['ud'])
    const bare = new URL(patientsWay)
    bare.search = ''
    await t.rejects(daily.enter(bare.href), /a token is needed/)

    // While they talk, the clinic sees that the call runs; who drops out comes back by the same link, to his own seat.
    theTimeIs(aMomentBefore(end))
    t.match((await open(service, visit.id)).json(), { details: { status: 'RUNNING', durationInSeconds: 1800 } })
    await comeIn(visit.patient)
    t.same(inside(), [2])
    // Whoever got hold of the link elsewhere does not.
    t.match((await follow(service, visit.patient)).json(), { accessLinkURL: null, elsewhere: true })

    // At the end both are out, and the door stays shut, whatever links they kept.
    theTimeIs(end)
    t.same(inside(), [0])
    for (const link of [visit.doctor, visit.patient]) await t.rejects(comeIn(link), /not now/)
    for (const way of [doctorsWay, patientsWay]) await t.rejects(daily.enter(way), /not now/)
    theTimeIs(aMomentAfter(end))
    t.match((await open(service, visit.id)).json(), { details: { status: 'CLOSED' } })
  })

  t.test(`a second appointment of the same two people disturbs nothing (rooms are made ${roomCreation})`, async (t) => {
    const { service, daily, theTimeIs, bookAppointment, comeIn, inside } = await clinic(t, roomCreation)
    theTimeIs(theEveOf(TEN_O_CLOCK.start))
    const first = await bookAppointment(TEN_O_CLOCK)

    // They are talking.
    theTimeIs(TEN_O_CLOCK.start)
    const ways = [await comeIn(first.doctor), await comeIn(first.patient)]
    const [room] = daily.rooms
    const before = JSON.stringify(room)

    // Meanwhile they get two more appointments. One of those is put off, the other one called off.
    const second = await bookAppointment(HALF_PAST_TEN)
    const third = await bookAppointment({ start: '2026-12-01T10:00:00+01:00', end: '2026-12-01T10:30:00+01:00' })
    const putOff = { start_date: '2026-11-24T10:31:00+01:00', end_date: '2026-11-24T11:01:00+01:00' }
    t.equal((await service.inject({ method: 'PATCH', url: `/teleconsultation/${second.id}`, payload: putOff })).statusCode, 204)
    t.equal((await service.inject({ method: 'DELETE', url: `/teleconsultation/${third.id}` })).statusCode, 204)

    // Nobody has noticed: the room is as it was, both are in it, and their links are the same.
    t.equal(JSON.stringify(room), before)
    t.equal(room?.inside.size, 2)
    t.match(await linksOf(service, first.id), { 'doctor-1': first.doctor, 'patient-1': first.patient })
    t.equal(await comeIn(first.doctor), ways[0])

    // The next appointment is another call, by other links, and its links are those that they were given at first.
    theTimeIs(putOff.start_date)
    t.equal(room?.inside.size, 0)
    const next = [await comeIn(second.doctor), await comeIn(second.patient)]
    t.same(inside(), [0, 2])
    t.equal(new Set([first.doctor, first.patient, second.doctor, second.patient]).size, 4)

    // A token of the first call does not open the second one's room.
    const [theirOld, theirNew] = [new URL(String(ways[1])), new URL(String(next[1]))]
    theirNew.search = theirOld.search
    await t.rejects(daily.enter(theirNew.href), /of another room/)
  })

  t.test(`Daily's bad moment leaves no appointment without its room (rooms are made ${roomCreation})`, async (t) => {
    const { service, daily, theTimeIs, bookAppointment, comeIn, inside } = await clinic(t, roomCreation)
    theTimeIs(theEveOf(TEN_O_CLOCK.start))
    const toBook = booking({ start_date: TEN_O_CLOCK.start, end_date: TEN_O_CLOCK.end, duration_in_seconds: undefined })

    // Where the room is due with the booking, there is no booking without it.
    daily.fail('failing', { on: /^POST \/rooms/ })
    if (roomCreation === 'eager') {
      const refused = await service.inject({ method: 'POST', url: '/teleconsultation', payload: toBook })
      t.equal(refused.statusCode, 503)
      t.equal(refused.json().code, 'PROVIDER_UNAVAILABLE')
      t.same((await service.inject({ url: '/clinic/teleconsultations' })).json().teleconsultations, [])
      daily.recover()
    }
    const visit = await bookAppointment(TEN_O_CLOCK)

    // Where it is due with the first click, the next click makes it.
    theTimeIs(TEN_O_CLOCK.start)
    if (roomCreation === 'late') {
      const refused = await follow(service, visit.patient)
      t.equal(refused.statusCode, 503)
      t.equal(refused.json().code, 'PROVIDER_UNAVAILABLE')
      daily.recover()
    }
    await comeIn(visit.patient)
    await comeIn(visit.doctor)
    t.same(inside(), [2])
  })
}

const NIGHTS: ReadonlyArray<Appointment & { what: string, wall: readonly [string, string], minutes: number }> = [
  { what: 'in the hour that comes twice, the first time', start: '2026-10-25T02:30:00+02:00', end: '2026-10-25T02:00:00+01:00', wall: ['02:30', '02:00'], minutes: 30 },
  { what: 'in the hour that comes twice, the second time', start: '2026-10-25T02:30:00+01:00', end: '2026-10-25T03:00:00+01:00', wall: ['02:30', '03:00'], minutes: 30 },
  { what: 'over the hour that comes twice', start: '2026-10-25T01:45:00+02:00', end: '2026-10-25T03:15:00+01:00', wall: ['01:45', '03:15'], minutes: 150 },
  { what: 'from one half past two to the other', start: '2026-10-25T02:30:00+02:00', end: '2026-10-25T02:30:00+01:00', wall: ['02:30', '02:30'], minutes: 60 },
  { what: 'over the hour that there is not', start: '2027-03-28T01:45:00+01:00', end: '2027-03-28T03:15:00+02:00', wall: ['01:45', '03:15'], minutes: 30 },
  { what: 'up to the hour that there is not', start: '2027-03-28T01:30:00+01:00', end: '2027-03-28T03:00:00+02:00', wall: ['01:30', '03:00'], minutes: 30 }
]

for (const roomCreation of ['late', 'eager']) {
  t.test(`on the nights when the clocks change, a call is as long as it was meant to be (rooms are made ${roomCreation})`, async (t) => {
    for (const { what, start, end, wall, minutes } of NIGHTS) {
      await t.test(what, async (t) => {
        t.same([onTheWall(start), onTheWall(end)], wall, 'what the clocks in Rome show')
        const { service, daily, theTimeIs, click, comeIn, inside } = await clinic(t, roomCreation)
        theTimeIs(theEveOf(start))

        // By its length, which is what a clock on the wall would get wrong.
        const id = await book(service, booking({ start_date: start, duration_in_seconds: minutes * 60 }))
        const { 'doctor-1': doctor = '', 'patient-1': patient = '' } = await linksOf(service, id)

        theTimeIs(aMomentBefore(start))
        t.match(await click(patient), { accessLinkURL: null, startAt: new Date(start).toISOString(), endAt: new Date(end).toISOString() })
        theTimeIs(start)
        for (const link of [doctor, patient]) await comeIn(link)
        t.match(daily.rooms, [{ given: { nbf: secondsOf(start), exp: secondsOf(start) + minutes * 60 } }])
        theTimeIs(aMomentBefore(end))
        t.same(inside(), [2])
        theTimeIs(end)
        t.same(inside(), [0])
        await t.rejects(comeIn(patient), /not now/)
      })
    }
  })
}

t.test('two appointments at half past two in one night are an hour apart, and each opens at its own', async (t) => {
  const { daily, theTimeIs, bookAppointment, click, comeIn } = await clinic(t, 'eager')
  const [one, other] = ['2026-10-25T02:30:00+02:00', '2026-10-25T02:30:00+01:00']
  t.same([onTheWall(one), onTheWall(other)], ['02:30', '02:30'])
  theTimeIs(theEveOf(one))
  const first = await bookAppointment({ start: one, end: '2026-10-25T02:50:00+02:00' })
  const second = await bookAppointment({ start: other, end: '2026-10-25T02:50:00+01:00' })

  theTimeIs(one)
  for (const link of [first.doctor, first.patient]) await comeIn(link)
  t.equal((await click(second.patient)).accessLinkURL, null, 'an hour to wait')
  t.same(daily.rooms.map(({ inside }) => inside.size), [2, 0])

  theTimeIs(other)
  for (const link of [second.doctor, second.patient]) await comeIn(link)
  await t.rejects(comeIn(first.patient), /not now/)
  t.same(daily.rooms.map(({ inside }) => inside.size), [0, 2])
})
