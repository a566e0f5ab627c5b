import t from 'tap'
import { checkPrecondition, entityTagOf, preconditionOf } from '../../lib/domain/entity-tag.ts'
import type { Content, StoredParticipant } from '../../lib/domain/teleconsultation.ts'

const DOCTOR: StoredParticipant = { userExternalId: 'doctor-1', userBandyerId: '', accessLinkURL: null, groups: ['doctor'], fullName: 'Ada', language: 'it', privilege: 'plus' }
const PATIENT: StoredParticipant = { userExternalId: 'patient-1', userBandyerId: '', accessLinkURL: null, groups: ['patient'], privilege: 'basic' }
const CONTENT: Content = { number: 3, participants: [DOCTOR, PATIENT], startAt: new Date('2026-11-23T12:00:00.000Z'), endAt: new Date('2026-11-23T12:30:00.000Z') }
const TAG = entityTagOf(CONTENT)

t.test('a tag is strong, and holds nothing that has to be escaped', async (t) => {
  t.match(TAG, /^"[A-Za-z0-9_-]{20,}"$/)
})

t.test('what the service adds by itself does not change it', async (t) => {
  const withAccounts = CONTENT.participants.map((one) => ({ ...one, userBandyerId: `usr_${one.userExternalId}`, accessLinkURL: 'https://vendor.example/secret' }))
  t.equal(entityTagOf({ ...CONTENT, participants: withAccounts }), TAG)
  t.equal(entityTagOf(structuredClone(CONTENT)), TAG)
})

t.test('everything that a caller decides changes it', async (t) => {
  const doctor = (changes: Partial<StoredParticipant>) => ({ ...CONTENT, participants: [{ ...DOCTOR, ...changes }, PATIENT] })
  const others: Content[] = [
    { ...CONTENT, number: 4 },
    { ...CONTENT, startAt: new Date(CONTENT.startAt.getTime() + 1) },
    { ...CONTENT, endAt: new Date(CONTENT.endAt.getTime() + 1) },
    { ...CONTENT, participants: [DOCTOR] },
    { ...CONTENT, participants: [PATIENT, DOCTOR] },
    doctor({ userExternalId: 'doctor-2' }),
    doctor({ groups: ['doctor', 'patient'] }),
    doctor({ fullName: 'Bea' }),
    doctor({ language: undefined }),
    doctor({ privilege: 'basic' })
  ]
  t.equal(new Set([TAG, ...others.map(entityTagOf)]).size, others.length + 1)
})

t.test('participants of the original are told apart by the id that they have', async (t) => {
  const legacy = (userBandyerId: string) => entityTagOf({ ...CONTENT, participants: [{ userBandyerId, accessLinkURL: null }] })
  t.not(legacy('usr_a'), legacy('usr_b'))
})

t.test('If-Match holds for the tag among any others, and for a star', async (t) => {
  for (const header of [TAG, ` ${TAG} `, `"other", ${TAG}`, `${TAG},"other"`, '*', ' * ']) t.equal(preconditionOf(header)?.(CONTENT), true, header)
})

t.test('If-Match does not hold for other tags, weak ones and what is no tag', async (t) => {
  for (const header of ['"other"', `W/${TAG}`, TAG.slice(1, -1), '', '"*"', '"other", *']) t.equal(preconditionOf(header)?.(CONTENT), false, header)
})

t.test('without If-Match nothing is demanded', async (t) => {
  t.equal(preconditionOf(undefined), undefined)
  t.doesNotThrow(() => { checkPrecondition(undefined, CONTENT) })
  t.doesNotThrow(() => { checkPrecondition(() => true, CONTENT) })
  t.throws(() => { checkPrecondition(() => false, CONTENT) }, { code: 'PRECONDITION_FAILED', statusCode: 412 })
})
