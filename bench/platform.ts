import { execFile } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { ServerOptions } from './processes.ts'

const run = promisify(execFile)

const LIBRARY = '@mia-platform/custom-plugin-lib'
const LAUNCHER = '@mia-platform/lc39'

/** The installed library: how a service of it is started. */
export type Platform = (upstream: string, logLevel: 'error' | 'info') => ServerOptions

/**
 * Installs the platform's plugin library and its launcher into a folder, which takes npm and its registry. They are no
 * dependency of this project, not even for development.
 *
 * @throws Error when npm cannot install them
 */
export async function installPlatform (folder: string): Promise<Platform> {
  mkdirSync(folder, { recursive: true })
  await run('npm', ['install', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund', '--no-save', `${LIBRARY}@8`, `${LAUNCHER}@9`])
  const inFolder = (name: string) => join(folder, 'node_modules', name)
  const service = join(folder, 'service.cjs')
  copyFileSync(fileURLToPath(new URL('platform-service.cjs', import.meta.url)), service)
  const { version } = JSON.parse(readFileSync(join(inFolder(LIBRARY), 'package.json'), 'utf8')) as { version: string }
  return (upstream, logLevel) => ({
    name: `custom-plugin-lib ${version}, LOG_LEVEL=${logLevel}`,
    command: (port) => [join(inFolder(LAUNCHER), 'bin', 'cli.js'), service, '--port', String(port), '--log-level', logLevel],
    environment: () => ({
      NODE_ENV: 'production',
      USERID_HEADER_KEY: 'miauserid',
      GROUPS_HEADER_KEY: 'miausergroups',
      CLIENTTYPE_HEADER_KEY: 'client-type',
      BACKOFFICE_HEADER_KEY: 'isbackoffice',
      MICROSERVICE_GATEWAY_SERVICE_NAME: 'microservice-gateway',
      UPSTREAM: upstream
    }),
    readyPath: '/-/ready'
  })
}
