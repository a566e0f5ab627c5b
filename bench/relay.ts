import Fastify from 'fastify'
import { Pool } from 'undici'

/**
 * The baseline: the least that Fastify and undici need for one relayed GET. No identity, no rules, no validation, no log, no
 * metrics. Arguments: the port, the upstream's origin.
 */

const [port, upstream] = process.argv.slice(2)
const pool = new Pool(upstream ?? '', { connections: 64 })
const app = Fastify({ logger: false })

app.get('/-/ready', () => ({ status: 'OK' }))

app.get<{ Params: { id: string } }>('/teleconsultation/:id', {
  schema: { response: { 200: { type: 'object', properties: { bandyerRoomId: { type: 'string' } } } } }
}, async (request) => {
  const { body } = await pool.request({ method: 'GET', path: `/teleconsultations/${request.params.id}` })
  const { bandyerRoomId } = await body.json() as { bandyerRoomId: string }
  return { bandyerRoomId }
})

await app.listen({ port: Number(port), host: '127.0.0.1' })
