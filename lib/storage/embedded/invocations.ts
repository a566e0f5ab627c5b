import type { FastifyInstance } from 'fastify'

type Invocation = 'fetch' | 'insert_or_update' | 'delete' | 'change_state' | 'import'

/** Counts what is asked of each collection, under the name that the CRUD Service's metric has. */
export interface Invocations {
  /** Counts the requests of a scope that serves one collection. */
  watch (scope: FastifyInstance, collectionName: string): void
  /** The counts in Prometheus' text format. */
  text (): string
}

const METRIC = 'mia_platform_crud_service_collection_invocation'
const UNCOUNTED: readonly string[] = ['schema', 'validate']

function kindOf (method: string, url: string): Invocation | undefined {
  const last = url.slice(url.lastIndexOf('/') + 1)
  if (UNCOUNTED.includes(last)) return undefined
  if (last === 'state') return 'change_state'
  if (last === 'import') return 'import'
  if (method === 'GET' || method === 'HEAD') return 'fetch'
  return method === 'DELETE' ? 'delete' : 'insert_or_update'
}

export function countInvocations (): Invocations {
  const counts = new Map<string, number>()
  return {
    watch (scope, collectionName) {
      scope.addHook('preHandler', ({ method, routeOptions: { url } }, _reply, done) => {
        const kind = url === undefined ? undefined : kindOf(method, url)
        if (kind !== undefined) {
          const labels = `collection_name="${collectionName}",type="${kind}"`
          counts.set(labels, (counts.get(labels) ?? 0) + 1)
        }
        done()
      })
    },
    text () {
      const lines = [...counts].map(([labels, count]) => `${METRIC}{${labels}} ${count}\n`)
      return `# HELP ${METRIC} Requests a collection and kind\n# TYPE ${METRIC} counter\n${lines.join('')}`
    },
  }
}
