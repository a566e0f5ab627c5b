import t from 'tap'
import { CLOSE_CODES } from '../../schemas/signalling.ts'
import { connectFake, hubSubject, PEOPLE, ROOM, seatOf, START } from '../support/embedded-hub.ts'

t.test('a newcomer is told who is here, and the others who came', async t => {
  const { enter } = hubSubject()
  const ada = enter('usr_ada', { language: 'it' })
  const ben = enter('usr_ben', { privilege: 'basic', tools: ['chat'] })

  const welcome = ben.heard('welcome')[0]
  t.match(welcome, { tools: ['chat'], language: null, presented: null, iceServers: [], endsAt: null, now: START.toISOString() })
  t.match(welcome?.you, { name: 'Name of usr_ben', privilege: 'basic', microphone: false, camera: false, screen: null })
  t.same(welcome?.people, [ada.heard('welcome')[0]?.you])
  t.equal(ada.heard('welcome')[0]?.language, 'it')
  t.same(ada.heard('joined').map(one => one.person), [welcome?.you])
  t.not(seatOf(ada), 'usr_ada')
})

t.test('who does not join within ten seconds is sent away', async t => {
  const { hub, time, enter } = hubSubject()
  const silent = connectFake(hub, ROOM)
  const ada = enter('usr_ada')
  time.advance(9_999)
  t.equal(silent.closed, undefined)
  time.advance(1)
  t.same(silent.closed, { code: CLOSE_CODES.refused, reason: 'refused' })
  t.equal(ada.closed, undefined)
})

t.test('a token that does not hold gives no way in', async t => {
  const subject = hubSubject()
  const cases: [string, string][] = [
    ['nonsense', 'nonsense'],
    ['of another room', subject.tokens.sign(subject.claims('usr_ada', { room: 'room_other' }))],
    ['expired', subject.tokens.sign(subject.claims('usr_ada', { exp: START.getTime() / 1000 }))],
    ['not yet valid', subject.tokens.sign(subject.claims('usr_ada', { nbf: START.getTime() / 1000 + 1 }))],
    ['of somebody who does not take part', subject.tokens.sign(subject.claims('usr_stranger'))]
  ]
  for (const [what, token] of cases) {
    const browser = connectFake(subject.hub, ROOM)
    browser.say({ type: 'join', token })
    t.equal(browser.closed?.code, CLOSE_CODES.refused, what)
    t.same(browser.received, [], what)
  }
  t.equal(subject.hub.activity(ROOM).people, 0)
})

t.test('a first message other than join is refused', async t => {
  const { hub } = hubSubject()
  const browser = connectFake(hub, ROOM)
  browser.say({ type: 'chat', text: 'hello' })
  t.equal(browser.closed?.code, CLOSE_CODES.refused)
})

t.test('a deleted room lets nobody in', async t => {
  const { rooms, enter } = hubSubject()
  rooms.delete(ROOM)
  t.equal(enter('usr_ada').closed?.code, CLOSE_CODES.roomClosed)
})

t.test('an unreadable registry asks to come back and lets nobody in', async t => {
  const { rooms, enter, logged } = hubSubject()
  rooms.close()
  t.equal(enter('usr_ada').closed?.code, CLOSE_CODES.restarting)
  t.equal(logged.length, 1)
})

t.test('the same participant from elsewhere replaces the older connection', async t => {
  const { enter, hub } = hubSubject()
  const ben = enter('usr_ben')
  const older = enter('usr_ada')
  const newer = enter('usr_ada')
  t.equal(older.closed?.code, CLOSE_CODES.replaced)
  t.equal(newer.closed, undefined)
  t.same(newer.heard('welcome')[0]?.people.map(one => one.seat), [seatOf(ben)])
  t.same(ben.heard('left').map(one => one.seat), [seatOf(older)])
  older.session.closed()
  t.equal(hub.activity(ROOM).people, 2)
})

t.test('a full room turns the seventh away, and takes one of the six back', async t => {
  const { enter, hub } = hubSubject()
  const six = PEOPLE.slice(0, 6).map(sub => enter(sub))
  t.equal(enter('usr_gus').closed?.code, CLOSE_CODES.full)
  t.ok(six.every(one => one.closed === undefined))
  t.equal(enter('usr_ada').closed, undefined)
  t.equal(hub.activity(ROOM).people, 6)
})

t.test('who leaves is announced, and presented no more', async t => {
  const { enter } = hubSubject()
  const ada = enter('usr_ada')
  const ben = enter('usr_ben')
  ada.say({ type: 'present', seat: seatOf(ben) })
  ben.say({ type: 'leave' })
  t.equal(ben.closed?.code, 1000)
  t.same(ada.heard('left').map(one => one.seat), [seatOf(ben)])
  t.equal(enter('usr_cy').heard('welcome')[0]?.presented, null)
})

t.test('a room of limited duration ends for everybody at its end', async t => {
  const { enter, time } = hubSubject({ durationSeconds: 600 })
  const ada = enter('usr_ada')
  const ben = enter('usr_ben')
  t.equal(ada.heard('welcome')[0]?.endsAt, new Date(START.getTime() + 600_000).toISOString())
  time.advance(599_999)
  t.equal(ada.closed, undefined)
  time.advance(1)
  t.same([ada.closed?.code, ben.closed?.code], [CLOSE_CODES.roomClosed, CLOSE_CODES.roomClosed])
  t.equal(enter('usr_ada').closed?.code, CLOSE_CODES.roomClosed)
  t.equal(time.timers(), 0)
})

t.test('a room without limit stays open past its planned end', async t => {
  const { enter, time } = hubSubject()
  const ada = enter('usr_ada')
  time.advance(10 * 3600_000)
  t.equal(ada.closed, undefined)
})

t.test('an end farther away than a timer reaches does not come early', async t => {
  const { enter, time } = hubSubject({ durationSeconds: 40 * 86_400 })
  const ada = enter('usr_ada')
  time.advance(39 * 86_400_000)
  t.equal(ada.closed, undefined)
  time.advance(86_400_000)
  t.equal(ada.closed?.code, CLOSE_CODES.roomClosed)
})

t.test('a change sends out who no longer takes part and moves the end', async t => {
  const { enter, hub, rooms, time } = hubSubject()
  const ada = enter('usr_ada')
  const ben = enter('usr_ben')
  rooms.change(ROOM, { startAt: START, endAt: START, durationSeconds: 60, participantIds: ['usr_ben'] })
  hub.refresh(ROOM)
  t.equal(ada.closed?.code, CLOSE_CODES.removed)
  t.equal(ben.closed, undefined)
  time.advance(60_000)
  t.equal(ben.closed?.code, CLOSE_CODES.roomClosed)
})

t.test('time counts as used while two or more are inside', async t => {
  const { enter, hub, rooms, time } = hubSubject()
  enter('usr_ada')
  time.advance(5_000)
  const ben = enter('usr_ben')
  time.advance(7_000)
  t.same(hub.activity(ROOM), { people: 2, usedMs: 7_000 })
  ben.session.closed()
  time.advance(20_000)
  t.same(hub.activity(ROOM), { people: 1, usedMs: 0 })
  t.equal(rooms.get(ROOM)?.usedMs, 7_000)
})

t.test('a registry that fails meanwhile loses the used time and nothing else', async t => {
  const { enter, rooms, logged, hub } = hubSubject()
  const ada = enter('usr_ada')
  const ben = enter('usr_ben')
  rooms.close()
  ben.session.closed()
  t.equal(logged.filter(line => line.includes('used time')).length, 1)
  t.equal(ada.closed, undefined)
  t.equal(hub.activity(ROOM).people, 1)
})

t.test('a closing hub asks everybody to come back, and newcomers too', async t => {
  const { enter, hub, time } = hubSubject()
  const ada = enter('usr_ada')
  const waiting = connectFake(hub, ROOM)
  hub.close()
  t.equal(ada.closed?.code, CLOSE_CODES.restarting)
  t.equal(waiting.closed?.code, CLOSE_CODES.restarting)
  t.equal(connectFake(hub, ROOM).closed?.code, CLOSE_CODES.restarting)
  t.equal(time.timers(), 0)
})

t.test('the log holds neither names nor tokens nor texts', async t => {
  const { enter, logged } = hubSubject()
  const ada = enter('usr_ada')
  ada.say({ type: 'chat', text: 'a secret word' })
  ada.say({ type: 'leave' })
  t.equal(logged.length, 2)
  t.notMatch(logged.join(), /usr_|Name of|secret|eyJ/)
  t.notMatch(logged.join(), ROOM)
})
