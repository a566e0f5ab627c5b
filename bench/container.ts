import { fileURLToPath } from 'node:url'
import { startFakeKaleyra } from '../tests/support/fake-kaleyra.ts'
import { VENDOR_KEY } from '../tests/support/fake-vendor.ts'
import { mixedRequests, openAppointment } from './appointments.ts'
import { containerCommand } from './container-command.ts'
import { residentMiB, startServer } from './processes.ts'

/**
 * The memory and the start of the service as the container runs it: the Dockerfile's own command and settings, in front of a
 * CRUD Service and the vendor's API (stand-ins in processes of their own or in this one), after 100 000 mixed requests.
 *
 * `npm run bench:container [-- requests]`
 */
const requests = Number(process.argv[2] ?? 100_000)
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const container = containerCommand()

const closing: Array<() => unknown> = []
try {
  const vendor = await startFakeKaleyra({ teardown: (close) => closing.push(close) })
  const stub = await startServer({ name: 'stub of the CRUD Service', command: (port) => [here('stub-crud.ts'), String(port)], readyPath: '/teleconsultations/schema' })
  closing.push(() => stub.stop())
  const service = await startServer({
    name: 'the service',
    command: () => container.command,
    environment: (port) => ({
      HTTP_PORT: String(port),
      HTTP_HOST: '127.0.0.1',
      LOG_LEVEL: 'info',
      BANDYER_API_SECRET_KEY: VENDOR_KEY,
      BANDYER_BASE_URL: vendor.baseUrl,
      CRUD_SERVICE_URL: stub.origin,
      TELECONSULTATIONS_CRUD_NAME: 'teleconsultations',
      USER_ID_MAP_CRUD_NAME: 'userid-maps',
      WAIT_BEFORE_SERVER_CLOSE_SEC: '0',
      ...container.environment
    }),
    readyPath: '/-/ready'
  })
  closing.push(() => service.stop())
  const id = await openAppointment(service.origin)
  const atRest = residentMiB(service.pid)
  const memory: number[] = []
  for (let part = 0; part < 10; part++) {
    await mixedRequests(service.origin, id, requests / 10)
    vendor.requests.length = 0
    vendor.rooms.splice(1, Math.max(0, vendor.rooms.length - 100))
    memory.push(residentMiB(service.pid))
  }
  process.stdout.write(`ready after ${Math.round(service.readyAfterMs)} ms; resident: ${Math.round(atRest)} MiB at rest, ${Math.round(memory.at(-1) ?? 0)} MiB after ${requests} requests (largest ${Math.round(Math.max(...memory))} MiB)\n`)
} finally {
  for (const close of closing.reverse()) await close()
}
