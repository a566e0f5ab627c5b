import { randomUUID } from 'node:crypto'
import t from 'tap'
import { recordingOf, roomNames } from '../../lib/providers/daily/room-names.ts'

const names = roomNames('only for tests of names')
const MARKER = 'clinic-north|0192d7a4-7f5c-4b9e-8a31-5f2c9d0e6b71|66f2b1c0a1b2c3d4e5f60718|3'

t.test('one marker has one name, which Daily takes', async (t) => {
  const name = names.nameOf(MARKER, 'none')
  t.equal(roomNames('only for tests of names').nameOf(MARKER, 'none'), name)
  t.match(name, /^[A-Za-z0-9_-]{1,128}$/)
  // By OpenSSL, from the description: rooms that were made once have to be found for ever.
  t.equal(name, 'tcn-VSsmfaGCoiUd7b3xFBbu5tsJqdZY_LhUWNy9Hd6DrAjcUl6ouf79Iai-4hyqdW2k')
  t.equal(new Set(['none', 'manual', 'automatic'].map((kind) => names.nameOf(MARKER, kind as 'none'))).size, 3)
  t.notMatch(name, /clinic|0192|66f2/)
})

t.test('a name is read back by who has the secret and the deployment, and by nobody else', async (t) => {
  const name = names.nameOf(MARKER, 'automatic')
  t.equal(names.markerOf(name, 'clinic-north'), MARKER)
  t.equal(recordingOf(name), 'automatic')
  t.equal(names.markerOf(name, 'clinic'), undefined)
  t.equal(roomNames('another secret').markerOf(name, 'clinic-north'), undefined)
  t.not(roomNames('another secret').nameOf(MARKER, 'automatic'), name)
})

t.test('names of neighbouring markers have nothing in common', async (t) => {
  const [a = '', b = ''] = [1, 2].map((epoch) => names.nameOf(`d|1|1|${epoch}`, 'none').slice(4))
  const alike = [...a].filter((character, at) => character === b[at]).length
  t.ok(alike < a.length / 2, `${a} and ${b}`)
})

t.test('any part of a marker comes back as it was', async (t) => {
  const parts = ['1', 'dd', '10', 'DD', 'op-1', 'è', '', 'a'.repeat(40), '00', randomUUID(), randomUUID().toUpperCase(), 'f'.repeat(24)]
  for (const part of parts) {
    const marker = `clinic|${part}|op-1|1`
    t.equal(names.markerOf(names.nameOf(marker, 'none'), 'clinic'), marker, part)
  }
  t.equal(names.markerOf(names.nameOf('clinic', 'none'), 'clinic'), 'clinic')
})

t.test('every change of a name makes it a stranger’s', async (t) => {
  const name = names.nameOf(MARKER, 'none')
  for (let at = 0; at < name.length; at++) {
    const changed = name.slice(0, at) + (name[at] === 'x' ? 'y' : 'x') + name.slice(at + 1)
    t.equal(names.markerOf(changed, 'clinic-north'), undefined, String(at))
    t.equal(names.markerOf(name.slice(0, at), 'clinic-north'), undefined)
  }
  for (const foreign of ['hello', 'tcn-', 'tcn-hello', `tcn-${'A'.repeat(60)}`, 'w2pp2cf4kltgFACPKXmX']) t.equal(names.markerOf(foreign, 'clinic-north'), undefined)
})

t.test('the longest deployment with two UUIDs fits, and what does not is refused', async (t) => {
  t.match(names.nameOf(`${'d'.repeat(64)}|${randomUUID()}|${randomUUID()}|999999`, 'none'), /^.{1,128}$/)
  for (const length of [80, 400]) t.throws(() => names.nameOf(`d|${'x'.repeat(length)}|op|1`, 'none'), { code: 'CAPABILITY_LIMIT', statusCode: 422 })
})
