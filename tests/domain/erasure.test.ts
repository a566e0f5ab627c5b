import t from 'tap'
import { isAbout, withoutNames, withoutSubject, type Subject } from '../../lib/domain/erasure.ts'
import type { Content, Control, StoredParticipant } from '../../lib/domain/teleconsultation.ts'

const ADA: StoredParticipant = { userExternalId: 'ada', userBandyerId: 'usr_1', accessLinkURL: 'https://vendor.example/1', groups: ['doctor'], fullName: 'Ada Rossi', language: 'it', privilege: 'plus', email: 'ada@example.com', timeZone: 'Europe/Rome' }
const BEN: StoredParticipant = { userExternalId: 'ben', userBandyerId: 'usr_2', accessLinkURL: 'https://vendor.example/2', groups: ['patient'], fullName: 'Ben Verdi', privilege: 'basic' }
const SUBJECT: Subject = { externalId: 'ada', accounts: new Set(['usr_1']) }
const content = (...participants: StoredParticipant[]): Content => ({ number: 2, participants, startAt: new Date(0), endAt: new Date(1) })
const control = (more: Partial<Control> = {}): Control => ({ phase: 'READY', sealed: true, epoch: 1, applied: [], garbage: [], provider: 'embedded', ...more })
const told = (externalId: string, to: string) => ({ externalId, to, fullName: externalId === 'ada' ? 'Ada Rossi' : 'Ben Verdi', sequence: 0, startAt: 0, endAt: 1, link: 0, at: 0 })

t.test('a document is about whoever stands anywhere in it', async (t) => {
  t.ok(isAbout({ content: content(ADA, BEN), control: control() }, SUBJECT), 'takes part')
  t.notOk(isAbout({ content: content(BEN), control: control() }, SUBJECT))
  for (const [what, more] of Object.entries({
    owner: { session: { owner: 'ada' } },
    standing: { session: { standings: [{ externalId: 'ada' }] } },
    letter: { mail: { told: [told('ada', 'ada@example.com')] } },
    failure: { mail: { failures: [{ externalId: 'ada', of: 'invitation', count: 1, at: 0, code: '550' }] } },
    'list under way': { operation: { id: 'o', kind: 'change' as const, epoch: 2, leaseUntil: 0, startedAt: 0, content: content(ADA) } },
    'session under way': { operation: { id: 'o', kind: 'change' as const, epoch: 2, leaseUntil: 0, startedAt: 0, session: { owner: 'ada' } } }
  })) t.ok(isAbout({ content: content(BEN), control: control(more) }, SUBJECT), what)
})

t.test('in a document of the original a person is found by his account, and by nothing else where he has an id', async (t) => {
  const { userExternalId: _id, ...original } = ADA
  t.ok(isAbout({ content: content(original), control: control() }, SUBJECT))
  t.notOk(isAbout({ content: content({ ...BEN, userBandyerId: 'usr_1' }), control: control() }, SUBJECT), 'somebody else, whatever his account')
})

t.test('what is left of him is a seat without anything that is his', async (t) => {
  const document = {
    content: content(ADA, BEN),
    control: control({
      session: { owner: 'ada', title: 'Visit of Ada Rossi', description: 'Signora rossi, ada@example.com', standings: [{ externalId: 'ada', removedAt: 5, link: 2, organisation: 'ward' }, { externalId: 'ben', link: 1 }] },
      mail: { due: 7, told: [told('ada', 'ada@example.com'), told('ben', 'ben@example.com')], failures: [{ externalId: 'ada', of: 'x', count: 1, at: 0, code: '550' }] }
    })
  }
  const before = structuredClone(document)
  const after = withoutSubject(document, SUBJECT, 'erased-1')
  t.same(document, before, 'nothing that was given is changed')
  t.same(after.content.participants, [{ userExternalId: 'erased-1', userBandyerId: 'erased-1', accessLinkURL: null, privilege: 'plus', groups: ['doctor'] }, BEN])
  t.equal(after.content.number, 2)
  t.same(after.control.session?.standings, [{ externalId: 'erased-1', removedAt: 5 }, { externalId: 'ben', link: 1 }])
  t.equal(after.control.session?.owner, undefined)
  t.equal(after.control.session?.title, 'Visit of …')
  t.equal(after.control.session?.description, 'Signora …, …')
  t.same(after.control.mail, { due: 7, told: [told('ben', 'ben@example.com')], failures: [] })
  t.notOk(isAbout(after, SUBJECT))
  t.notMatch(JSON.stringify(after), /ada|usr_1|vendor\.example\/1|Europe/i)
})

t.test('names leave a text as words, and take no others with them', async (t) => {
  t.equal(withoutNames('Anna and Annabel', ['Anna Li']), '… and Annabel')
  t.equal(withoutNames('Li is not a word that is a name', ['Anna Li']), 'Li is not a word that is a name')
  t.equal(withoutNames('Anna Li came', ['Anna Li']), '… came', 'but the whole name is')
  t.equal(withoutNames('JOSÉ came', ['Jose\u0301 García']), '… came', 'whatever form its accents have')
  t.equal(withoutNames('D’Angelo (Maria)', ['Maria D’Angelo']), 'D’… (…)')
  t.equal(withoutNames('a.b+c@example.com wrote', ['a.b+c@example.com']), '… wrote')
  t.equal(withoutNames('axb+c@example.com wrote', ['a.b+c@example.com']), 'axb+c@example.com wrote')
  t.equal(withoutNames('nothing', []), 'nothing')
  t.equal(withoutNames('nothing', ['  ']), 'nothing')
})
