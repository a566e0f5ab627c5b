import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildApp } from '../lib/app.ts'
import { Environment } from '../lib/config/environment.ts'
import { loadConfiguration } from '../lib/config/load.ts'
import { AGENDA_FEEDS, ERASURES, ORGANISATION_MEMBERS, TELECONSULTATIONS, USER_ID_MAPS } from '../lib/storage/collections.ts'
import type { CollectionDefinition } from '../lib/storage/embedded/server.ts'
import { ServiceConfiguration } from '../schemas/service-configuration.ts'

/** The files that follow from the definitions: path and content. `npm run generate` writes them, a test compares them. */
export async function generatedFiles (): Promise<Map<string, string>> {
  return new Map([
    ['config.schema.json', `${JSON.stringify({ $schema: 'http://json-schema.org/draft-07/schema#', ...ServiceConfiguration }, null, 2)}\n`],
    ['openapi.json', await openApiDocument()],
    ['deploy/crud/teleconsultations.json', crudDefinition(TELECONSULTATIONS)],
    ['deploy/crud/userid-maps.json', crudDefinition(USER_ID_MAPS)],
    ['deploy/crud/organisation-members.json', crudDefinition(ORGANISATION_MEMBERS)],
    ['deploy/crud/agenda-feeds.json', crudDefinition(AGENDA_FEEDS)],
    ['deploy/crud/erasures.json', crudDefinition(ERASURES)],
    ['README.md', withConfigurationTable(readFileSync('README.md', 'utf8'))]
  ])
}

// What every collection of a CRUD Service has, and its definition must name.
const SERVER_FIELDS = [
  ['_id', 'ObjectId'], ['creatorId', 'string'], ['createdAt', 'Date'], ['updaterId', 'string'], ['updatedAt', 'Date'], ['__STATE__', 'string']
].map(([name, type]) => ({ name, type, required: true, nullable: false }))

const crudDefinition = (collection: CollectionDefinition) => `${JSON.stringify({
  ...collection,
  fields: [...SERVER_FIELDS, ...collection.fields],
  indexes: [{ name: '_id', type: 'normal', unique: true, fields: [{ name: '_id', order: 1 }] }, ...collection.indexes ?? []]
}, null, 2)}\n`

async function openApiDocument (): Promise<string> {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
  const dataPath = await mkdtemp(join(tmpdir(), 'teleconsultation-openapi-'))
  const app = await buildApp({ configuration: loadConfiguration({ DATA_PATH: dataPath, LOG_LEVEL: 'silent' }), name: 'openapi', version, webRoot: dataPath })
  try {
    await app.ready()
    return `${JSON.stringify(app.swagger(), null, 2)}\n`
  } finally {
    await app.close()
    await rm(dataPath, { recursive: true })
  }
}

const [BEGIN, END] = ['<!-- configuration table: generated -->', '<!-- end of the configuration table -->']

function withConfigurationTable (readme: string): string {
  const begin = readme.indexOf(BEGIN)
  const end = readme.indexOf(END)
  if (begin < 0 || end < begin) throw new Error('README.md has lost the marks of its configuration table')
  return `${readme.slice(0, begin + BEGIN.length)}\n\n${configurationTable()}\n\n${readme.slice(end)}`
}

interface Variable { description?: string, default?: unknown, enum?: readonly string[] }

function configurationTable (): string {
  const rows = Object.entries(Environment.properties as Record<string, Variable>).map(([name, { description = '', default: fallback, enum: values }]) => {
    const what = values === undefined ? description : `${description} (${values.map((value) => `\`${value}\``).join(', ')})`
    return `| \`${name}\` | ${fallback === undefined || fallback === '' ? '' : `\`${String(fallback)}\``} | ${what.replaceAll('|', '\\|')} |`
  })
  return ['| variable | default | meaning |', '|---|---|---|', ...rows].join('\n')
}
