import t from 'tap'
import { CLOSE_CODES, FILE_BYTES, FILE_PIECE_BYTES, FILE_PIECES_UNDER_WAY } from '../../schemas/signalling.ts'
import { hubSubject, type FakeBrowser } from '../support/embedded-hub.ts'

const FULL = 4 * 1024 * 1024

function frame (transfer: number, bytes: number, fill = 1): Uint8Array {
  const data = new Uint8Array(4 + bytes).fill(fill)
  new DataView(data.buffer).setUint32(0, transfer)
  return data
}

/** Ada has announced a file to Ben and Cy. */
function announced (size: number) {
  const subject = hubSubject()
  const [ada, ben, cy] = [subject.enter('usr_ada'), subject.enter('usr_ben'), subject.enter('usr_cy')] as const
  for (const one of [ada, ben, cy]) one.clear()
  ada.say({ type: 'file', name: 'x.pdf', size, mime: 'application/pdf' })
  const transfer = ada.heard('file-accepted')[0]?.transfer ?? 0
  return { ...subject, ada, ben, cy, transfer }
}

const types = (browser: FakeBrowser) => browser.received.map(message => message.type)

t.test('a file reaches everybody else in pieces, in order', async t => {
  const { ada, ben, cy, transfer } = announced(FILE_PIECE_BYTES + 10)
  ada.session.binary(frame(transfer, FILE_PIECE_BYTES, 1))
  ada.session.binary(frame(transfer, 10, 2))
  for (const one of [ben, cy]) {
    t.match(one.received, [{ type: 'file', transfer, name: 'x.pdf', size: FILE_PIECE_BYTES + 10, mime: 'application/pdf', snapshot: false }, { type: 'file-done', transfer }])
    t.same(one.frames.map(piece => [piece.byteLength, piece[4]]), [[FILE_PIECE_BYTES + 4, 1], [14, 2]])
  }
  t.same(ada.received.slice(1), [
    { type: 'file-progress', transfer, received: FILE_PIECE_BYTES },
    { type: 'file-progress', transfer, received: FILE_PIECE_BYTES + 10 },
    { type: 'file-done', transfer }
  ])
  t.same(ada.frames, [])
})

t.test('the sender goes on only when the slowest receiver has room', async t => {
  const { ada, ben, cy, transfer, time } = announced(FILE_BYTES)
  ada.clear()
  cy.bufferedAmount = FULL
  for (let i = 0; i < FILE_PIECES_UNDER_WAY; i++) ada.session.binary(frame(transfer, FILE_PIECE_BYTES))
  t.same(ada.received, [])
  t.equal(ben.frames.length, FILE_PIECES_UNDER_WAY)
  time.advance(1000)
  t.same(ada.received, [])
  cy.bufferedAmount = 0
  time.advance(1000)
  t.same(ada.received, [{ type: 'file-progress', transfer, received: FILE_PIECES_UNDER_WAY * FILE_PIECE_BYTES }])
  ada.session.binary(frame(transfer, FILE_PIECE_BYTES))
  t.equal(types(ada).at(-1), 'file-progress')
})

t.test('a slow receiver that leaves holds nobody up', async t => {
  const { ada, ben, cy, transfer, time } = announced(100)
  ada.clear()
  cy.bufferedAmount = FULL
  ada.session.binary(frame(transfer, 100))
  t.equal(types(ben).at(-1), 'file-done')
  t.same(types(ada), [])
  cy.session.closed()
  t.same(types(ada), ['file-progress', 'file-done', 'left'])
  time.advance(1000)
  t.equal(ada.received.length, 3)
})

t.test('more under way than allowed ends the transfer', async t => {
  const { ada, ben, cy, transfer } = announced(FILE_BYTES)
  cy.bufferedAmount = FULL
  for (let i = 0; i <= FILE_PIECES_UNDER_WAY; i++) ada.session.binary(frame(transfer, 10))
  for (const one of [ada, ben, cy]) t.same(one.heard('file-aborted'), [{ type: 'file-aborted', transfer }])
  t.equal(ada.closed, undefined)
  t.equal(ben.frames.length, FILE_PIECES_UNDER_WAY)
})

t.test('more bytes than announced end the transfer and are not relayed', async t => {
  const { ada, ben, transfer } = announced(15)
  ada.session.binary(frame(transfer, 10))
  ada.session.binary(frame(transfer, 10))
  t.equal(ben.frames.length, 1)
  t.same(types(ben), ['file', 'file-aborted'])
  t.equal(types(ada).at(-1), 'file-aborted')
})

t.test('pieces that were under way when a transfer ended are let go, a stream of them is not', async t => {
  const { ada, ben, transfer } = announced(1000)
  ada.say({ type: 'file-cancel', transfer })
  for (let i = 0; i < FILE_PIECES_UNDER_WAY; i++) ada.session.binary(frame(transfer, 10))
  t.equal(ada.closed, undefined)
  t.same(ben.frames, [])
  ada.session.binary(frame(transfer, 10))
  t.equal(ada.closed?.code, CLOSE_CODES.protocol)
})

t.test('a piece that is too long breaks the protocol', async t => {
  const { ada, ben, transfer } = announced(FILE_BYTES)
  ada.session.binary(frame(transfer, FILE_PIECE_BYTES + 1))
  t.equal(ada.closed?.code, CLOSE_CODES.protocol)
  t.same(types(ben), ['file', 'file-aborted', 'left'])
})

t.test('nobody can add a piece to another’s file', async t => {
  const { ada, ben, cy, transfer } = announced(1000)
  ben.session.binary(frame(transfer, 10))
  t.equal(ben.closed?.code, CLOSE_CODES.protocol)
  t.same(cy.frames, [])
  ada.session.binary(frame(transfer, 10))
  t.equal(cy.frames.length, 1)
})

t.test('a sender that leaves aborts the file for its receivers', async t => {
  const { ada, ben, cy } = announced(1000)
  ada.session.closed()
  for (const one of [ben, cy]) t.same(types(one), ['file', 'file-aborted', 'left'])
})

t.test('the last receiver that leaves aborts the file for its sender', async t => {
  const { ada, ben, cy } = announced(1000)
  ben.session.closed()
  t.notOk(types(ada).includes('file-aborted'))
  cy.session.closed()
  t.ok(types(ada).includes('file-aborted'))
})

t.test('the sender may cancel, and a receiver for themselves', async t => {
  const { ada, ben, cy, transfer } = announced(1000)
  ben.say({ type: 'file-cancel', transfer })
  t.same(types(ben), ['file', 'file-aborted'])
  ada.session.binary(frame(transfer, 10))
  t.same([ben.frames.length, cy.frames.length], [0, 1])
  ada.say({ type: 'file-cancel', transfer })
  t.same(types(cy), ['file', 'file-aborted'])
  t.equal(types(ada).at(-1), 'file-aborted')
  ada.say({ type: 'file-cancel', transfer })
  ada.say({ type: 'file-cancel', transfer: 4711 })
  t.notOk(types(ada).includes('refused'))
})

t.test('one file at a time leaves a person, and several people may send at once', async t => {
  const { ada, ben, cy, transfer } = announced(20)
  ada.say({ type: 'file', name: 'y', size: 1, mime: 'text/plain' })
  t.match(ada.heard('refused'), [{ re: 'file', code: 'TRANSFER_RUNNING' }])
  ben.say({ type: 'file', name: 'z', size: 5, mime: 'text/plain' })
  const second = ben.heard('file-accepted')[0]?.transfer ?? 0
  t.not(second, transfer)
  ben.session.binary(frame(second, 5, 9))
  ada.session.binary(frame(transfer, 20, 8))
  t.same(cy.frames.map(piece => piece[4]), [9, 8])
  ada.say({ type: 'file', name: 'y', size: 1, mime: 'text/plain' })
  t.equal(ada.heard('file-accepted').length, 2)
})

t.test('a newcomer takes no part in a file that runs', async t => {
  const { ada, enter, transfer } = announced(20)
  const dee = enter('usr_dee')
  ada.session.binary(frame(transfer, 20))
  t.same(types(dee), ['welcome'])
  t.same(dee.frames, [])
})

t.test('a file for nobody is refused', async t => {
  const { enter } = hubSubject()
  const ada = enter('usr_ada')
  ada.say({ type: 'file', name: 'x', size: 1, mime: 'text/plain' })
  t.match(ada.heard('refused'), [{ re: 'file', code: 'UNKNOWN_SEAT' }])
})

t.test('a file cut into single bytes is stopped', async t => {
  const { ada, ben, transfer } = announced(FILE_BYTES)
  for (let i = 0; i < 2001; i++) ada.session.binary(frame(transfer, 1))
  t.equal(ada.closed?.code, CLOSE_CODES.protocol)
  t.equal(ben.frames.length, 2000)
})

t.test('a room that is closed leaves no timer of a file behind', async t => {
  const { ada, cy, hub, transfer, time } = announced(1000)
  cy.bufferedAmount = FULL
  ada.session.binary(frame(transfer, 10))
  t.equal(time.timers(), 1)
  hub.closeRoom('room_for_tests')
  t.equal(time.timers(), 0)
})
