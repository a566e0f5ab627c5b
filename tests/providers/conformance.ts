import type { Test } from 'tap'
import type { RoomState } from '../../lib/providers/provider.ts'
import {
  enter, HOUR_MS, isUnsupported, keepsRooms, make, person, runs, seated, signal, spec, waysIn, type Check, type ConformanceSubject, type MakeSubject
} from '../support/conformance-subject.ts'
import { liveConformance } from './conformance-live.ts'
import { forgettingConformance } from './conformance-forgetting.ts'

export type { ConformanceSubject, MakeSubject } from '../support/conformance-subject.ts'

const PRIVATE_ID = 'patient-8f21@clinic.example'

/**
 * The promises of lib/providers/provider.ts, one test each. Where a capability is off the opposite is asserted, so
 * that nothing is left out for any provider.
 */
export async function providerConformance (t: Test, makeSubject: MakeSubject): Promise<void> {
  const check: Check = (title, run) => t.test(title, async t => await run(t, await makeSubject(t)))

  await check('it has a name that can stand in a configuration', async (t, { provider }) => {
    t.match(provider.name, /^[a-z][a-z0-9-]*$/)
  })

  await check('its capabilities hold together', async (t, { provider: { capabilities } }) => {
    t.ok(capabilities.minParticipants >= 1 && capabilities.minParticipants <= capabilities.maxParticipants)
    t.ok(capabilities.recording.has('none'))
    t.ok(!capabilities.recordsOnRequest || capabilities.recording.has('manual'), 'what is recorded on request is recorded by hand')
    t.ok(!capabilities.livePermissions || capabilities.toolScope === 'participant')
    t.ok(!capabilities.registersPeople || capabilities.keepsPeople, 'who is registered is kept')
  })

  await check('it answers a check', async (t, { provider }) => {
    await t.resolves(provider.check(signal()))
  })

  await check('the same person has the same id for ever, also when calls race', async (t, { provider }) => {
    const ids = await Promise.all([1, 2, 3].map(() => provider.ensureUser(person('a'), signal())))
    ids.push(await provider.ensureUser({ ...person('a'), fullName: 'Another Name', language: 'de' }, signal()))
    t.equal(new Set(ids.map(one => one.providerUserId)).size, 1)
  })

  await check('who is registered with another privilege is somebody else there', async (t, { provider }) => {
    const plus = await provider.ensureUser(person('a'), signal())
    const basic = await provider.ensureUser({ ...person('a'), privilege: 'basic' }, signal())
    t.equal(plus.providerUserId === basic.providerUserId, !provider.capabilities.registersPeople)
  })

  await check('different people have different ids', async (t, { provider }) => {
    const [a, b] = await Promise.all([provider.ensureUser(person('a'), signal()), provider.ensureUser(person('b'), signal())])
    t.not(a?.providerUserId, b?.providerUserId)
  })

  await check('a person’s external id stays with us', async (t, subject) => {
    const { provider } = subject
    const before = subject.outbound()
    const { providerUserId } = await provider.ensureUser({ ...person('a'), externalId: PRIVATE_ID }, signal())
    if (!provider.capabilities.registersPeople) t.equal(subject.outbound(), before, 'nothing is registered')
    const room = await provider.createRoom({
      ...spec(subject, 'd|1|1|1', await seated(provider)),
      participants: [{ ...person('a'), externalId: PRIVATE_ID, providerUserId, tools: new Set() }, ...await seated(provider, ['b'])]
    }, signal())
    t.notMatch(subject.outbound(), PRIVATE_ID)
    t.notMatch(providerUserId, PRIVATE_ID)
    t.notMatch(JSON.stringify(room), PRIVATE_ID)
  })

  await forgettingConformance(check)

  await check('a room’s state is plain JSON and enough to reach the room', async (t, subject) => {
    const { provider } = subject
    const room = await make(subject, 'd|1|1|1')
    const stored = JSON.parse(JSON.stringify(room)) as RoomState
    t.same(stored, room)
    t.not(await provider.getRoom(stored, signal()), 'missing')
    await t.resolves(provider.deleteRoom(stored, signal()))
  })

  await check('links are kept with the room where the vendor makes them', async (t, subject) => {
    const { provider } = subject
    const participants = await seated(provider)
    const room = await provider.createRoom(spec(subject, 'd|1|1|1', participants), signal())
    if (provider.capabilities.access === 'vendor-link') {
      t.same(Object.keys(room.links ?? {}).sort(), participants.map(one => one.providerUserId).sort())
    } else t.equal(room.links, undefined)
  })

  await check('a fresh room is not running', async (t, subject) => {
    const { provider } = subject
    const details = await provider.getRoom(await make(subject, 'd|1|1|1'), signal())
    t.match(details, { status: 'NOT_RUNNING' })
  })

  await check('a room records in no way that was not asked for', async (t, subject) => {
    const details = await subject.provider.getRoom(await make(subject, 'd|1|1|1'), signal())
    if (details !== 'missing') t.ok(details.recording === undefined || details.recording === 'none')
  })

  await check('a limited duration is kept where the room enforces it', async (t, subject) => {
    const { provider } = subject
    const room = await provider.createRoom({ ...spec(subject, 'd|1|1|1', await seated(provider)), durationSeconds: 3600 }, signal())
    const details = await provider.getRoom(room, signal())
    if (provider.capabilities.endGate === 'room') t.match(details, { durationInSeconds: 3600 })
    else t.not(details, 'missing')
  })

  await check('creating again for one marker gives one room where rooms are deterministic, another one elsewhere', async (t, subject) => {
    const { capabilities } = subject.provider
    const rooms = await Promise.all([make(subject, 'd|1|1|1'), make(subject, 'd|1|1|1')])
    rooms.push(await make(subject, 'd|1|1|1'))
    t.equal(new Set(rooms.map(room => room.providerRoomId)).size, capabilities.deterministicRooms ? 1 : 3)
    const other = await make(subject, 'd|1|1|2')
    t.notOk(rooms.some(room => room.providerRoomId === other.providerRoomId), 'another operation’s room is another room')
  })

  await check('a room that was never made is missing, where the vendor keeps rooms', async (t, subject) => {
    const details = await subject.provider.getRoom(subject.unknownRoom, signal())
    if (keepsRooms(subject)) t.equal(details, 'missing')
    else t.match(details, { status: 'NOT_RUNNING' })
  })

  await check('a change is taken by the room, or makes a new one and leaves the old one as it was', async (t, subject) => {
    const { provider } = subject
    const room = await make(subject, 'd|1|1|1')
    const before = await provider.getRoom(room, signal())
    const changed = { ...spec(subject, 'd|1|1|1', await seated(provider, ['b', 'c'])), durationSeconds: 600 }
    const outcome = await provider.changeRoom(room, changed, signal())
    if (provider.capabilities.roomChange === 'change') {
      t.equal(outcome, 'changed')
      t.not(await provider.getRoom(room, signal()), 'missing')
    } else {
      t.equal(outcome, 'must-replace')
      t.same(await provider.getRoom(room, signal()), before)
    }
  })

  await check('every participant has a page to go to, and it is theirs alone', async (t, subject) => {
    const { provider } = subject
    const participants = await seated(provider)
    const room = await provider.createRoom(spec(subject, 'd|1|1|1', participants), signal())
    const ways = await waysIn(subject, room, participants)
    for (const way of ways) t.match(way, { kind: 'url', url: /^https?:/ })
    t.equal(new Set(ways.map(way => way.url)).size, participants.length)
    for (const { fullName = '' } of participants) {
      t.notOk(ways.some(way => way.url.includes(fullName) || way.url.includes(encodeURIComponent(fullName))), 'no name in an address')
    }
  })

  await check('a way in to a missing room is a way or an error of the provider', async (t, subject) => {
    const participants = await seated(subject.provider)
    await waysIn(subject, subject.unknownRoom, participants).then(
      ways => t.equal(ways.length, participants.length),
      (error: unknown) => isOfTheCatalogue(t, error)
    )
  })

  await check('a running call shows, and deleting its room ends it', async (t, subject) => {
    const { provider } = subject
    const participants = await seated(provider)
    const room = await provider.createRoom(spec(subject, 'd|1|1|1', participants), signal())
    await enter(t, subject, room, await waysIn(subject, room, participants))
    t.equal(await runs(subject, room), true)
    if (keepsRooms(subject)) t.match(await provider.getRoom(room, signal()), { status: 'RUNNING' })
    await provider.deleteRoom(room, signal())
    t.equal(await runs(subject, room), !provider.capabilities.endCall)
  })

  await check('ending a call puts out who is inside and leaves the room, where the provider can', async (t, subject) => {
    const { provider } = subject
    const participants = await seated(provider)
    const room = await provider.createRoom(spec(subject, 'd|1|1|1', participants), signal())
    await enter(t, subject, room, await waysIn(subject, room, participants))
    if (!provider.capabilities.endCall) {
      await t.rejects(provider.endCall(room, signal()), { code: 'CAPABILITY_UNSUPPORTED', statusCode: 501 })
      t.equal(await runs(subject, room), true)
      return
    }
    await provider.endCall(room, signal())
    t.equal(await runs(subject, room), false)
    if (keepsRooms(subject)) t.match(await provider.getRoom(room, signal()), { status: 'NOT_RUNNING' })
    await t.resolves(provider.endCall(subject.unknownRoom, signal()), 'a missing room has no call')
  })

  await check('a deleted room is missing, and deleting it again is fine', async (t, subject) => {
    const { provider } = subject
    const room = await make(subject, 'd|1|1|1')
    await provider.deleteRoom(room, signal())
    if (keepsRooms(subject)) t.equal(await provider.getRoom(room, signal()), 'missing')
    await t.resolves(provider.deleteRoom(room, signal()))
    await t.resolves(provider.deleteRoom(subject.unknownRoom, signal()))
    t.same(await provider.findRooms('d', longAgo(subject), signal()), [])
  })

  await check('rooms are found by their marker and what it begins with, and nobody else’s', async (t, subject) => {
    const { provider } = subject
    await subject.plantForeignRoom()
    const ids = new Map<string, string>()
    for (const marker of ['d|1|1|1', 'd|1|2|1', 'd|10|1|1', 'dd|1|1|1']) ids.set(marker, (await make(subject, marker)).providerRoomId)
    const found = async (marker: string) => {
      const rooms = await provider.findRooms(marker, longAgo(subject), signal())
      for (const room of rooms) t.equal(room.providerRoomId, ids.get(room.marker ?? ''))
      return rooms.map(room => room.marker).sort()
    }
    const seen = (...markers: string[]) => provider.capabilities.listsRooms ? markers : []
    t.same(await found('d|1|1|1'), seen('d|1|1|1'))
    t.same(await found('d|1'), seen('d|1|1|1', 'd|1|2|1'))
    t.same(await found('d'), seen('d|10|1|1', 'd|1|1|1', 'd|1|2|1').sort())
    t.same(await found('e'), [])
  })

  await check('only rooms made since then are found', async (t, subject) => {
    const { provider } = subject
    const madeAt = subject.now()
    await make(subject, 'd|1|1|1')
    const since = async (ms: number) => (await provider.findRooms('d', new Date(madeAt.getTime() + ms), signal())).length
    t.equal(await since(0), provider.capabilities.listsRooms ? 1 : 0)
    t.equal(await since(HOUR_MS), 0)
  })

  await liveConformance(check)

  await check('all files of a room are listed and deleted one by one, and nobody else’s', async (t, subject) => {
    const { provider } = subject
    const room = await make(subject, 'd|1|1|1')
    const other = await make(subject, 'd|2|1|1')
    if (!provider.capabilities.uploads) {
      await isUnsupported(t, { list: provider.listUploads(room, signal()), delete: provider.deleteUpload({ key: 'a' }, signal()) })
      return
    }
    t.same(await provider.listUploads(room, signal()), [])
    t.same(await provider.listUploads(subject.unknownRoom, signal()), [])
    await subject.plantUploads(room, 230)
    await subject.plantUploads(other, 1)
    const uploads = await provider.listUploads(room, signal())
    t.equal(new Set(uploads.map(({ key }) => key)).size, 230)
    for (const upload of uploads.slice(0, 3)) await provider.deleteUpload(upload, signal())
    await t.resolves(provider.deleteUpload(uploads[0]!, signal()), 'a missing file is a deleted one')
    t.equal((await provider.listUploads(room, signal())).length, 227)
    t.equal((await provider.listUploads(other, signal())).length, 1)
  })

  await check('a background is kept and put to use for the company', async (t, subject) => {
    const { provider } = subject
    const image = { data: Buffer.from('\xff\xd8\xff an image', 'latin1'), mime: 'image/jpeg', filename: 'Zoë’s "living" room.jpg' }
    if (!provider.capabilities.background) {
      await isUnsupported(t, { upload: provider.uploadBackground(image, signal()), use: provider.updateCompany({ backgroundAlias: 'a' }, signal()) })
      return
    }
    const background = await provider.uploadBackground(image, signal())
    t.match(background, { alias: /./, url: /^https:/, createdAt: Date })
    t.match(subject.outbound(), 'an image')
    t.notMatch(subject.outbound(), '"living"')
    const company = await provider.updateCompany({ backgroundAlias: background.alias }, signal())
    t.same(company.defaultBackground, background)
    await t.rejects(provider.updateCompany({ backgroundAlias: 'never-uploaded' }, signal()), { code: 'CAPABILITY_LIMIT', statusCode: 422 })
    await t.rejects(provider.uploadBackground({ ...image, mime: 'image/tiff' }, signal()), { code: 'CAPABILITY_LIMIT', statusCode: 422 })
  })

  await check('credentials are one person’s and end when they should', async (t, subject) => {
    const { provider } = subject
    const { providerUserId } = await provider.ensureUser(person('a'), signal())
    if (!provider.capabilities.sdkCredentials) {
      await isUnsupported(t, { credentials: provider.credentials(providerUserId, 3600, signal()) })
      return
    }
    const credentials = await provider.credentials(providerUserId, 3600, signal())
    t.match(credentials, { providerUserId, accessToken: /./, expiresAt: new Date(subject.now().getTime() + HOUR_MS) })
    await t.rejects(provider.credentials(providerUserId, 10 * 365 * 86_400, signal()), { code: 'CAPABILITY_LIMIT', statusCode: 422 })
  })

  await check('what was said in a session of the room is given piece by piece, and of no other room', async (t, subject) => {
    const { provider } = subject
    const room = await make(subject, 'd|1|1|1')
    const other = await make(subject, 'd|2|1|1')
    if (!provider.capabilities.transcription) {
      await isUnsupported(t, { transcription: provider.transcription(room, 'session_1', signal()) })
      return
    }
    const text = 'Buongiorno. '.repeat(20_000)
    await subject.plantTranscription(room, 'session_1', text)
    await subject.plantTranscription(other, 'session_2', text)
    const transcription = await provider.transcription(room, 'session_1', signal())
    if (transcription === 'missing') throw new Error('the transcription is there')
    t.match(transcription.contentType, /^text\//)
    t.equal(await textOf(transcription.body), text)
    for (const session of ['session_2', 'session_3', '..', '']) t.equal(await provider.transcription(room, session, signal()), 'missing', session)
  })

  await check('an ended signal ends a call with an error of the catalogue', async (t, subject) => {
    await everyMethod(t, subject, AbortSignal.abort())
    await t.rejects(subject.provider.check(AbortSignal.abort()), { code: /^PROVIDER_/ })
  })

  const { faults } = await makeSubject(t)
  for (const title of Object.keys(faults)) {
    await check(`errors are of the catalogue and name their cause: ${title}`, async (t, subject) => {
      const rooms = [await make(subject, 'd|1|1|1'), subject.unknownRoom] as const
      await subject.faults[title]?.()
      await everyMethod(t, subject, signal(), rooms[0])
      const { check, forgetPerson, capabilities } = subject.provider
      const askTheVendor = { check: check(signal()), ...capabilities.keepsPeople && { forgetPerson: forgetPerson('usr_a', signal()) } }
      await Promise.all(Object.entries(askTheVendor).map(async ([name, call]) => await call.then(
        () => t.fail(`${name} does not resolve while the vendor fails`),
        (error: unknown) => isOfTheCatalogue(t, error, name)
      )))
    })
  }

  await check('closing twice is closing once', async (t, { provider }) => {
    await provider.close()
    await t.resolves(provider.close())
  })
}

const longAgo = (subject: ConformanceSubject) => new Date(subject.now().getTime() - HOUR_MS)

/** Calls everything; what cannot be computed without the vendor has to fail in the promised way. */
async function everyMethod (t: Test, subject: ConformanceSubject, ended: AbortSignal, room: RoomState = subject.unknownRoom): Promise<void> {
  const { provider } = subject
  const participants = ['a', 'b'].map(id => ({ ...person(id), providerUserId: `usr_${id}`, tools: new Set<never>() }))
  const content = spec(subject, 'd|9|1|1', participants)
  const access = { notBefore: subject.now(), expiresAt: content.endAt }
  const calls: Record<string, () => Promise<unknown>> = {
    ensureUser: () => provider.ensureUser(person('c'), ended),
    ...provider.capabilities.keepsPeople && { forgetPerson: () => provider.forgetPerson('usr_a', ended) },
    createRoom: () => provider.createRoom(content, ended),
    getRoom: () => provider.getRoom(room, ended),
    changeRoom: () => provider.changeRoom(room, content, ended),
    accessFor: () => provider.accessFor(room, participants[0]!, access, ended),
    findRooms: () => provider.findRooms('d', longAgo(subject), ended),
    deleteRoom: () => provider.deleteRoom(room, ended),
    ...provider.capabilities.livePermissions && { setPermissions: () => provider.setPermissions(room, { ...participants[0]!, revocations: 1 }, ended) },
    ...provider.capabilities.removal !== 'never' && { removeParticipant: () => provider.removeParticipant(room, participants[0]!, ended) },
    ...provider.capabilities.recordsOnRequest && {
      startRecording: () => provider.startRecording(room, ended),
      stopRecording: () => provider.stopRecording(room, ended)
    },
    ...provider.capabilities.uploads && {
      listUploads: () => provider.listUploads(room, ended),
      deleteUpload: () => provider.deleteUpload({ key: 'folder/a' }, ended)
    },
    ...provider.capabilities.background && {
      uploadBackground: () => provider.uploadBackground({ data: Buffer.from('image'), mime: 'image/jpeg', filename: 'a.jpg' }, ended),
      updateCompany: () => provider.updateCompany({ backgroundAlias: 'a' }, ended)
    },
    ...provider.capabilities.sdkCredentials && { credentials: () => provider.credentials('usr_a', 3600, ended) },
    ...provider.capabilities.transcription && { transcription: () => provider.transcription(room, 'session_1', ended) }
  }
  // All at once: a vendor that never answers is waited for once.
  await Promise.all(Object.entries(calls).map(async ([name, call]) =>
    await call().then(() => t.pass(`${name} needs no vendor`), (error: unknown) => isOfTheCatalogue(t, error, name))))
}

async function textOf (body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

function isOfTheCatalogue (t: Test, error: unknown, name = 'the call'): void {
  t.match(error, { code: /^PROVIDER_/, statusCode: /^50[234]$/ }, `${name} fails with an error of the catalogue`)
  t.ok(error instanceof Error && error.cause !== undefined, `${name} names the cause`)
  t.notMatch(error instanceof Error ? error.message : '', /Zoë|person-|usr_/, `${name} tells nothing of people`)
}
