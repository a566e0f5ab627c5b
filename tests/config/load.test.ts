import { writeFileSync } from 'node:fs'
import t from 'tap'
import { ConfigurationError, loadConfiguration } from '../../lib/config/load.ts'
import { temporaryFolder } from '../support/service.ts'

const problemsOf = (variables: Record<string, string>): readonly string[] => {
  try {
    loadConfiguration(variables)
    return []
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    return error.problems
  }
}

t.test('nothing configured is the embedded mode on loopback', async (t) => {
  t.match(loadConfiguration({}), {
    http: { port: 3000, host: '127.0.0.1', prefix: '', closeDelayMs: 0 },
    storage: { mode: 'embedded', url: undefined },
    video: { provider: 'embedded' },
    identity: { mode: 'local' },
    headers: { userId: 'miauserid' }
  })
})

t.test('platform variables make the microservice', async (t) => {
  const configuration = loadConfiguration({
    CRUD_SERVICE_URL: 'http://crud-service/',
    TELECONSULTATIONS_CRUD_NAME: '/bk-ts-teleconsultations',
    USER_MAP_ID_CRUD_NAME: 'bk-ts-userid-maps',
    VIDEO_PROVIDER: 'embedded',
    USERID_HEADER_KEY: 'MiaUserId',
    ADDITIONAL_HEADERS_TO_PROXY: 'Cookie, x-y'
  })
  t.match(configuration, {
    http: { host: '0.0.0.0', closeDelayMs: 10_000 },
    storage: { mode: 'crud-service', url: 'http://crud-service', teleconsultations: '/bk-ts-teleconsultations', userIdMaps: '/bk-ts-userid-maps' },
    identity: { mode: 'gateway' },
    headers: { userId: 'miauserid', additional: ['cookie', 'x-y'] }
  })
})

t.test('an explicit choice wins over what platform variables suggest', async (t) => {
  const configuration = loadConfiguration({ CRUD_SERVICE: 'crud-service:8080', VIDEO_PROVIDER: 'embedded', STORAGE: 'embedded', AUTHORIZATION: 'local' })
  t.match(configuration, { storage: { mode: 'embedded' }, identity: { mode: 'local' } })
})

t.test('personal data are encrypted by themselves where nobody else reads the storage', async (t) => {
  const platform = { CRUD_SERVICE_URL: 'http://crud-service', TELECONSULTATIONS_CRUD_NAME: 'a', USER_ID_MAP_CRUD_NAME: 'b', VIDEO_PROVIDER: 'embedded' }
  for (const [variables, keys] of [
    [{}, 'generated'],
    [{ ...platform, STORAGE: 'embedded' }, 'generated'],
    [platform, 'none'],
    [{ PII_ENCRYPTION_KEYS: 'none' }, 'none'],
    [{ ...platform, PII_ENCRYPTION_KEYS: 'generated' }, 'generated'],
    [{ PII_ENCRYPTION_KEYS: 'a:key' }, 'a:key']
  ] as const) t.equal(loadConfiguration(variables).personalDataKeys, keys, JSON.stringify(variables))
})

t.test('every problem is reported at once, by variable and without its value', async (t) => {
  const path = `${temporaryFolder(t)}/service.json`
  writeFileSync(path, JSON.stringify({ privileges: { basic: {}, plus: { groups: ['doctor'], tools: { chat: 'sesame' } } }, theme: { light: { primaryColor: 'sesame' } } }))
  const problems = problemsOf({
    HTTP_PORT: 'sesame',
    LOG_LEVEL: 'sesame',
    SERVICE_PREFIX: 'sesame',
    CLINIC_NETWORKS: 'sesame',
    UNLIMITED_TELECONSULTATION: 'sesame',
    CRUD_SERVICE_URL: 'sesame://sesame',
    LINK_SECRET: 'sesame',
    TELECONSULTATION_SERVICE_CONFIG_PATH: path
  })
  for (const name of ['HTTP_PORT', 'LOG_LEVEL', 'SERVICE_PREFIX', 'CLINIC_NETWORKS', 'UNLIMITED_TELECONSULTATION', 'CRUD_SERVICE_URL', 'LINK_SECRET', 'TELECONSULTATIONS_CRUD_NAME', 'USER_ID_MAP_CRUD_NAME']) {
    t.ok(problems.some((problem) => problem.startsWith(name)), name)
  }
  t.ok(problems.some((problem) => /TELECONSULTATION_SERVICE_CONFIG_PATH: privileges\.basic .*'groups'/.test(problem)))
  t.ok(problems.some((problem) => /privileges\.plus\.tools\.chat/.test(problem)))
  t.ok(problems.some((problem) => /theme\.light\.primaryColor/.test(problem)))
  t.notOk(problems.some((problem) => problem.includes('sesame')))
})

t.test('a configuration file that is missing or no JSON is named by its variable', async (t) => {
  const folder = temporaryFolder(t)
  writeFileSync(`${folder}/broken.json`, '{')
  t.match(problemsOf({ TELECONSULTATION_SERVICE_CONFIG_PATH: `${folder}/none.json` }), [/TELECONSULTATION_SERVICE_CONFIG_PATH names a file that cannot be read \(ENOENT\)/])
  t.match(problemsOf({ TELECONSULTATION_SERVICE_CONFIG_PATH: `${folder}/broken.json` }), [/TELECONSULTATION_SERVICE_CONFIG_PATH names a file that is not JSON/])
})

t.test('a TURN server without its secret is a problem, a STUN server is not', async (t) => {
  t.match(problemsOf({ ICE_SERVERS: 'stun:s.example:3478, turn:t.example:3478' }), [/^TURN_SHARED_SECRET/])
  t.same(loadConfiguration({ ICE_SERVERS: 'stun:s.example:3478' }).video.iceServers, ['stun:s.example:3478'])
})

t.test('the generation of the vendor’s API follows from its base URL, or from the variable that says it', async (t) => {
  const of = (url: string, version?: string) => loadConfiguration({
    BANDYER_BASE_URL: url,
    BANDYER_API_SECRET_KEY: 'k',
    TELECONSULTATIONS_CRUD_NAME: 't',
    USER_ID_MAP_CRUD_NAME: 'u',
    ...(version === undefined ? {} : { BANDYER_API_VERSION: version })
  }).video.provider
  t.equal(of('https://api.sandbox.eu.bandyer.com/rest'), 'bandyer')
  t.equal(of('https://sandbox.bandyer.com/rest/'), 'bandyer')
  t.equal(of('https://api.sandbox.eu.bandyer.com'), 'kaleyra')
  t.equal(of('https://rest.example/rest/v2'), 'kaleyra')
  t.equal(of('https://api.eu.bandyer.com/rest', '2'), 'kaleyra')
  t.equal(of('https://api.eu.bandyer.com', '1'), 'bandyer')
})

t.test('a vendor without its key or address is a problem, and so are custom ids without an auth service', async (t) => {
  const problems = problemsOf({ VIDEO_PROVIDER: 'kaleyra', CUSTOM_ID_USERS_API_ENDPOINT: 'http://crud-service/users/' })
  for (const name of ['BANDYER_API_SECRET_KEY', 'BANDYER_BASE_URL', 'AUTH_SERVICE']) t.ok(problems.some((problem) => problem.startsWith(name)), name)
})

t.test('sizes are read with their units', async (t) => {
  const bytes = (size: string) => loadConfiguration({ TRANSCRIPTION_MAX_FILE_SIZE: size }).teleconsultations.transcriptionLimitBytes
  t.same(['50MB', '500 kb', '1GB', '7', '12b'].map(bytes), [50_000_000, 500_000, 1_000_000_000, 7, 12])
})

t.test('every log level is taken, and unknown and empty variables are ignored', async (t) => {
  for (const level of ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']) t.equal(loadConfiguration({ LOG_LEVEL: level }).log.level, level)
  t.equal(loadConfiguration({ HTTP_PORT: '', SOMETHING_ELSE: 'x', npm_config_x: 'y' }).http.port, 3000)
})

t.test('the example configuration is valid, and tools that it does not mention are off', async (t) => {
  const configuration = loadConfiguration({ TELECONSULTATION_SERVICE_CONFIG_PATH: 'privileges.example.json' })
  t.ok(configuration.privileges.plus.tools.has('screen_sharing'))
  t.notOk(configuration.privileges.basic.tools.has('screen_sharing'))
  const path = `${temporaryFolder(t)}/service.json`
  writeFileSync(path, JSON.stringify({ privileges: { basic: { groups: ['patient'], tools: { chat: true } }, plus: { groups: ['doctor'] } }, unknown: 1 }))
  const sparse = loadConfiguration({ TELECONSULTATION_SERVICE_CONFIG_PATH: path })
  t.same([...sparse.privileges.basic.tools], ['chat'])
  t.equal(sparse.privileges.plus.tools.size, 8, 'without the object all are on')
})

t.test('the configuration is frozen', async (t) => {
  const { http } = loadConfiguration({})
  t.throws(() => { (http as { port: number }).port = 1 }, TypeError)
})
