import t from 'tap'
import type { InjectOptions, LightMyRequestResponse } from 'fastify'
import { PERMISSION_NAMES, type PermissionName } from '../../schemas/permissions.ts'
import { startService, type Service } from '../support/service.ts'
import { COLUMNS, readMatrix, SEATED, type Cell, type Column } from './matrix.ts'
import { TRIALS, type RouteTrial } from './routes.ts'
import { createUniverse, ELSEWHERE, TOKEN_SECRET, type Caller, type Universe, type World } from './universe.ts'
import { embeddedWorld, vendorWorld } from './worlds.ts'

const MATRIX = readMatrix()
const names = [...MATRIX.keys()]
/** As it starts when nothing is configured. */
const plain = await startService(t)

const routesOf = async (service: Service) => {
  await service.app.ready()
  const { paths = {} } = service.app.swagger() as { paths?: Record<string, object> }
  return Object.entries(paths).flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`))
}

t.test('every route of the API is in the matrix, and nothing else', async (t) => {
  t.same(names.toSorted(), (await routesOf(plain)).toSorted())
  t.same(Object.keys(TRIALS).toSorted(), names.toSorted(), 'and each is tried')
})

/** What is wrong with how one route answers one caller; undefined: nothing. */
async function fault (universe: Universe, route: string, trial: RouteTrial, caller: Caller, cell: Cell, sees: boolean): Promise<string | undefined> {
  if (cell !== 'allowed' && cell !== 'own') return await faultOfRefusal(universe, route, await trial.request(universe, caller), caller, Number(cell))
  if (cell === 'own' && trial.others !== undefined) {
    const { request, status, statusOfPersons = status } = trial.others
    const wrong = await faultOfRefusal(universe, route, await request(universe, caller), caller, caller.headers['authorization'] === undefined ? status : statusOfPersons)
    if (wrong !== undefined) return `about others: ${wrong}`
  }
  const answer = await universe.send(caller, await (cell === 'own' && trial.own !== undefined ? trial.own(universe, caller) : trial.request(universe, caller)))
  if (answer.statusCode !== trial.success) return `${answer.statusCode} ${answer.body}`
  if (!await trial.happened(universe, answer, caller)) return `it answers ${answer.statusCode}, and nothing happened: ${answer.body}`
  return trial.holdsOnlyHis?.(universe, answer, sees) === false ? `it holds ${answer.body}` : undefined
}

async function faultOfRefusal (universe: Universe, route: string, request: InjectOptions, caller: Caller, status: number): Promise<string | undefined> {
  const before = await universe.stored()
  const answer = await universe.send(caller, request)
  if (answer.statusCode !== status) return `${answer.statusCode} ${answer.body}`
  if (await universe.stored() !== before) return `it answers ${status}, and something was stored`
  return status === 404 && route.includes('{') ? await faultOfHiding(universe, request, caller, answer) : undefined
}

/** Whether it shows, in whatever byte, that there is something. */
async function faultOfHiding (universe: Universe, request: InjectOptions, caller: Caller, answer: LightMyRequestResponse): Promise<string | undefined> {
  const { sessionId, home } = universe
  const [theirs, nothing] = String(request.url).includes(sessionId) ? [sessionId, '0123456789abcdef01234567'] : [encodeURIComponent(home), 'nothing-of-the-kind.']
  const missing = await universe.send(caller, { ...request, url: String(request.url).replace(theirs, nothing) })
  const shown = ({ statusCode, headers: { date: _when, 'content-length': _length, ...headers }, body }: LightMyRequestResponse, id: string) =>
    JSON.stringify([statusCode, headers, body.replaceAll(id, '')])
  return shown(answer, theirs) === shown(missing, nothing) ? undefined : `it shows: ${answer.body} instead of ${missing.body}`
}

interface Try {
  column: Column
  /** Those that he has, and no others. Absent: as he comes. */
  permissions?: readonly PermissionName[]
}

/** Each kind of caller as he comes; who takes part, with each single permission as well, or with all where no session is concerned. */
const triesOf = (route: string): readonly Try[] => [
  ...COLUMNS.map((column) => ({ column })),
  ...SEATED.flatMap((column) => (/\{(sessionId|roomId)\}/.test(route) ? PERMISSION_NAMES.map((name) => [name]) : [PERMISSION_NAMES]).map((permissions) => ({ column, permissions })))
]

async function tryRoute (world: World, route: string, prepare?: (universe: Universe) => void): Promise<{ faults: string[], tried: number }> {
  const trial = TRIALS[route]
  const row = MATRIX.get(route)
  if (trial === undefined || row === undefined) return { faults: [`${route} is not tried`], tried: 0 }
  const faults: string[] = []
  // What nobody changed serves again: that a refusal changes nothing was looked at.
  const unchanged = new Map<string, Universe>()
  const tries = triesOf(route)
  for (const { column, permissions } of tries) {
    const options = { isGateway: column === 'gateway', isDefault: column === 'clinic' || trial.needs?.includes('default organisation') === true, hasFreeSeat: trial.needs?.includes('free seat') === true }
    const kind = JSON.stringify(options)
    const universe = unchanged.get(kind) ?? await createUniverse(world, options)
    prepare?.(universe)
    const caller = universe.as(column)
    if (permissions !== undefined) await universe.grantOnly(caller.id ?? '', permissions)
    const cell = permissions?.some((name) => row.openedBy.includes(name)) === true ? 'allowed' : row.cells[column]
    const sees = column !== 'gateway' && MATRIX.get('GET /sessions/{sessionId}')?.cells[column] === 'allowed'
    const wrong = await fault(universe, route, trial, caller, cell, sees)
    if (wrong !== undefined) faults.push(`${column}${permissions === undefined ? '' : ` with ${permissions.join()}`}, expected ${cell}: ${wrong}`)
    const serves = wrong === undefined && (/^4/.test(cell) || (route.startsWith('GET ') && trial.own === undefined))
    if (serves) unchanged.set(kind, universe)
    else unchanged.delete(kind)
  }
  return { faults, tried: tries.length }
}

t.test('each kind of caller gets from each route what the matrix says', { timeout: 120_000 }, async (t) => {
  const world = await embeddedWorld(t)
  for (const route of names) {
    if (TRIALS[route]?.needs?.includes('vendor') === true) continue
    const { faults, tried } = await tryRoute(world, route)
    t.same(faults, [], `${route} (${tried})`)
  }
})

t.test('and so it does where a vendor keeps files, transcriptions and backgrounds', { timeout: 120_000 }, async (t) => {
  const { world, vendorOf } = await vendorWorld(t)
  const prepare = ({ service }: Universe) => {
    const vendor = vendorOf(service)
    const room = vendor.rooms.at(-1)
    if (room === undefined) throw new Error('no room was made')
    vendor.backgrounds.splice(0, Infinity, { alias: 'blue', createdAt: vendor.time.now })
    vendor.uploads.splice(0, Infinity, { key: 'a/b', roomId: room.id, userId: 'x' })
    vendor.sessions.set('call-1', { roomId: room.id, transcription: 'what was said' })
    room.inside.add('x').add('y')
  }
  for (const route of names) {
    if (TRIALS[route]?.needs?.includes('vendor') !== true) continue
    const { faults, tried } = await tryRoute(world, route, prepare)
    t.same(faults, [], `${route} (${tried})`)
  }
})

t.test('without a word nobody is anybody: where tokens tell, on this machine too; where nothing does, elsewhere', async (t) => {
  const tokens = await startService(t, { TOKEN_SECRET })
  const refusals: Array<[string, string, string]> = []
  for (const [route, { cells }] of MATRIX) {
    if (cells.anonymous !== '401') continue
    const [method = '', path = ''] = route.split(' ')
    const request = { method: method as 'GET', url: path.replaceAll(/\{\w+\}/g, '0123456789abcdef01234567') }
    const answers = [await tokens.inject(request), await plain.inject({ ...request, remoteAddress: ELSEWHERE })] as const
    const [one = '', other = ''] = answers.map((answer) => `${answer.statusCode} ${answer.json<{ code: string }>().code}`)
    refusals.push([route, one, other])
  }
  t.same(refusals, refusals.map(([route]) => route === 'GET /personal-link'
    ? [route, '401 INVALID_PERSONAL_LINK', '401 INVALID_PERSONAL_LINK']
    : [route, '401 AUTHENTICATION_REQUIRED', '403 NOT_THE_CLINIC']))
})
