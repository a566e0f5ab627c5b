import t from 'tap'
import { PERMISSION_NAMES, type PermissionName } from '../../schemas/permissions.ts'
import type { GuestLink, Ruled, SessionView } from '../../schemas/session.ts'
import { ADMIN, as, DOCTOR_TOKEN, holding, OWNER, PATIENT_TOKEN, sessionCalls, startSessions, STRANGER, TOKENS, type Headers, type SessionService } from '../support/session-callers.ts'
import { follow, startProviderWorld } from '../support/providers-world.ts'
import { after, NOON } from '../support/service.ts'

const BEHIND_TOKENS = { ...TOKENS, AUTHORIZATION: 'sessions' }

const ruling = async ({ call }: Pick<SessionService, 'call'>, id: string, permissions: Partial<Record<PermissionName, boolean>>, caller: Headers = OWNER, who = 'patient-1') =>
  await call<Ruled>(caller, 'PATCH', `/sessions/${id}/participants/${who}`, { permissions })
const permissionsOf = async ({ read }: Pick<SessionService, 'read'>, id: string, who = 'patient-1') =>
  (await read(OWNER, id)).body.participants.find(({ userExternalId }) => userExternalId === who)?.permissions

/** The link that his page is given. */
async function wayIn ({ service, read }: SessionService, caller: Headers, id: string): Promise<string> {
  const answer = await follow(service, String((await read(caller, id)).body.mediaUrl))
  return answer.json<{ accessLinkURL?: string }>().accessLinkURL ?? `${answer.statusCode} ${answer.json<{ code?: string }>().code}`
}

/** What the embedded room's token in a link says. */
const claimsIn = (link: string) => JSON.parse(Buffer.from(link.split('#')[1]?.split('.')[1] ?? '', 'base64url').toString()) as { tools: string[], revocations?: number }

t.test('participants begin with their privilege’s tools and with no permission over the session', async (t) => {
  const sessions = await startSessions(t)
  const { id } = await sessions.create(OWNER)
  const usual = Object.fromEntries(PERMISSION_NAMES.map((name) => [name, ['canScreenShare', 'canChat', 'canUploadFiles'].includes(name)]))
  for (const who of ['doctor-1', 'patient-1']) t.same(await permissionsOf(sessions, id, who), usual)
})

t.test('what is granted is added, what is taken goes, and the rest stays', async (t) => {
  const sessions = await startSessions(t)
  const { id } = await sessions.create(OWNER)
  const usual = await permissionsOf(sessions, id)
  const granted = await ruling(sessions, id, { canEndSession: true, canChat: false })
  t.equal(granted.status, 200)
  t.equal(granted.body.takesEffect, 'now')
  t.same(granted.body.participant?.permissions, { ...usual, canEndSession: true, canChat: false })
  t.equal((await ruling(sessions, id, { canEndSession: false, canAdmit: true })).status, 200)
  t.same(await permissionsOf(sessions, id), { ...usual, canChat: false, canAdmit: true })
  t.same(await permissionsOf(sessions, id, 'doctor-1'), usual, 'nobody else’s')
})

t.test('the tools in the way in follow while the call runs, and every revocation counts once', async (t) => {
  const sessions = await startSessions(t)
  const { id } = await sessions.create(OWNER)
  sessions.service.setClock(after(NOON, 11))
  const rights = async () => {
    const { tools, revocations } = claimsIn(await wayIn(sessions, PATIENT_TOKEN, id))
    return { tools: ['chat', 'screen_sharing', 'file_upload'].filter((tool) => tools.includes(tool)), revocations }
  }
  t.match(await rights(), { tools: ['chat', 'screen_sharing', 'file_upload'] })
  for (const [permissions, tools, revocations] of [
    [{ canScreenShare: false }, ['chat', 'file_upload'], 1], [{ canScreenShare: false }, ['chat', 'file_upload'], 1], [{ canChat: false, canUploadFiles: false }, [], 2],
    [{ canChat: true }, ['chat'], 2], [{ canEndSession: true }, ['chat'], 2], [{ canEndSession: false }, ['chat'], 2], [{ canChat: false }, [], 3]
  ] as const) {
    t.equal((await ruling(sessions, id, permissions)).status, 200)
    t.same(await rights(), { tools, revocations }, JSON.stringify(permissions))
  }
  t.match(claimsIn(await wayIn(sessions, DOCTOR_TOKEN, id)).tools, ['chat', 'screen_sharing', 'file_upload'])
})

t.test('the answer says when a decision binds at each provider', async (t) => {
  const world = await startProviderWorld(t)
  for (const [provider, ruled, removed] of [['bandyer', 'next-room', 'next-entry'], ['daily', 'now', 'now'], ['livekit', 'now', 'now'], ['jitsi', 'next-entry', 'next-entry']] as const) {
    world.setClock(NOON)
    const sessions = sessionCalls(await world.start(provider, { ...BEHIND_TOKENS, ROOM_CREATION: 'late' }))
    const { id } = await sessions.create(OWNER)
    t.equal((await ruling(sessions, id, { canScreenShare: false })).body.takesEffect, 'now', 'there is no room yet')
    world.setClock(after(NOON, 11))
    t.match(await wayIn(sessions, PATIENT_TOKEN, id), /^https?:/)
    const first = await ruling(sessions, id, { canChat: false })
    t.same([first.status, first.body.takesEffect], [200, ruled], provider)
    t.equal((await ruling(sessions, id, { canEndSession: true })).body.takesEffect, 'now', 'what is none of the call’s binds at once')
    t.match(await permissionsOf(sessions, id), { canChat: false, canScreenShare: false, canEndSession: true })
    const gone = await sessions.call<Ruled>(OWNER, 'DELETE', `/sessions/${id}/participants/patient-1`)
    t.same([gone.status, gone.body.takesEffect], [200, removed], provider)
    await sessions.service.app.close()
  }
})

t.test('where the provider fails the decision stands, the answer says pending, and the provider is told later', async (t) => {
  for (const fault of ['failing', 'malformed', 'dropped'] as const) {
    const world = await startProviderWorld(t)
    const sessions = sessionCalls(await world.start('daily', { ...BEHIND_TOKENS, PROVIDER_TIMEOUT_MS: '1000' }))
    const { id } = await sessions.create(OWNER)
    world.setClock(after(NOON, 11))
    const link = await wayIn(sessions, PATIENT_TOKEN, id)
    const { mediaUrl } = (await sessions.read(PATIENT_TOKEN, id)).body
    const inside = () => [...world.fakes.daily.rooms.at(-1)?.inside.values() ?? []]
    await world.fakes.daily.enter(await wayIn(sessions, DOCTOR_TOKEN, id))
    await world.fakes.daily.enter(link)
    t.equal(inside().length, 2)
    world.fakes.fail('daily', fault)
    const ruled = await ruling(sessions, id, { canChat: false })
    t.same([ruled.status, ruled.body.takesEffect], [200, 'pending'], fault)
    t.match(await permissionsOf(sessions, id), { canChat: false })
    const removed = await sessions.call<Ruled>(OWNER, 'DELETE', `/sessions/${id}/participants/patient-1`)
    t.same([removed.status, removed.body.takesEffect], [200, 'pending'], fault)
    const refused = await follow(sessions.service, String(mediaUrl))
    t.equal(refused.statusCode, 401)
    t.match(refused.json<{ code: string }>().code, /^(UNAUTHORIZED_USER|INVALID_PERSONAL_LINK)$/)
    t.equal((await sessions.read(holding(mediaUrl), id)).code, 'INVALID_PERSONAL_LINK')
    t.equal(inside().length, 2, 'the provider does not know yet')
    world.fakes.recover()
    // What was sent may arrive for as long as a lease and the provider's time.
    world.setClock(after(NOON, 13))
    await sessions.service.app.reconciler.run()
    t.equal(inside().length, 1, fault)
    await t.rejects(world.fakes.daily.enter(link), 'his earlier way in is worth nothing')
    t.match(sessions.service.app.reconciler.last()?.result, { told: 1, failed: 0 })
    world.setClock(after(NOON, 15))
    await sessions.service.app.reconciler.run()
    t.equal(sessions.service.app.reconciler.last()?.result.backlog, 0, 'nothing is left to be told')
  }
})

t.test('nobody but those in charge rules over permissions, over his own least of all', async (t) => {
  const sessions = await startSessions(t)
  const { id } = await sessions.create(OWNER)
  for (const all of [{}, Object.fromEntries(PERMISSION_NAMES.map((name) => [name, true]))]) {
    if (Object.keys(all).length > 0) t.equal((await ruling(sessions, id, all)).status, 200)
    const before = await permissionsOf(sessions, id)
    const { mediaUrl } = (await sessions.read(PATIENT_TOKEN, id)).body
    for (const [caller, status, code] of [[PATIENT_TOKEN, 403, 'NOT_PERMITTED'], [holding(mediaUrl), 403, 'NOT_PERMITTED'], [DOCTOR_TOKEN, 403, 'NOT_PERMITTED'], [STRANGER, 404, 'TELECONSULTATION_NOT_FOUND'], [{}, 401, 'AUTHENTICATION_REQUIRED']] as const) {
      const refused = await ruling(sessions, id, { canEditSession: true, canAdmit: false }, caller)
      t.same([refused.status, refused.code], [status, code])
    }
    t.same(await permissionsOf(sessions, id), before)
  }
  t.equal((await ruling(sessions, id, { canAdmit: false }, ADMIN)).status, 200)
})

t.test('a permission opens what it is for, until it is taken', async (t) => {
  const sessions = await startSessions(t)
  const { id } = await sessions.create(OWNER)
  const edit = async () => await sessions.call<SessionView>(PATIENT_TOKEN, 'PATCH', `/sessions/${id}`, { title: 'by the patient' })
  for (const [canEditSession, status, code] of [[undefined, 403, 'NOT_PERMITTED'], [true, 200, undefined], [false, 403, 'NOT_PERMITTED']] as const) {
    if (canEditSession !== undefined) await ruling(sessions, id, { canEditSession })
    const answer = await edit()
    t.same([answer.status, answer.code], [status, code])
  }
})

t.test('an organisation’s default permissions are its members’, not its guests’, and can be taken', async (t) => {
  const world = await startProviderWorld(t)
  const sessions = sessionCalls(await world.start('jitsi', BEHIND_TOKENS, { organisations: { acme: { defaultPermissions: ['canEndSession', 'canAdmit'] } } }))
  const { id } = await sessions.create(OWNER)
  t.match(await permissionsOf(sessions, id), { canEndSession: true, canAdmit: true, canEditSession: false })
  await ruling(sessions, id, { canAdmit: false })
  t.match(await permissionsOf(sessions, id), { canEndSession: true, canAdmit: false })
  const guest = await sessions.call(OWNER, 'POST', `/sessions/${id}/participants`, { userExternalId: 'guest-1', groups: ['patient'], fullName: 'Gesa', organisation: 'umbrella' })
  t.equal(guest.status, 201)
  t.match(await permissionsOf(sessions, id, 'guest-1'), { canEndSession: false, canAdmit: false })
  const oneTime = await sessions.call<GuestLink>(OWNER, 'POST', `/sessions/${id}/guest-links`, { fullName: 'Dora' })
  t.equal(oneTime.status, 201)
  t.match(oneTime.body.participant.permissions, { canEndSession: false, canAdmit: false })
  const elsewhere = await as('other', { organisation: 'umbrella', roles: ['STANDARD'] })
  const other = await sessions.create(elsewhere)
  t.match((await sessions.read(elsewhere, other.id)).body.participants[0]?.permissions, { canEndSession: false })
})

t.test('a change that is none, or of what there is not, is refused and changes nothing', async (t) => {
  const sessions = await startSessions(t)
  const { id } = await sessions.create(OWNER)
  const before = await permissionsOf(sessions, id)
  for (const body of [{}, { permissions: {} }, { permissions: { canFly: true } }, { permissions: { canChat: 'yes' } }, { permissions: { canChat: 1 } }, { permissions: { canChat: null } }, { permissions: [true] }, { permissions: { canChat: true }, organisation: 'umbrella' }, { permissions: { __proto__x: true } }]) {
    const refused = await sessions.call(OWNER, 'PATCH', `/sessions/${id}/participants/patient-1`, body)
    t.same([refused.status, refused.code], [400, 'FST_ERR_VALIDATION'], JSON.stringify(body))
  }
  const nobody = await ruling(sessions, id, { canChat: false }, OWNER, 'nobody')
  t.same([nobody.status, nobody.code], [404, 'PARTICIPANT_NOT_FOUND'])
  t.same(await permissionsOf(sessions, id), before)
})
