import t from 'tap'
import { breaker, REFUSED, type Breaker } from '../../lib/http/breaker.ts'

function subject (random: () => number = () => 0) {
  let ms = 1_000_000
  const changes: string[] = []
  const circuit = breaker({ now: () => ms, random, onChange: (change) => { changes.push(change) } })
  return { circuit, changes, pass: (passedMs: number) => { ms += passedMs } }
}

const fail = (circuit: Breaker, times = 1) => { for (let i = 0; i < times; i++) circuit.failed(circuit.enter()) }
const succeed = (circuit: Breaker, times = 1) => { for (let i = 0; i < times; i++) circuit.succeeded(circuit.enter()) }
const probe = (circuit: Breaker) => {
  const ticket = circuit.enter()
  return ticket === REFUSED ? undefined : ticket
}

t.test('twenty failures open it, nineteen do not', async (t) => {
  const { circuit, changes } = subject()
  fail(circuit, 19)
  t.equal(circuit.isClosed(), true)
  fail(circuit)
  t.equal(circuit.isClosed(), false)
  t.equal(circuit.enter(), REFUSED)
  t.same(changes, ['opened'])
})

t.test('half of the answers have to fail', async (t) => {
  const { circuit } = subject()
  succeed(circuit, 21)
  fail(circuit, 20)
  t.equal(circuit.isClosed(), true)
  fail(circuit)
  t.equal(circuit.isClosed(), false)
})

t.test('a success never opens it', async (t) => {
  const { circuit } = subject()
  fail(circuit, 15)
  succeed(circuit, 15)
  t.equal(circuit.isClosed(), true)
})

t.test('what is older than ten seconds is forgotten', async (t) => {
  const { circuit, pass } = subject()
  fail(circuit, 10)
  pass(5000)
  fail(circuit, 9)
  pass(5000)
  fail(circuit, 10)
  t.equal(circuit.isClosed(), true)
  fail(circuit)
  t.equal(circuit.isClosed(), false)
})

t.test('what is nine seconds old still counts', async (t) => {
  const { circuit, pass } = subject()
  fail(circuit, 10)
  pass(9000)
  fail(circuit, 10)
  t.equal(circuit.isClosed(), false)
})

t.test('a silence of days leaves nothing behind', async (t) => {
  const { circuit, pass } = subject()
  succeed(circuit, 1000)
  pass(3 * 86_400_000 + 4321)
  fail(circuit, 19)
  t.equal(circuit.isClosed(), true)
  fail(circuit)
  t.equal(circuit.isClosed(), false)
})

t.test('who is called off counts as neither', async (t) => {
  const { circuit } = subject()
  fail(circuit, 19)
  for (let i = 0; i < 100; i++) circuit.calledOff(circuit.enter())
  t.equal(circuit.isClosed(), true)
  fail(circuit)
  t.equal(circuit.isClosed(), false)
})

t.test('after two seconds one probe goes through, and no second beside it', async (t) => {
  const { circuit, pass } = subject()
  fail(circuit, 20)
  pass(1999)
  t.equal(probe(circuit), undefined)
  pass(1)
  t.type(probe(circuit), 'number')
  t.equal(probe(circuit), undefined)
  pass(60_000)
  t.equal(probe(circuit), undefined)
})

t.test('a probe that succeeds closes it, with nothing held against the upstream', async (t) => {
  const { circuit, changes, pass } = subject()
  fail(circuit, 20)
  pass(2000)
  succeed(circuit)
  t.equal(circuit.isClosed(), true)
  t.same(changes, ['opened', 'closed'])
  fail(circuit, 19)
  t.equal(circuit.isClosed(), true)
})

t.test('pauses double up to fifteen seconds while probes fail', async (t) => {
  const { circuit, changes, pass } = subject()
  fail(circuit, 20)
  for (const pauseMs of [2000, 4000, 8000, 15_000, 15_000]) {
    pass(pauseMs - 1)
    t.equal(probe(circuit), undefined, `${pauseMs}`)
    pass(1)
    fail(circuit)
  }
  t.same(changes, ['opened'])
})

t.test('the next outage begins with a short pause again', async (t) => {
  const { circuit, pass } = subject()
  fail(circuit, 20)
  pass(2000)
  fail(circuit)
  pass(4000)
  succeed(circuit)
  fail(circuit, 20)
  pass(2000)
  t.type(probe(circuit), 'number')
})

t.test('jitter shortens a pause by a quarter at the most', async (t) => {
  const { circuit, pass } = subject(() => 0.999999)
  fail(circuit, 20)
  pass(1499)
  t.equal(probe(circuit), undefined)
  pass(2)
  t.type(probe(circuit), 'number')
})

t.test('a probe that is called off leaves its place to the next request at once', async (t) => {
  const { circuit, pass } = subject()
  fail(circuit, 20)
  pass(2000)
  circuit.calledOff(circuit.enter())
  t.equal(circuit.isClosed(), false)
  succeed(circuit)
  t.equal(circuit.isClosed(), true)
})

t.test('late answers neither close it nor disturb a probe', async (t) => {
  const { circuit, pass } = subject()
  const late = [circuit.enter(), circuit.enter(), circuit.enter()] as const
  fail(circuit, 20)
  circuit.succeeded(late[0])
  t.equal(circuit.isClosed(), false)
  pass(2000)
  const ticket = circuit.enter()
  circuit.failed(late[1])
  circuit.calledOff(late[2])
  t.equal(probe(circuit), undefined)
  circuit.succeeded(ticket)
  t.equal(circuit.isClosed(), true)
})

t.test('late failures are not held against an upstream that is back', async (t) => {
  const { circuit, pass } = subject()
  const late = Array.from({ length: 30 }, () => circuit.enter())
  fail(circuit, 20)
  pass(2000)
  succeed(circuit)
  for (const ticket of late) circuit.failed(ticket)
  t.equal(circuit.isClosed(), true)
})
