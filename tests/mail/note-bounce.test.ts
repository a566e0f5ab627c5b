import t from 'tap'
import { letterIds, messageHeaders, recipientOf } from '../../lib/mail/headers.ts'
import { changeTeleconsultation } from '../../lib/teleconsultations/change.ts'
import { createTeleconsultation } from '../../lib/teleconsultations/create.ts'
import { noteBounce } from '../../lib/teleconsultations/note-bounce.ts'
import { DATES, person } from '../support/operations.ts'
import type { Teardown } from '../support/service.ts'
import { storedWorld } from '../support/stored-operations.ts'

const KEY = { key: 'a key of this test', domain: 'clinic.example' }
const TO = 'patient@example.com'
const PEOPLE = { number: 2, people: [person('doctor', 'plus'), { ...person('patient'), email: TO }] }

/** Notifications to operations over a real storage, about a teleconsultation whose patient was written to. */
async function start (t: Teardown) {
  const made = await storedWorld(t)
  const { ports } = made
  const { id } = await createTeleconsultation(ports, async () => PEOPLE, DATES, made.context)
  const { messageId } = messageHeaders({ document: id, recipient: recipientOf({ externalId: 'patient', to: TO }), kind: 'invitation', sequence: 0, told: [] }, KEY)
  return {
    ...made,
    id,
    note: async (messageIds = [messageId]) => await noteBounce(ports, letterIds(KEY), { messageIds, recipient: TO, status: '5.1.1' }, made.context),
    failures: async () => (await ports.store.getAnywhere(id, made.context))?.control.mail?.failures,
    messageId
  }
}

t.test('while an operation is under way nothing is noted, since that would make it fail', async (t) => {
  const { ports, vendor, context, id, note, failures } = await start(t)
  let begin = () => {}
  const begun = new Promise<void>((resolve) => { begin = resolve })
  let go = () => {}
  const going = new Promise<void>((resolve) => { go = resolve })
  vendor.hooks.create = async (made) => {
    begin()
    await going
    return made()
  }
  const changing = changeTeleconsultation(ports, id, async () => ({ number: 2, people: [...PEOPLE.people.slice(1), person('other', 'plus')] }), {}, context)
  await begun
  await t.rejects(note(), { code: 'OPERATION_IN_PROGRESS', statusCode: 409 })
  go()
  t.equal((await changing).content.participants.length, 2)
  t.equal(await failures(), undefined)
  t.equal(await note(), 'noted')
  t.match(await failures(), [{ externalId: 'patient', of: TO, code: '5.1.1', bounced: true }])
})

t.test('who writes at the same time is not overwritten', async (t) => {
  const { ports, context, id, note, failures } = await start(t)
  const { replaceMail } = ports.store
  let writes = 0
  ports.store.replaceMail = async (current, mail, given) => {
    if (writes++ === 0) {
      const before = await ports.store.getAnywhere(id, context)
      if (before !== undefined) await replaceMail(before, { ...before.control.mail, due: 7 }, context)
    }
    return await replaceMail(current, mail, given)
  }
  t.equal(await note(), 'noted')
  t.equal(writes, 2)
  t.equal((await failures())?.length, 1)
  t.equal((await ports.store.getAnywhere(id, context))?.control.mail?.due, 7)
  ports.store.replaceMail = async () => 'changed'
  t.equal(await note(), 'known')
})

t.test('who always finds that others wrote gives up, and says so', async (t) => {
  const { ports, note } = await start(t)
  ports.store.replaceMail = async () => 'changed'
  await t.rejects(note(), { code: 'CONCURRENT_CHANGE', statusCode: 409 })
})

t.test('the first id that may be ours is looked up, and no other', async (t) => {
  const { ports, note, messageId, id } = await start(t)
  const { getAnywhere } = ports.store
  const asked: string[] = []
  ports.store.getAnywhere = async (document, context) => {
    asked.push(document)
    return await getAnywhere(document, context)
  }
  t.equal(await note(['<made-by@relay.example>', '<>', messageId.replace(id, 'nothing')]), 'unknown')
  t.equal(await note(['<made-by@relay.example>', messageId, messageId.replace(id, 'nothing')]), 'noted')
  t.equal(await note(['<made-by@relay.example>']), 'unknown')
  t.same(asked, ['nothing', id])
})
