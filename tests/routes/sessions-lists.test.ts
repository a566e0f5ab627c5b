import t from 'tap'
import type { SessionPage, SessionView } from '../../schemas/session.ts'
import { ADMIN, as, DOCTOR_TOKEN, holding, OWNER, startSessions, STRANGER, type Headers, type SessionService } from '../support/session-callers.ts'
import { after, DOCTOR, NOON, PATIENT } from '../support/service.ts'

const at = (minutes: number, changes: object = {}) => ({ start_date: after(NOON, minutes).toISOString(), duration_in_seconds: 1800, ...changes })
const titles = (page: SessionPage) => page.sessions.map(({ title }) => title).join('')

/** Titles of the whole list, page by page, and how many pages it took. */
async function leaf ({ list }: Pick<SessionService, 'list'>, caller: Headers, query: string, limit: number, between: (pages: number) => Promise<void> = async () => {}) {
  let text = ''
  let pages = 0
  for (let cursor: string | null | undefined; cursor !== null;) {
    const { status, body } = await list(caller, `?limit=${limit}${query}${cursor === undefined ? '' : `&cursor=${cursor}`}`)
    if (status !== 200) throw new Error(`not listed: ${JSON.stringify(body)}`)
    text += titles(body)
    cursor = body.next
    if (++pages > 50) throw new Error(`the list has no end: ${text}`)
    await between(pages)
  }
  return { text, pages }
}

t.test('a list holds what the caller may see: his part, his own, and an administrator’s organisation', async (t) => {
  const { create, list } = await startSessions(t)
  const elsewhere = await as('someone', { organisation: 'umbrella', roles: ['STANDARD'] })
  await create(OWNER, at(10, { title: 'A' }))
  await create(ADMIN, at(20, { title: 'B', participants: { number: 2, data: [{ ...DOCTOR, userExternalId: 'doctor-2' }, PATIENT] } }))
  await create(elsewhere, at(30, { title: 'C' }))
  for (const [caller, seen] of [[OWNER, 'A'], [ADMIN, 'AB'], [DOCTOR_TOKEN, 'AC'], [STRANGER, 'C'], [elsewhere, 'C'], [await as('nobody'), '']] as const) {
    const { status, body } = await list(caller)
    t.equal(status, 200)
    t.equal(titles(body), seen)
    t.equal(body.next, null)
  }
})

t.test('who is there in several ways is listed once, and what was said about counting holds', async (t) => {
  const { create, list } = await startSessions(t)
  const all = await as('doctor-1', { organisation: 'acme', roles: ['ADMIN'] })
  for (const [index, title] of ['A', 'B', 'C'].entries()) await create(all, at(10 * index + 10, { title }))
  const { body } = await list(all, '?counts=true')
  t.equal(titles(body), 'ABC')
  t.same(body.counts, { incomplete: 0, planned: 3, open: 0, ended: 0 })
})

t.test('each filter finds exactly its own, and together they narrow', async (t) => {
  const { create, list } = await startSessions(t)
  await create(OWNER, at(10, { title: 'A', kind: 'televisit', types: ['Cardiology', 'Neurology'], references: { bookingCode: 'BC.1+2' } }))
  await create(OWNER, at(20, { title: 'B', kind: 'session', types: ['Neurology'], description: 'Über die Schulter, 100 %_\\', participants: { number: 2, data: [DOCTOR, { ...PATIENT, userExternalId: 'patient-2' }] } }))
  await create(OWNER, at(30, { title: 'C', types: ['Cardiology'], references: { appointmentId: 'visit-77' } }))
  await create(OWNER, at(40, { title: 'D', participants: { number: 3, data: [DOCTOR] } }))
  for (const [query, found] of [
    ['kind=televisit', 'A'], ['kind=teleconsultation', ''], ['type=Neurology', 'AB'], ['type=Cardiology', 'AC'], ['type=Neurosurgery', ''],
    ['participant=patient-2', 'B'], ['participant=doctor-1', 'ABCD'], ['participant=owner-of-it', ''],
    [`from=${after(NOON, 20).toISOString()}`, 'BCD'], [`to=${after(NOON, 20).toISOString()}`, 'A'], [`from=${after(NOON, 20).toISOString()}&to=${after(NOON, 21).toISOString()}`, 'B'],
    [`from=${encodeURIComponent('2026-11-23T13:20:00+01:00')}`, 'BCD'],
    ['text=bc.1', 'A'], [`text=${encodeURIComponent('.1+2')}`, 'A'], [`text=${encodeURIComponent('.*')}`, ''], [`text=${encodeURIComponent('über')}`, 'B'], [`text=${encodeURIComponent('%_\\')}`, 'B'], ['text=VISIT-7', 'C'],
    ['state=incomplete', 'D'], ['state=planned', 'ABC'], ['state=open', ''],
    ['type=Neurology&kind=session', 'B'], ['type=Neurology&participant=patient-1', 'A'], ['state=planned&text=visit', 'C']
  ] as const) {
    const { status, body } = await list(OWNER, `?${query}`)
    t.equal(status, 200, query)
    t.equal(titles(body), found, query)
  }
})

t.test('filter, body and counts have the same idea of every state at every moment', async (t) => {
  const { call, create, list, service } = await startSessions(t, { IMMUTABLE_PERIOD_MS: '600000', CLOCK_SKEW_MS: '250' })
  const first = await create(OWNER, at(30, { title: 'A' }))
  await create(OWNER, at(60, { title: 'B' }))
  await create(OWNER, at(45, { title: 'C', participants: { number: 3, data: [DOCTOR] } }))
  const agrees = async () => {
    const { body: { sessions, counts } } = await list(OWNER, '?counts=true')
    const states = ['incomplete', 'planned', 'open', 'ended'] as const
    for (const state of states) {
      const own = sessions.filter((session) => session.state === state).map(({ title }) => title).join('')
      t.equal(titles((await list(OWNER, `?state=${state}`)).body), own, state)
      t.equal(counts?.[state], own.length)
    }
    return Object.fromEntries(sessions.map(({ title, state }) => [title, state]))
  }
  t.same(await agrees(), { A: 'planned', B: 'planned', C: 'incomplete' })
  const opensAt = after(NOON, 20).getTime() + 250
  for (const [moment, expected] of [
    [opensAt - 1, { A: 'planned', B: 'planned', C: 'incomplete' }], [opensAt, { A: 'open', B: 'planned', C: 'incomplete' }],
    [after(NOON, 60).getTime(), { A: 'open', B: 'open', C: 'incomplete' }], [after(NOON, 60).getTime() + 1, { A: 'ended', B: 'open', C: 'incomplete' }], [after(NOON, 76).getTime(), { A: 'ended', B: 'open', C: 'ended' }]
  ] as const) {
    service.setClock(new Date(moment))
    t.same(await agrees(), expected)
  }
  service.setClock(NOON)
  t.equal((await call(OWNER, 'POST', `/sessions/${first.id}/end`)).status, 200)
  t.same(await agrees(), { A: 'ended', B: 'planned', C: 'incomplete' })
})

t.test('it is sorted by start, both ways, and by id where two begin at once', async (t) => {
  const sessions = await startSessions(t)
  const same: SessionView[] = []
  for (const title of ['B', 'C', 'D']) same.push(await sessions.create(OWNER, at(20, { title })))
  await sessions.create(OWNER, at(10, { title: 'A' }))
  await sessions.create(OWNER, at(30, { title: 'E' }))
  const middle = same.sort((a, b) => a.id < b.id ? -1 : 1).map(({ title }) => title).join('')
  const forwards = `A${middle}E`
  const backwards = [...forwards].reverse().join('')
  t.equal(titles((await sessions.list(OWNER, '?sort=startAt')).body), forwards)
  t.equal(titles((await sessions.list(OWNER, '?sort=-startAt')).body), backwards)
  for (const limit of [1, 2, 3, 4, 5]) {
    t.same(await leaf(sessions, OWNER, '', limit), { text: forwards, pages: Math.ceil(5 / limit) })
    t.equal((await leaf(sessions, OWNER, '&sort=-startAt', limit)).text, backwards)
  }
})

t.test('a cursor stays where it was when sessions come in before and after it, and go', async (t) => {
  for (const [sort, order] of [['startAt', 1], ['-startAt', -1]] as const) {
    const sessions = await startSessions(t)
    const ids: string[] = []
    for (const [index, title] of ['A', 'B', 'C', 'D', 'E', 'F'].entries()) ids.push((await sessions.create(ADMIN, at(100 + order * index * 10, { title }))).id)
    const { text } = await leaf(sessions, ADMIN, `&sort=${sort}`, 2, async (pages) => {
      if (pages !== 1) return
      await sessions.create(OWNER, at(100 - order * 5, { title: 'x' }))
      await sessions.create(OWNER, at(100 + order * 5, { title: 'y' }))
      await sessions.create(OWNER, at(100 + order * 45, { title: 'z' }))
      // The very one at which the page ended.
      t.equal((await sessions.call(ADMIN, 'DELETE', `/sessions/${ids[1]}`)).status, 204)
    })
    t.equal(text, 'ABCDEzF', sort)
  }
})

t.test('a page is full however many lie between that the caller may not see any more', async (t) => {
  const sessions = await startSessions(t)
  for (let index = 0; index < 8; index++) {
    const { id } = await sessions.create(OWNER, at(10 + index * 10, { title: String(index) }))
    if (index % 4 !== 3) t.equal((await sessions.call(OWNER, 'DELETE', `/sessions/${id}/participants/doctor-1`)).status, 200)
  }
  t.equal((await sessions.list(DOCTOR_TOKEN)).body.next, null)
  t.same(await leaf(sessions, DOCTOR_TOKEN, '', 1), { text: '37', pages: 2 })
  t.same(await leaf(sessions, DOCTOR_TOKEN, '', 2), { text: '37', pages: 1 })
})

t.test('who was removed is no participant that a filter finds', async (t) => {
  const { call, create, list } = await startSessions(t)
  const { id } = await create(OWNER, { title: 'A' })
  await create(OWNER, at(20, { title: 'B' }))
  t.equal((await call(OWNER, 'DELETE', `/sessions/${id}/participants/patient-1`)).status, 200)
  t.equal(titles((await list(OWNER, '?participant=patient-1')).body), 'B')
  t.equal(titles((await list(OWNER, '?participant=doctor-1')).body), 'AB')
})

t.test('a cursor that was tampered with, or is another list’s or another caller’s, is refused', async (t) => {
  const sessions = await startSessions(t)
  for (let index = 0; index < 3; index++) await sessions.create(OWNER, at(10 + index * 10))
  const { next } = (await sessions.list(OWNER, '?limit=1')).body
  const cursor = String(next)
  const flipped = (index: number) => { const bytes = Buffer.from(cursor, 'base64url'); bytes[index] = (bytes[index] ?? 0) ^ 1; return bytes.toString('base64url') }
  const bad = [
    '', 'x', 'null', '..%2F', encodeURIComponent('{"startAt":0}'), `${cursor}A`, cursor.slice(1), cursor.slice(0, -1), `${cursor}%3D`, cursor.toUpperCase(), 'A'.repeat(999),
    ...Array.from({ length: Buffer.from(cursor, 'base64url').length }, (_, index) => flipped(index))
  ]
  for (const text of bad) {
    const { status, code } = await sessions.list(OWNER, `?limit=1&cursor=${text}`)
    t.same([status, code], [400, 'INVALID_CURSOR'], text.slice(0, 20))
  }
  for (const [caller, query] of [[ADMIN, ''], [DOCTOR_TOKEN, ''], [OWNER, '&sort=-startAt'], [OWNER, '&state=planned'], [OWNER, '&text=ab'], [OWNER, '&participant=doctor-1'], [OWNER, `&from=${NOON.toISOString()}`]] as const) {
    const { status, code } = await sessions.list(caller, `?limit=1&cursor=${cursor}${query}`)
    t.same([status, code], [400, 'INVALID_CURSOR'])
  }
  const tooLong = await sessions.list(OWNER, `?cursor=${'A'.repeat(1001)}`)
  t.same([tooLong.status, tooLong.code], [400, 'FST_ERR_VALIDATION'])
  t.equal((await sessions.list(OWNER, `?limit=2&cursor=${cursor}&fields=id`)).status, 200, 'how much of it is shown makes no other list')
})

t.test('another caller’s cursor is refused also where both are members of the same organisations', async (t) => {
  const sessions = await startSessions(t)
  const [one, other] = [await as('one', { organisation: 'acme', roles: ['ADMIN'] }), await as('other', { organisation: 'acme', roles: ['ADMIN'] })]
  for (let index = 0; index < 2; index++) await sessions.create(OWNER, at(10 + index * 10))
  const { next } = (await sessions.list(one, '?limit=1')).body
  const { status, code } = await sessions.list(other, `?limit=1&cursor=${next}`)
  t.same([status, code], [400, 'INVALID_CURSOR'])
})

t.test('fields leave only what is asked for; an unknown one is refused', async (t) => {
  const { create, list } = await startSessions(t)
  const { id } = await create(OWNER, { title: 'A' })
  t.same((await list(DOCTOR_TOKEN, '?fields=id,title,mediaUrl,endedAt')).body.sessions.map((session) => Object.keys(session).sort()), [['id', 'mediaUrl', 'title']])
  t.same((await list(OWNER, '?fields=id')).body.sessions, [{ id }])
  for (const fields of ['', 'id,', 'bandyerRoomId', 'id,,title', 'ID', 'constructor', '__proto__', 'id title']) {
    const { status, code } = await list(OWNER, `?fields=${encodeURIComponent(fields)}`)
    t.same([status, code], [400, 'FST_ERR_VALIDATION'], fields)
  }
})

t.test('counts are those of all pages, as filtered', async (t) => {
  const { call, create, list } = await startSessions(t)
  for (let index = 0; index < 3; index++) await create(OWNER, at(10 + index * 10, { kind: 'session' }))
  const { id } = await create(OWNER, at(50))
  await create(OWNER, at(60, { participants: { number: 3, data: [PATIENT] } }))
  await call(OWNER, 'POST', `/sessions/${id}/end`)
  t.same((await list(OWNER, '?limit=1&counts=true')).body.counts, { incomplete: 1, planned: 3, open: 0, ended: 1 })
  t.same((await list(OWNER, '?limit=1&counts=true&kind=session')).body.counts, { incomplete: 0, planned: 3, open: 0, ended: 0 })
  t.same((await list(STRANGER, '?counts=true')).body.counts, { incomplete: 0, planned: 0, open: 0, ended: 0 })
  t.equal((await list(OWNER)).body.counts, undefined)
})

t.test('a query that is malformed is refused', async (t) => {
  const { list } = await startSessions(t)
  for (const query of ['limit=0', 'limit=101', 'limit=x', 'sort=title', 'state=over', 'kind=x', 'from=yesterday', 'to=2026-13-01T00:00:00Z', 'text=a', `text=${'x'.repeat(101)}`, 'counts=perhaps', 'participant=', 'type=']) {
    const { status, code } = await list(OWNER, `?${query}`)
    t.same([status, code], [400, 'FST_ERR_VALIDATION'], query)
  }
})

t.test('the holder of a personal link lists his one session', async (t) => {
  const { create, list, read } = await startSessions(t)
  const { id } = await create(OWNER, { title: 'A' })
  await create(OWNER, at(20, { title: 'B' }))
  const { mediaUrl } = (await read(DOCTOR_TOKEN, id)).body
  const { status, body } = await list(holding(mediaUrl), '?counts=true')
  t.equal(status, 200)
  t.equal(titles(body), 'A')
  t.equal(body.next, null)
  t.same(body.counts, { incomplete: 0, planned: 1, open: 0, ended: 0 })
  t.equal(body.sessions[0]?.mediaUrl, mediaUrl)
  for (const query of ['state=ended', 'text=zz', `from=${after(NOON, 11).toISOString()}`, `to=${after(NOON, 10).toISOString()}`]) t.same((await list(holding(mediaUrl), `?${query}`)).body.sessions, [], query)
  for (const query of ['state=planned', 'sort=-startAt', `from=${after(NOON, 10).toISOString()}`, `to=${after(NOON, 11).toISOString()}`]) t.equal(titles((await list(holding(mediaUrl), `?${query}`)).body), 'A', query)
})
