import t from 'tap'
import { checkAddress } from '../../lib/domain/mail-addresses.ts'
import { letterIds, messageHeaders, recipientOf, type MessageIdentity } from '../../lib/mail/headers.ts'

const MESSAGE: MessageIdentity = { document: '655f1e2a9c0b7d0012345678', recipient: 'ada', kind: 'change', sequence: 4, told: [1, 2, 0] }
const OPTIONS = { key: 'a key of this test', domain: 'clinic.example' }
const idOf = (changes: Partial<MessageIdentity> = {}, options: Partial<typeof OPTIONS> = {}) => messageHeaders({ ...MESSAGE, ...changes }, { ...OPTIONS, ...options }).messageId

t.test('the same message has the same id, and every other one another', async (t) => {
  t.equal(idOf(), idOf({ minutesBefore: undefined, repeat: undefined }))
  t.equal(idOf(), idOf({ repeat: 0 }))
  const others = [
    idOf({ document: '655f1e2a9c0b7d0012345679' }), idOf({ recipient: 'bo' }), idOf({ kind: 'invitation' }), idOf({ sequence: 5 }), idOf({ repeat: 1 }),
    idOf({ kind: 'reminder', minutesBefore: 10 }), idOf({ kind: 'reminder', minutesBefore: 1440 }), idOf({}, { key: 'another' }),
    idOf({ told: [3, 4, 0] }), idOf({ document: 'a', recipient: 'b","c' }), idOf({ document: 'a","b', recipient: 'c' })
  ]
  t.equal(new Set([idOf(), ...others]).size, others.length + 1)
})

t.test('an id is one of RFC 5322, and tells neither who nor what', async (t) => {
  t.match(idOf({ recipient: 'ada@example.com\r\nBcc: x' }), /^<[A-Za-z0-9_-]{44}\.655f1e2a9c0b7d0012345678@clinic\.example>$/)
  t.match(idOf({ document: 'no id\r\nBcc: x' }), /^<[A-Za-z0-9_-]{44}@clinic\.example>$/)
  t.match(idOf({}, { domain: 'Bücher.example' }), /@xn--bcher-kva\.example>$/)
  t.match(idOf({}, { domain: 'localhost' }), /@localhost>$/)
  for (const domain of ['', 'a b', 'a.example>\r\nBcc: x', 'a..b', '-a.example']) t.throws(() => idOf({}, { domain }), { name: 'TypeError', message: 'The domain of message ids is a domain' })
})

t.test('all messages about one session to one person are gathered, and no others', async (t) => {
  const threadOf = (changes: Partial<MessageIdentity> = {}) => messageHeaders({ ...MESSAGE, ...changes }, OPTIONS).references
  const messages = [{}, { kind: 'reminder', minutesBefore: 10 }, { kind: 'invitation', sequence: 2, repeat: 1 }, { kind: 'cancellation', told: [] }] as const
  t.equal(new Set(messages.map(threadOf)).size, 1)
  t.not(threadOf({ recipient: 'bo' }), threadOf())
  t.not(threadOf({ document: 'another' }), threadOf())
  for (const message of messages) t.not(idOf(message), threadOf())
})

t.test('an id leads to the session and to the person at his address, and to nobody else', async (t) => {
  const ids = letterIds(OPTIONS)
  const ada = { externalId: 'ada', to: 'ada@example.com' }
  const { messageId, references } = messageHeaders({ ...MESSAGE, recipient: recipientOf(ada) }, OPTIONS)
  for (const id of [messageId, references, messageId.replace('@clinic.example', '@relay.example')]) {
    t.equal(ids.documentOf(id), MESSAGE.document)
    t.ok(ids.isTo(id, MESSAGE.document, ada))
    t.notOk(ids.isTo(id, MESSAGE.document, { ...ada, to: 'ada@example.org' }))
    t.notOk(ids.isTo(id, MESSAGE.document, { ...ada, externalId: 'bo' }))
    t.notOk(ids.isTo(id, '655f1e2a9c0b7d0012345679', ada))
    t.notOk(letterIds({ key: 'another' }).isTo(id, MESSAGE.document, ada))
  }
})

t.test('what anybody can write is no id of ours', async (t) => {
  const ids = letterIds(OPTIONS)
  const ada = { externalId: 'ada', to: 'ada@example.com' }
  const { messageId } = messageHeaders({ ...MESSAGE, recipient: recipientOf(ada) }, OPTIONS)
  const forged = [
    `<${'A'.repeat(44)}.${MESSAGE.document}@clinic.example>`, messageId.replace('<', '<A').replace(/.\./, '.'), messageId.replace(MESSAGE.document, '655f1e2a9c0b7d0012345679'),
    '', '<>', '<a@b>', `<.${MESSAGE.document}@clinic.example>`, messageId.slice(1), `${messageId} `, messageId.replace('@', '@ '), messageId.replace(MESSAGE.document, '../x'), messageId.replace('.', '..'), `<${'é'.repeat(22)}.x@y>`
  ]
  for (const id of forged) {
    t.notOk(ids.isTo(id, ids.documentOf(id) ?? MESSAGE.document, ada), id)
  }
  t.same(forged.slice(3).map(ids.documentOf), forged.slice(3).map(() => undefined))
})

t.test('no holiday notice is to answer', async (t) => {
  t.same(messageHeaders(MESSAGE, OPTIONS).headers, { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' })
})

t.test('the address of one mailbox is one', async (t) => {
  const good = [
    'ada@example.com', 'a.b+tag@sub.example.co.uk', "o'neil_&-x@example.org", 'ada@bücher.example', 'ada@xn--bcher-kva.example', 'ada@例え.テスト', 'ADA@EXAMPLE.COM',
    `${'a'.repeat(64)}@example.com`, `a@${'b'.repeat(63)}.example`, `a@${`${'b'.repeat(49)}.`.repeat(5)}xy`, '1@2.3x', 'a@1.example'
  ]
  for (const address of good) t.ok(checkAddress(address), address)
})

t.test('lists, comments, names, quotes, controls and what is too long are no address', async (t) => {
  const bad = [
    '', '@', 'ada', 'ada@', '@example.com', 'ada@localhost', 'ada@example..com', 'ada@.example.com', 'ada@example.com.', '.ada@example.com', 'ada.@example.com', 'a..b@example.com',
    'ada@example.com,bo@example.com', 'ada@example.com;bo@example.com', 'ada@example.com bo@example.com', 'a@b@example.com', 'Ada <ada@example.com>', '<ada@example.com>',
    'ada@example.com (home)', '(x)ada@example.com', '"ada rossi"@example.com', '"ada"@example.com', 'mailto:ada@example.com', 'ada@[192.0.2.1]', 'ada@192.0.2.1', 'ada@0x7f.1',
    'ada@exa_mple.com', 'ada@-example.com', 'ada@example-.com', 'ada@exa%6dple.com', 'ada@example。com', 'jörg@example.com',
    'ada@example.com\r\nBcc: eve@example.com', 'ada\n@example.com', 'ada\0@example.com', ' ada@example.com', 'ada@example.com ', 'ada@exa\u200bmple.com', 'ada@exa\u202emple.com', 'ada@\ud83d.com',
    `${'a'.repeat(65)}@example.com`, `a@${'b'.repeat(64)}.example`, `a@${`${'b'.repeat(49)}.`.repeat(5)}xyz`, `a@${'ü.'.repeat(60)}example`, `${'a'.repeat(1_000_000)}@`, 'a@'.repeat(500_000)
  ]
  for (const address of bad) t.notOk(checkAddress(address), JSON.stringify(address.slice(0, 60).toWellFormed()))
})
