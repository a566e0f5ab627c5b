import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import t, { type Test } from 'tap'
import { buildApp } from '../../lib/app.ts'
import type { Configuration } from '../../lib/config/configuration.ts'
import { ConfigurationError, loadConfiguration } from '../../lib/config/load.ts'
import { temporaryFolder, type Teardown } from '../support/service.ts'

interface Variable { name: string, valueType: string, value?: string, secretName?: string, secretKey?: string, description?: string }
interface Probe { path: string }

interface Item {
  itemId: string
  image: { localPath: string }
  supportedByImage: { localPath: string }
  releaseDate: string
  version: { name: string, releaseNote: string }
  resources: { services: Record<string, Plugin> }
}

interface Plugin {
  name: string
  dockerImage: string
  containerPorts: Array<{ name: string, from: number, to: number, protocol: string }>
  defaultEnvironmentVariables: Variable[]
  defaultConfigMaps: Array<{ name: string, mountPath: string, files: Array<{ name: string, content: string }> }>
  defaultProbes: Record<'liveness' | 'readiness', Probe>
  defaultTerminationGracePeriodSeconds: number
  defaultDocumentationPath: string
  defaultMonitoring: { endpoints: Array<{ path: string, port: string }> }
}

const read = (path: string) => readFileSync(path, 'utf8')
const parsed = (path: string): unknown => JSON.parse(read(path))

const item = parsed('deploy/marketplace/teleconsultation-backend.json') as Item
const [serviceKey = '', plugin] = Object.entries(item.resources.services)[0] ?? []
if (plugin === undefined) throw new Error('the item has no service')

/** What whoever creates the service from the item fills in. */
const FILLED: Readonly<Record<string, string>> = {
  BANDYER_API_SECRET_KEY: 'a-key-of-the-vendor',
  BANDYER_BASE_URL: 'https://api.sandbox.eu.bandyer.com',
  TELECONSULTATIONS_CRUD_NAME: '/bk-ts-teleconsultations',
  USER_ID_MAP_CRUD_NAME: '/bk-ts-userid-maps'
}

const configurationFile = (t: Teardown, content: string) => {
  const path = `${temporaryFolder(t)}/config.json`
  writeFileSync(path, content)
  return path
}

const itemsFile = plugin.defaultConfigMaps[0]?.files[0]?.content ?? ''

const itemsVariables = (t: Teardown): Record<string, string> => ({
  ...Object.fromEntries(plugin.defaultEnvironmentVariables.map(({ name, value }) => [name, value ?? ''])),
  ...FILLED,
  TELECONSULTATION_SERVICE_CONFIG_PATH: configurationFile(t, itemsFile)
})

const satisfiesSchema = (t: Test, value: unknown) => {
  const validate = new Ajv({ allowUnionTypes: true }).compile(parsed('config.schema.json') as object)
  t.equal(validate(value), true, JSON.stringify(validate.errors))
}

/** The whole service has to start without a data folder: containers may be read-only. */
const startsWithoutDataFolder = async (t: Test, variables: Record<string, string>) => {
  const dataPath = `${temporaryFolder(t)}/never-made`
  const app = await buildApp({ configuration: loadConfiguration({ ...variables, DATA_PATH: dataPath, LOG_LEVEL: 'silent' }), name: 'n', version: '0.0.0', webRoot: dataPath })
  t.teardown(() => app.close())
  t.equal((await app.inject('/-/healthz')).statusCode, 200)
  t.equal(existsSync(dataPath), false)
  return app
}

// How long index.ts gives the requests under way once it closes.
const CLOSE_WITHIN_SECONDS = Number(/CLOSE_WITHIN_MS = ([\d_]+)/.exec(read('index.ts'))?.[1]?.replaceAll('_', '')) / 1000
const neededToClose = ({ http }: Configuration) => http.closeDelayMs / 1000 + CLOSE_WITHIN_SECONDS

t.test('the catalog item has the keys of a plugin and no others', async (t) => {
  const optional = ['description', 'documentation', 'repositoryUrl', 'tags', 'labels', 'annotations', 'links', 'maintainers', 'relationships', 'providerId']
  const required = ['name', 'itemId', 'tenantId', 'resources', 'lifecycleStatus', 'categoryId', 'image', 'supportedByImage', 'supportedBy', 'visibility', 'releaseDate', 'itemTypeDefinitionRef', 'version']
  t.same(required.filter((key) => !(key in item)), [])
  t.same(Object.keys(item).filter((key) => !required.includes(key) && !optional.includes(key)), [])
  t.match(item, {
    itemId: /^[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$/,
    lifecycleStatus: /^(coming-soon|draft|published|maintenance|deprecated|archived)$/,
    supportedBy: /^(Mia-Platform|Mia-FinTech|Mia-Care|Community)$/,
    itemTypeDefinitionRef: { name: 'plugin', namespace: 'mia-platform' },
    resources: { services: Object }
  })
  t.equal(new Date(item.releaseDate).toISOString(), item.releaseDate)
  for (const { localPath } of [item.image, item.supportedByImage]) {
    t.match(readFileSync(`deploy/marketplace/${localPath}`).subarray(1, 4).toString(), 'PNG', localPath)
  }
})

t.test('the catalog item has the version of the package, in its image too', async (t) => {
  const { version } = parsed('package.json') as { version: string }
  t.equal(item.version.name, version)
  t.match(plugin.dockerImage, /^(?:[a-z0-9.\-/:]+\/)?([\w.}{\-/]+)(:[\w.}{-]+)?$/)
  t.ok(plugin.dockerImage.endsWith(`:${version}`))
  t.match(read('deploy/kubernetes/kustomization.yaml'), `newTag: ${version}\n`)
})

t.test('the plugin has one service that listens where its port leads', async (t) => {
  t.same(Object.keys(item.resources), ['services'])
  t.equal(Object.keys(item.resources.services).length, 1)
  t.equal(serviceKey, plugin.name)
  t.match(plugin, { name: /^[a-z]([-a-z0-9]*[a-z0-9])?$/, type: 'plugin' })
  t.same(Object.keys(plugin).filter((key) => !/^(name|type|componentId|description|tags|dockerImage|containerPorts|default[A-Z]\w+)$/.test(key)), [])
  t.same(plugin.containerPorts, [{ name: 'http', from: 80, to: 3000, protocol: 'TCP' }])
  t.equal(loadConfiguration(itemsVariables(t)).http.port, 3000)
  t.match(plugin, {
    defaultResources: { cpuLimits: { min: /^\d+m$/, max: /^\d+m$/ }, memoryLimits: { min: /^\d+Mi$/, max: /^\d+Mi$/ } },
    defaultMonitoring: { endpoints: [{ port: 'http', interval: /^\d+s$/ }] },
    defaultLogParser: 'mia-json'
  })
})

t.test('every variable of the plugin has the keys of its kind', async (t) => {
  for (const variable of plugin.defaultEnvironmentVariables) {
    const { name, valueType, value, secretName, secretKey, description, ...rest } = variable
    t.same(rest, {}, name)
    t.match({ valueType }, { valueType: /^(plain|secret)$/ }, name)
    if (valueType === 'plain') t.match({ value, secretName, secretKey }, { value: String, secretName: undefined, secretKey: undefined }, name)
    else t.match({ value, secretName, secretKey }, { value: undefined, secretName: /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, secretKey: /^[a-zA-Z0-9-_.]+$/ }, name)
  }
  const names = plugin.defaultEnvironmentVariables.map(({ name }) => name)
  t.equal(new Set(names).size, names.length)
})

t.test('the plugin has the original’s variables, and they load once the placeholders are filled', async (t) => {
  t.same(plugin.defaultEnvironmentVariables.map(({ name }) => name).sort(), [
    'ADDITIONAL_HEADERS_TO_PROXY', 'BACKOFFICE_HEADER_KEY', 'BANDYER_API_SECRET_KEY', 'BANDYER_BASE_URL', 'CLIENTTYPE_HEADER_KEY', 'CRUD_SERVICE', 'CRUD_SERVICE_URL',
    'DEFAULT_CLIENT_TYPE', 'DEFAULT_RECORDING_TYPE', 'GROUPS_HEADER_KEY', 'HTTP_PORT', 'LOG_LEVEL', 'MICROSERVICE_GATEWAY_SERVICE_NAME', 'TELECONSULTATIONS_CRUD_NAME',
    'TELECONSULTATION_SERVICE_CONFIG_PATH', 'TRANSCRIPTION_MAX_FILE_SIZE', 'TRUSTED_PROXIES', 'USERID_HEADER_KEY', 'USER_ID_MAP_CRUD_NAME', 'USER_PROPERTIES_HEADER_KEY'
  ])
  const configuration = loadConfiguration(itemsVariables(t))
  t.match(configuration, {
    http: { host: '0.0.0.0', closeDelayMs: 10_000 },
    identity: { mode: 'gateway', authService: undefined },
    storage: { mode: 'crud-service', url: 'http://crud-service', teleconsultations: '/bk-ts-teleconsultations', userIdMaps: '/bk-ts-userid-maps' },
    video: { provider: 'kaleyra' },
    teleconsultations: { roomCreation: 'eager', recording: 'none', transcriptionLimitBytes: 50_000_000 }
  })
  t.ok(configuration.privileges.basic.groups.has('customer'))
  t.ok(configuration.privileges.plus.groups.has('doctor'))
  t.ok(plugin.defaultTerminationGracePeriodSeconds > neededToClose(configuration))
})

t.test('a placeholder of the plugin that nobody filled stops the start by its name', async (t) => {
  const open = plugin.defaultEnvironmentVariables.filter(({ value }) => value?.includes('{{') === true).map(({ name }) => name)
  t.same(open.sort(), Object.keys(FILLED).filter((name) => name !== 'BANDYER_API_SECRET_KEY').sort())
  const left = Object.fromEntries(plugin.defaultEnvironmentVariables.filter(({ name }) => open.includes(name)).map(({ name, value }) => [name, value ?? '']))
  const error = t.throws(() => loadConfiguration({ ...itemsVariables(t), ...left }))
  const problems = error instanceof ConfigurationError ? error.problems : []
  for (const name of open) t.ok(problems.some((problem) => problem.startsWith(name)), name)
})

t.test('the plugin’s config map is mounted where the variable looks, and satisfies config.schema.json', async (t) => {
  const [map] = plugin.defaultConfigMaps
  const path = plugin.defaultEnvironmentVariables.find(({ name }) => name === 'TELECONSULTATION_SERVICE_CONFIG_PATH')?.value
  t.equal(plugin.defaultConfigMaps.length, 1)
  t.equal(path, `${map?.mountPath}/${map?.files[0]?.name}`)
  satisfiesSchema(t, JSON.parse(itemsFile))
})

t.test('probes, metrics and documentation stand where the plugin says, and nothing is written beside it', async (t) => {
  const app = await startsWithoutDataFolder(t, itemsVariables(t))
  t.match(plugin.defaultProbes, { liveness: { path: '/-/healthz' }, readiness: { path: '/-/ready' } })
  for (const url of [plugin.defaultDocumentationPath, ...plugin.defaultMonitoring.endpoints.map(({ path }) => path)]) {
    t.equal((await app.inject(url)).statusCode, 200, url)
  }
})

t.test('the variables of the 1.x plugin load: they lack the CRUD Service’s address, and their base URL is the first API’s', async (t) => {
  const added = ['CRUD_SERVICE_URL', 'CRUD_SERVICE', 'DEFAULT_RECORDING_TYPE', 'TRANSCRIPTION_MAX_FILE_SIZE']
  const variables = Object.fromEntries(Object.entries({ ...itemsVariables(t), BANDYER_BASE_URL: 'https://api.sandbox.eu.bandyer.com/rest/' }).filter(([name]) => !added.includes(name)))
  t.match(loadConfiguration({ ...variables, BANDYER_APP_ID: 'unknown-here' }), {
    storage: { mode: 'crud-service', url: 'http://crud-service' },
    video: { provider: 'bandyer' },
    identity: { mode: 'gateway' }
  })
})

const properties = Object.fromEntries(read('deploy/kubernetes/environment.properties').split('\n').filter((line) => line !== '').map((line) => {
  const at = line.indexOf('=')
  return [line.slice(0, at), line.slice(at + 1)]
}))
const deployment = read('deploy/kubernetes/deployment.yaml')
const kubernetesVariables = (t: Teardown) => ({
  ...properties,
  BANDYER_API_SECRET_KEY: 'a-key-of-the-vendor',
  LINK_SECRET: 'a-secret-of-thirty-two-characters',
  TELECONSULTATION_SERVICE_CONFIG_PATH: configurationFile(t, read('deploy/kubernetes/config.json'))
})

t.test('the Kubernetes example’s variables load, and its config.json satisfies config.schema.json', async (t) => {
  satisfiesSchema(t, parsed('deploy/kubernetes/config.json'))
  t.match(loadConfiguration(kubernetesVariables(t)), {
    http: { host: '0.0.0.0', port: 3000 },
    storage: { mode: 'crud-service' },
    video: { provider: 'kaleyra' },
    identity: { mode: 'gateway' }
  })
  for (const collection of ['teleconsultations', 'userid-maps']) {
    const { endpointBasePath } = parsed(`deploy/crud/${collection}.json`) as { endpointBasePath: string }
    t.ok(Object.values(properties).includes(endpointBasePath), endpointBasePath)
  }
})

t.test('the Kubernetes example’s containers are read-only, and the service writes nothing', async (t) => {
  t.match(deployment, 'readOnlyRootFilesystem: true')
  t.match(deployment, 'runAsNonRoot: true')
  await startsWithoutDataFolder(t, kubernetesVariables(t))
})

t.test('the Kubernetes example’s parts fit each other', async (t) => {
  const configuration = loadConfiguration(kubernetesVariables(t))
  t.match(deployment, `containerPort: ${configuration.http.port}\n`)
  t.match(read('deploy/kubernetes/service.yaml'), /port: 80\n\s+targetPort: http\n/)
  t.ok(Number(/terminationGracePeriodSeconds: (\d+)/.exec(deployment)?.[1]) > neededToClose(configuration))
  const mountPath = /mountPath: (\S+)/.exec(deployment)?.[1]
  t.equal(properties['TELECONSULTATION_SERVICE_CONFIG_PATH'], `${mountPath}/config.json`)
  const generated = [...read('deploy/kubernetes/kustomization.yaml').matchAll(/^ {2}- name: (teleconsultation-(?:environment|service))$/gm)].map(([, name]) => name)
  t.equal(generated.length, 2)
  for (const name of generated) t.match(deployment, `name: ${name}\n`)
})
