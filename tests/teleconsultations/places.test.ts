import t from 'tap'
import type { ToolName } from '../../schemas/tools.ts'
import { CapabilityLimit, ProviderUnavailable } from '../../lib/errors.ts'
import type { Control, StoredParticipant } from '../../lib/domain/teleconsultation.ts'
import type { Capabilities, VideoProvider } from '../../lib/providers/provider.ts'
import { atHome, atProvider, atRoom, atTarget, checkChoice, checkWishes, everywhere, seatedAt, unsupportedBy, whereIs } from '../../lib/teleconsultations/places.ts'
import type { Ports, Settings } from '../../lib/teleconsultations/ports.ts'
import { reconcile } from '../../lib/teleconsultations/reconcile.ts'
import { memoryProvider, world } from '../support/operations.ts'
import { NOON } from '../support/service.ts'

function vendor (name: string, capabilities: Partial<Capabilities> = {}) {
  const memory = memoryProvider()
  const provider: VideoProvider = {
    ...memory.provider,
    name,
    capabilities: { ...memory.provider.capabilities, ...capabilities },
    accountOf: ({ externalId, privilege }) => `${name}_${externalId}_${privilege}`
  }
  return { ...memory, provider }
}

/** One that is the default, and two beside it, of which one registers people. */
function places (settings: Partial<Settings> = {}) {
  const [first, second, registering] = [vendor('first'), vendor('second', { uploads: true }), vendor('registering', { registersPeople: true, uploads: true })]
  const parts = world(settings)
  const ports = { ...parts.ports, provider: first.provider, others: [second.provider, registering.provider] }
  return { ...parts, ports, first, second, registering }
}

const control = (changes: Partial<Control>): Control => ({ phase: 'PENDING', sealed: false, epoch: 1, applied: [], garbage: [], provider: 'first', ...changes })
const participant = (changes: Partial<StoredParticipant> = {}): StoredParticipant => ({ userExternalId: 'ada', userBandyerId: 'first_ada_plus', accessLinkURL: null, groups: ['surgeons'], privilege: 'plus', ...changes })
const content = { number: 2, participants: [participant()], startAt: NOON, endAt: NOON }

t.test('each provider in use is found by its name, and sees the others beside it', async (t) => {
  const { ports } = places()
  t.same(everywhere(ports).map(({ provider, others }) => [provider.name, others?.map(({ name }) => name)]), [
    ['first', ['second', 'registering']], ['second', ['first', 'registering']], ['registering', ['first', 'second']]
  ])
  t.equal(atProvider(ports, 'third'), undefined)
  const there = atProvider(ports, 'second')
  t.equal(there === undefined ? undefined : atProvider(there, 'first')?.provider.name, 'first')
  t.equal(whereIs(ports, 'uploads')?.provider.name, 'second')
  t.equal(whereIs(ports, 'sdkCredentials'), undefined)
})

t.test('a room is made where the booking chose, else where the groups say, else at the default, whichever view is asked', async (t) => {
  const { ports } = places({ choice: { default: 'first', perRequest: true, byGroup: new Map([['surgeons', 'second'], ['nurses', 'third']]) } })
  const target = (chosen: string | undefined, groups: string[], privilege: 'plus' | 'basic' = 'plus') => {
    const names = everywhere(ports).map((view) => atTarget(view, { chosen }, [participant({ groups, privilege })]).provider.name)
    t.equal(new Set(names).size, 1)
    return names[0]
  }
  t.equal(target('registering', ['surgeons']), 'registering')
  t.equal(target('third', ['surgeons']), 'second', 'what was chosen is not in use any more')
  t.equal(target(undefined, ['others', 'surgeons']), 'second')
  t.equal(target(undefined, ['surgeons'], 'basic'), 'first')
  t.equal(target(undefined, ['nurses']), 'first', 'what the group says is not in use')
  t.equal(target(undefined, []), 'first')
})

t.test('a document is at home with its room, and where that is out of reach where the next will be made', async (t) => {
  const { ports } = places()
  const room = { providerRoomId: 'room-1' }
  t.equal(atRoom(ports, control({ provider: 'second' })), undefined)
  t.equal(atRoom(ports, control({ provider: 'second', room }))?.provider.name, 'second')
  t.equal(atRoom(ports, control({ provider: 'third', room })), undefined)
  t.equal(atHome(ports, control({ provider: 'second', room }), content).provider.name, 'second')
  t.equal(atHome(ports, control({ provider: 'third', room }), content).provider.name, 'first')
  t.equal(atHome(ports, control({ provider: 'third', chosen: 'second', room }), content).provider.name, 'second')
})

t.test('whoever may not choose, or chooses what is not in use, is refused with CAPABILITY_LIMIT', async (t) => {
  const strict = places()
  const free = places({ choice: { default: 'first', perRequest: true, byGroup: new Map() } })
  checkChoice(strict.ports, undefined)
  checkChoice(free.ports, 'second')
  t.throws(() => { checkChoice(strict.ports, 'first') }, { code: 'CAPABILITY_LIMIT', statusCode: 422, message: /perRequest/ })
  t.throws(() => { checkChoice(free.ports, 'third') }, { code: 'CAPABILITY_LIMIT', statusCode: 422, message: /not in use/ })
})

t.test('people who move have the ids of where they go: computed ones at once, registered ones not yet', async (t) => {
  const { ports } = places()
  const [second, registering] = ['second', 'registering'].map((name) => atProvider(ports, name) ?? ports)
  const legacy = participant({ userExternalId: undefined, userBandyerId: 'usr_original' })
  const ids = (there: Ports = ports, before = 'first') => seatedAt(there, before, [participant(), participant({ privilege: undefined }), legacy], ({ privilege }) => privilege).map(({ userBandyerId }) => userBandyerId)
  t.same(ids(second), ['second_ada_plus', 'second_ada_basic', 'usr_original'])
  t.same(ids(registering), ['', '', 'usr_original'])
  t.same(ids(registering, 'registering'), ['first_ada_plus', 'first_ada_plus', 'usr_original'], 'who is registered there stays who he is')
})

t.test('what was configured and cannot be given is named, and refused where that is not accepted', async (t) => {
  const tools = new Set<ToolName>(['chat', 'whiteboard'])
  const lacking = places({ recording: 'automatic', wishes: { tools, accepted: false } })
  const able = { tools, recording: new Set(['none', 'automatic'] as const) }
  t.same(unsupportedBy(lacking.ports, { ...lacking.first.provider.capabilities, tools: new Set(['chat']) }), ['tool whiteboard', 'recording automatic'])
  t.same(unsupportedBy(lacking.ports, { ...lacking.first.provider.capabilities, ...able }), [])
  t.throws(() => { checkWishes(lacking.ports) }, new CapabilityLimit('tool chat'))
  checkWishes(places({ recording: 'automatic', wishes: { tools, accepted: true } }).ports)
  checkWishes(places().ports)
})

t.test('a provider that fails keeps nobody from finding what another one has left', async (t) => {
  const { ports, first, second, registering, context } = places()
  first.provider.findRooms = async () => { throw new ProviderUnavailable() }
  for (const { rooms } of [second, registering]) rooms.set('orphan', { providerRoomId: 'orphan', marker: 'test|nobody|op|1' })
  const { orphansDeleted, failed } = await reconcile(ports, context)
  t.same({ orphansDeleted, failed }, { orphansDeleted: 2, failed: 1 })
  t.equal(second.rooms.size + registering.rooms.size, 0)
})
