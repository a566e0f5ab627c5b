import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { ConfigurationError, loadConfiguration } from '../../lib/config/load.ts'
import { PROVIDER_NAMES, type ProviderName } from '../../lib/config/video-environment.ts'
import { spawnService } from '../support/process.ts'
import { temporaryFolder } from '../support/service.ts'

type Variables = Record<string, string>

const KEY = 'a-key-that-nobody-may-read-anywhere'

/** What each provider cannot be without. */
const REQUIRED: Readonly<Record<ProviderName, Variables>> = {
  embedded: {},
  bandyer: { BANDYER_API_SECRET_KEY: KEY, BANDYER_BASE_URL: 'https://vendor.example/rest' },
  kaleyra: { BANDYER_API_SECRET_KEY: KEY, BANDYER_BASE_URL: 'https://vendor.example' },
  daily: { DAILY_API_KEY: KEY },
  livekit: { LIVEKIT_URL: 'wss://livekit.example', LIVEKIT_API_KEY: 'name', LIVEKIT_API_SECRET: KEY },
  jitsi: { JITSI_APP_ID: 'consultations' }
}
/** Storage and identity as they are without the platform, also beside the vendor's variables. */
const ALONE = { STORAGE: 'embedded', AUTHORIZATION: 'local' }
const CRUD_SERVICE = { CRUD_SERVICE_URL: 'http://crud-service', TELECONSULTATIONS_CRUD_NAME: 't', USER_ID_MAP_CRUD_NAME: 'u' }

const problemsOf = (variables: Variables): readonly string[] => {
  try {
    loadConfiguration(variables)
    return []
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    return error.problems
  }
}

const variablesIn = (problems: readonly string[]) => problems.map((problem) => problem.split(' ')[0]).sort()

const without = (variables: Variables, name: string): Variables => Object.fromEntries(Object.entries(variables).filter(([key]) => key !== name))

const serviceFile = (t: Test, videoProviders: object): Variables => {
  const path = `${temporaryFolder(t)}/service.json`
  writeFileSync(path, JSON.stringify({ privileges: { basic: { groups: ['patient'] }, plus: { groups: ['doctor', 'surgeon'] } }, videoProviders }))
  return { TELECONSULTATION_SERVICE_CONFIG_PATH: path }
}

for (const name of PROVIDER_NAMES) {
  t.test(`${name} is in use with what it requires, and each variable that it lacks is named`, async (t) => {
    const required = REQUIRED[name]
    t.match(loadConfiguration({ ...ALONE, ...required, VIDEO_PROVIDER: name }).video, { provider: name, others: [], fallback: undefined })
    t.same(variablesIn(problemsOf({ ...ALONE, VIDEO_PROVIDER: name })), Object.keys(required).sort(), 'all at once')
    for (const variable of Object.keys(required)) {
      t.same(problemsOf({ ...ALONE, ...without(required, variable), VIDEO_PROVIDER: name }), [`${variable} is required with this VIDEO_PROVIDER`])
      t.same(problemsOf({ ...ALONE, ...required, [variable]: '', VIDEO_PROVIDER: name }), [`${variable} is required with this VIDEO_PROVIDER`], 'an empty one counts as unset')
    }
  })
}

t.test('what other providers lack is named together with what the default one lacks, and why', async (t) => {
  const problems = problemsOf({ ...ALONE, VIDEO_PROVIDER: 'livekit', VIDEO_PROVIDERS_ALSO: 'daily, jitsi', VIDEO_FALLBACK: 'bandyer' })
  t.same(variablesIn(problems), ['BANDYER_API_SECRET_KEY', 'BANDYER_BASE_URL', 'DAILY_API_KEY', 'JITSI_APP_ID', 'LIVEKIT_API_KEY', 'LIVEKIT_API_SECRET', 'LIVEKIT_URL'])
  t.ok(problems.includes('DAILY_API_KEY is required where daily is in use'))
  t.ok(problems.includes('LIVEKIT_URL is required with this VIDEO_PROVIDER'))
})

t.test('providers in use are the default one, the listed ones and the fallback, each once', async (t) => {
  const video = (variables: Variables) => loadConfiguration({ ...ALONE, ...REQUIRED.daily, ...REQUIRED.livekit, ...REQUIRED.jitsi, ...variables }).video
  t.match(video({ VIDEO_PROVIDER: 'daily', VIDEO_PROVIDERS_ALSO: ' livekit ,jitsi,, livekit,daily' }), { provider: 'daily', others: ['livekit', 'jitsi'], fallback: undefined })
  t.match(video({ VIDEO_PROVIDER: 'daily', VIDEO_FALLBACK: 'jitsi' }), { provider: 'daily', others: ['jitsi'], fallback: 'jitsi' })
  t.match(video({ VIDEO_PROVIDERS_ALSO: 'jitsi', VIDEO_FALLBACK: 'jitsi' }), { provider: 'embedded', others: ['jitsi'], fallback: 'jitsi' })
  t.match(video({}), { provider: 'embedded', others: [] }, 'variables of a provider alone do not put it in use')
})

t.test('a provider that does not exist is a problem wherever it is named, and what was written there is not shown', async (t) => {
  for (const variable of ['VIDEO_PROVIDER', 'VIDEO_PROVIDERS_ALSO', 'VIDEO_FALLBACK']) {
    const problems = problemsOf({ [variable]: 'sesame' })
    t.equal(problems.length, 1, variable)
    t.match(problems[0], new RegExp(`^${variable} `))
    for (const name of PROVIDER_NAMES) t.match(problems[0], name)
    t.notMatch(problems[0], /sesame/)
  }
  t.match(problemsOf({ VIDEO_PROVIDERS_ALSO: 'embedded, Daily' }), [/^VIDEO_PROVIDERS_ALSO /], 'names are in lower case')
  t.match(problemsOf(serviceFile(t, { byGroup: { surgeon: 'sesame' } })), [/^TELECONSULTATION_SERVICE_CONFIG_PATH: videoProviders\.byGroup\.surgeon /])
})

t.test('a fallback to the default provider itself is a problem, also where that is chosen by what is configured', async (t) => {
  const problem = ['VIDEO_FALLBACK must be another provider than VIDEO_PROVIDER']
  t.same(problemsOf({ ...ALONE, ...REQUIRED.daily, VIDEO_PROVIDER: 'daily', VIDEO_FALLBACK: 'daily' }), problem)
  t.same(problemsOf({ VIDEO_FALLBACK: 'embedded' }), problem)
  t.same(problemsOf({ ...ALONE, ...REQUIRED.bandyer, VIDEO_FALLBACK: 'bandyer' }), problem)
})

t.test('the two generations of one vendor’s API cannot be in use beside each other', async (t) => {
  const both: Variables[] = [
    { VIDEO_PROVIDER: 'bandyer', VIDEO_PROVIDERS_ALSO: 'kaleyra' },
    { VIDEO_PROVIDER: 'kaleyra', VIDEO_FALLBACK: 'bandyer' },
    { VIDEO_PROVIDER: 'embedded', VIDEO_PROVIDERS_ALSO: 'kaleyra,bandyer' },
    { VIDEO_PROVIDERS_ALSO: 'kaleyra' }
  ]
  for (const variables of both) t.match(problemsOf({ ...ALONE, ...REQUIRED.bandyer, ...variables }), [/^bandyer and kaleyra .* only one of them/], JSON.stringify(variables))
})

t.test('providers whose names of rooms come from our secret need one that all replicas share', async (t) => {
  for (const name of ['daily', 'livekit', 'jitsi'] as const) {
    const required = { ...CRUD_SERVICE, ...REQUIRED[name] }
    t.match(problemsOf({ ...required, VIDEO_PROVIDER: name }), [/^LINK_SECRET is required /], name)
    t.match(problemsOf({ ...required, VIDEO_PROVIDER: 'embedded', VIDEO_PROVIDERS_ALSO: name }), [/^LINK_SECRET is required /], 'also as one of several')
    t.same(problemsOf({ ...required, VIDEO_PROVIDER: name, LINK_SECRET: 'x'.repeat(32) }), [])
    t.same(problemsOf({ ...required, ...REQUIRED.bandyer, VIDEO_PROVIDER: name }), [], 'the vendor’s key will do')
    t.same(problemsOf({ ...REQUIRED[name], STORAGE: 'crud-service', TELECONSULTATIONS_CRUD_NAME: 't', USER_ID_MAP_CRUD_NAME: 'u', VIDEO_PROVIDER: name }).length, 1, 'also where the storage is chosen')
    t.same(problemsOf({ ...REQUIRED[name], VIDEO_PROVIDER: name }), [], 'with the embedded storage there is one process')
  }
  t.same(problemsOf({ ...CRUD_SERVICE, VIDEO_PROVIDER: 'embedded' }), [], 'embedded rooms are in one process')
})

t.test('links and ids are made with LINK_SECRET, and without it with the vendor’s key, whoever holds the calls', async (t) => {
  const secretOf = (variables: Variables) => loadConfiguration({ ...ALONE, ...REQUIRED.daily, VIDEO_PROVIDER: 'daily', ...variables }).linkSecret
  t.equal(secretOf({}), undefined, 'generated at the first start')
  t.equal(secretOf({ BANDYER_API_SECRET_KEY: 'short' }), 'short', 'a key that was given up at the vendor still counts')
  t.equal(secretOf({ BANDYER_API_SECRET_KEY: 'short', LINK_SECRET: 'x'.repeat(32) }), 'x'.repeat(32))
})

t.test('groups may choose among the providers in use only', async (t) => {
  const choices = serviceFile(t, { byGroup: { surgeon: 'livekit', doctor: 'daily' } })
  const daily = { ...ALONE, ...REQUIRED.daily, VIDEO_PROVIDER: 'daily', ...choices }
  t.same(problemsOf(daily), ['TELECONSULTATION_SERVICE_CONFIG_PATH: videoProviders.byGroup.surgeon names a provider that is not in use: add it to VIDEO_PROVIDERS_ALSO'])
  for (const variable of ['VIDEO_PROVIDERS_ALSO', 'VIDEO_FALLBACK']) {
    const { choice } = loadConfiguration({ ...daily, ...REQUIRED.livekit, [variable]: 'livekit' }).video
    t.same([...choice.byGroup], [['surgeon', 'livekit'], ['doctor', 'daily']], 'in the order of the file')
    t.equal(choice.perRequest, false, 'requests may not, unless that is said')
  }
  t.equal(loadConfiguration(serviceFile(t, { perRequest: true })).video.choice.perRequest, true)
})

t.test('rooms are made early where the vendor makes links with them, else late, unless it is said', async (t) => {
  const created = (name: ProviderName, variables: Variables = {}) =>
    loadConfiguration({ ...ALONE, ...REQUIRED[name], VIDEO_PROVIDER: name, ...variables }).teleconsultations.roomCreation
  t.same(Object.fromEntries(PROVIDER_NAMES.map((name) => [name, created(name)])), { embedded: 'late', bandyer: 'eager', kaleyra: 'eager', daily: 'late', livekit: 'late', jitsi: 'late' })
  t.equal(created('daily', { ROOM_CREATION: 'eager' }), 'eager')
  t.equal(created('kaleyra', { ROOM_CREATION: 'late' }), 'late')
  t.equal(created('daily', { ...REQUIRED.bandyer, VIDEO_FALLBACK: 'bandyer' }), 'late', 'the default provider decides')
})

t.test('addresses lose their final slash, and wishes that cannot be met are refused unless it is said', async (t) => {
  const { video } = loadConfiguration({ ...ALONE, ...REQUIRED.daily, VIDEO_PROVIDER: 'daily', DAILY_BASE_URL: 'https://api.daily.example/v1//' })
  t.equal(video.daily.baseUrl, 'https://api.daily.example/v1')
  t.equal(video.acceptsUnsupported, false)
  t.equal(loadConfiguration({ ...ALONE, ...REQUIRED.daily, VIDEO_PROVIDER: 'daily', UNSUPPORTED_WISHES: 'accept' }).video.acceptsUnsupported, true)
  t.equal(loadConfiguration({}).video.acceptsUnsupported, true, 'the embedded rooms are for trying out')
  t.equal(loadConfiguration({ UNSUPPORTED_WISHES: 'refuse' }).video.acceptsUnsupported, false)
})

t.test('rooms that nobody owns are deleted only where it is certain whose they are', async (t) => {
  const deletes = (variables: Record<string, string>) => loadConfiguration(variables).teleconsultations.deletesOrphans
  t.equal(deletes({}), true, 'the embedded rooms are nobody else’s')
  t.equal(deletes({ ...REQUIRED.daily, VIDEO_PROVIDERS_ALSO: 'daily' }), false, 'a vendor’s may be')
  t.equal(deletes({ ...REQUIRED.daily, VIDEO_PROVIDERS_ALSO: 'daily', DEPLOYMENT_ID: 'clinic-1' }), true)
})

t.test('a value that cannot be one is a problem of its variable, and is not shown', async (t) => {
  const bad: Variables = {
    DAILY_BASE_URL: 'https://user:sesame@daily.example',
    DAILY_LANGUAGE: 'sesame!',
    DAILY_TRANSCRIPTION_GEO: 'sesame',
    LIVEKIT_URL: 'sesame.example:7880',
    LIVEKIT_BROWSER_URL: 'ftp://sesame',
    LIVEKIT_END_CALLS_EVERY_SEC: '1',
    JITSI_APP_SECRET: 'sesame',
    JITSI_TENANT: 'sesame/two',
    JITSI_MUC_DOMAIN: 'https://sesame',
    JITSI_LINK_TOKEN: 'sesame',
    JITSI_RECORDING: 'sesame',
    JITSI_RESERVATION_SECRET: 'sesame of thirty-two characters, with blanks',
    JITSI_END_MEETING_URL: 'sesame',
    UNSUPPORTED_WISHES: 'sesame'
  }
  const problems = problemsOf(bad)
  t.same(new Set(variablesIn(problems)), new Set(Object.keys(bad)))
  t.notMatch(problems.join('\n'), /sesame/)
})

t.test('what is wrong with Jitsi’s keys and addresses ends the start, with every variable’s name and no value', async (t) => {
  const wrong: ReadonlyArray<readonly [Variables, RegExp[]]> = [
    [{ JITSI_APP_ID: 'consultations' }, [/JITSI_URL is required/, /JITSI_APP_SECRET or JITSI_PRIVATE_KEY is required/]],
    [{ JITSI_APP_ID: 'vpaas-magic-cookie-0a1b', JITSI_APP_SECRET: KEY, JITSI_RESERVATION_SECRET: KEY }, [/JITSI_APP_SECRET has no meaning with a JaaS app id/, /JITSI_PRIVATE_KEY is required/, /JITSI_RESERVATION_SECRET has no meaning/]],
    [{ JITSI_APP_ID: 'consultations', JITSI_URL: 'https://meet.example', JITSI_APP_SECRET: KEY, JITSI_END_MEETING_KEY_ID: 'k' }, [/JITSI_END_MEETING_URL is required/]]
  ]
  for (const [variables, expected] of wrong) {
    for (const inUse of [{ VIDEO_PROVIDER: 'jitsi' }, { VIDEO_PROVIDERS_ALSO: 'jitsi' }]) {
      const { child, lines } = spawnService(t, { HTTP_PORT: '0', DATA_PATH: temporaryFolder(t), ...inUse, ...variables })
      const [exitCode] = await once(child, 'close') as [number | null]
      t.equal(exitCode, 1)
      for (const pattern of expected) t.match(lines.join(''), pattern)
      t.notMatch(lines.join(''), KEY)
    }
  }
})
