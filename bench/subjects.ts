import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { installPlatform, type Platform } from './platform.ts'
import { startServer, type ServerProcess } from './processes.ts'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

export interface Subjects {
  /** What the service in front of a CRUD Service and the baseline share. */
  stub (): Promise<ServerProcess>
  relay (upstream: string): Promise<ServerProcess>
  /** The relay's work done with the platform's plugin library, which is installed first. */
  platform (upstream: string, logLevel: 'error' | 'info'): Promise<ServerProcess>
  external (upstream: string, logLevel: 'error' | 'info'): Promise<ServerProcess>
  embedded (): Promise<ServerProcess>
  /** Ends what was started, then removes what it stored. */
  close (): Promise<void>
}

/** Everything that is measured, started from the built service, and each with a fresh folder for its data. */
export function subjects (): Subjects {
  const folder = mkdtempSync(join(tmpdir(), 'teleconsultation-bench-'))
  const remove = () => { rmSync(folder, { recursive: true, force: true, maxRetries: 3 }) }
  process.on('exit', remove)
  const started: ServerProcess[] = []
  let folders = 0
  let installed: Promise<Platform> | undefined

  const start = async (options: Parameters<typeof startServer>[0]) => {
    const server = await startServer(options)
    started.push(server)
    return server
  }
  const service = (name: string, variables: Record<string, string>) => start({
    name,
    command: () => [here('../dist/index.js')],
    environment: (port) => ({ HTTP_PORT: String(port), DATA_PATH: join(folder, String(++folders)), ...variables }),
    readyPath: '/-/ready'
  })

  return {
    stub: () => start({ name: 'stub of the CRUD Service', command: (port) => [here('stub-crud.ts'), String(port)], readyPath: '/teleconsultations/schema' }),
    relay: (upstream) => start({ name: 'bare relay', command: (port) => [here('relay.ts'), String(port), upstream], readyPath: '/-/ready' }),
    platform: async (upstream, logLevel) => {
      installed ??= installPlatform(join(folder, 'platform'))
      return await start((await installed)(upstream, logLevel))
    },
    external: (upstream, logLevel) => service(`CRUD Service, LOG_LEVEL=${logLevel}`, {
      STORAGE: 'crud-service',
      CRUD_SERVICE_URL: upstream,
      TELECONSULTATIONS_CRUD_NAME: 'teleconsultations',
      USER_ID_MAP_CRUD_NAME: 'userid-maps',
      VIDEO_PROVIDER: 'embedded',
      AUTHORIZATION: 'gateway',
      HTTP_HOST: '127.0.0.1',
      LOG_LEVEL: logLevel
    }),
    embedded: () => service('embedded storage', {}),
    async close () {
      await Promise.all(started.map((server) => server.stop()))
      remove()
    }
  }
}
