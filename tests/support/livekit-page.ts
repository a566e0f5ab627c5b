import Fastify from 'fastify'
import { loadConfiguration } from '../../lib/config/load.ts'
import { browserSources } from '../../lib/providers/livekit/addresses.ts'
import { pageRoutes } from '../../lib/routes/pages/index.ts'
import type { Services } from '../../lib/routes/services.ts'
import type { Teardown } from './service.ts'

/** The service's pages with the one for calls at a LiveKit server, listening. Gives their origin. */
export async function startLivekitPages (t: Teardown, webRoot: string, signalling: string): Promise<string> {
  const app = Fastify()
  const configuration = loadConfiguration({ DATA_PATH: webRoot, AUTHORIZATION: 'gateway' })
  let origin = ''
  // Behind a gateway there is no page of the clinic, which alone asks the services.
  const services = {} as Services
  await app.register(pageRoutes, { services, webRoot, configuration, publicUrl: () => origin, livekitSources: browserSources(signalling) })
  t.teardown(() => app.close())
  const { port } = new URL(await app.listen({ host: '127.0.0.1', port: 0 }))
  origin = `http://localhost:${port}`
  return origin
}
