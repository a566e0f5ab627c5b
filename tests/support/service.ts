import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify'
import { buildApp } from '../../lib/app.ts'
import { loadConfiguration } from '../../lib/config/load.ts'

export interface Service {
  app: FastifyInstance
  /** Moves the service's clock; it stands still otherwise. */
  setClock (at: Date): void
  /** From now on whatever asks for the time fails: a fault of the service itself. */
  breakClock (): void
  now (): Date
  log: string[]
  dataPath: string
  inject (options: InjectOptions): Promise<LightMyRequestResponse>
}

export interface Teardown { teardown (close: () => unknown): unknown }

/** What no line of any service that a test starts may hold: names, e-mail addresses, people's ids, tokens, vendor links, keys, sessions. */
const SECRETS = [
  /Ada Rossi|Bruno Verdi/, /[\w.+-]+@(?:[\w-]+\.)+(?:example|com|org|it)\b/, /"(doctor|patient)-\d"/, /auth0\|/, /eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]+/, /rest-call-handler\/(?!\[REDACTED\])/,
  /ak_fake_0001/, /sid=1/, /secret-of-the-database/
]

export const NOON = new Date('2026-11-23T12:00:00.000Z')

/**
 * The whole service over a data folder of its own, with a clock that stands at noon until it is moved.
 *
 * @param options.storedAt the address of what stands for the embedded storage
 */
export async function startService (t: Teardown, variables: Record<string, string> = {}, options: { dataPath?: string, webRoot?: string, storedAt?: string } = {}): Promise<Service> {
  const dataPath = options.dataPath ?? temporaryFolder(t)
  const log: string[] = []
  let clock: Date | undefined = NOON
  const time = () => {
    if (clock === undefined) throw new Error('broken clock')
    return clock
  }
  // How busy the machine is under test decides nothing.
  const configuration = loadConfiguration({ DATA_PATH: dataPath, LOG_LEVEL: 'trace', MAX_EVENT_LOOP_DELAY_MS: '60000', ...variables })
  const app = await buildApp({
    configuration: options.storedAt === undefined ? configuration : { ...configuration, storage: { ...configuration.storage, url: options.storedAt } },
    name: 'teleconsultation-backend',
    version: '0.0.0-test',
    webRoot: options.webRoot ?? join(dataPath, 'no-pages'),
    clock: time,
    logTo: { write: (line) => { log.push(line) } }
  })
  t.teardown(async () => {
    await app.close()
    const found = SECRETS.filter((secret) => log.some((line) => secret.test(line)))
    if (found.length > 0) throw new Error(`The log holds what it must not: ${found.map(String).join(', ')}`)
  })
  return {
    app,
    log,
    dataPath,
    setClock: (at) => { clock = at },
    breakClock: () => { clock = undefined },
    now: time,
    inject: async (request) => await app.inject({ remoteAddress: '127.0.0.1', ...request, headers: { host: 'localhost', ...request.headers } })
  }
}

export function temporaryFolder (t: Teardown): string {
  const folder = mkdtempSync(join(tmpdir(), 'teleconsultation-'))
  t.teardown(() => { rmSync(folder, { recursive: true, force: true }) })
  return folder
}

export const after = (from: Date, minutes: number) => new Date(from.getTime() + minutes * 60_000)

export const DOCTOR = { userExternalId: 'doctor-1', groups: ['doctor'], fullName: 'Ada Rossi', language: 'it' }
export const PATIENT = { userExternalId: 'patient-1', groups: ['patient'], fullName: 'Bruno Verdi', language: 'en' }

/** A complete teleconsultation of half an hour that begins ten minutes after noon. */
export const booking = (changes: Record<string, unknown> = {}) => ({
  participants: { number: 2, data: [DOCTOR, PATIENT] },
  start_date: after(NOON, 10).toISOString(),
  duration_in_seconds: 1800,
  ...changes
})

export async function book (service: Service, body: object = booking()): Promise<string> {
  const answer = await service.inject({ method: 'POST', url: '/teleconsultation', payload: body })
  if (answer.statusCode !== 201) throw new Error(`not booked: ${answer.statusCode} ${answer.body}`)
  return answer.json<{ roomId: string }>().roomId
}

export const open = (service: Service, roomId: string, caller: string = DOCTOR.userExternalId, query = '') =>
  service.inject({ method: 'GET', url: `/teleconsultation/${roomId}${query}`, headers: { miauserid: caller } })
