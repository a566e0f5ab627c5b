import { readFileSync } from 'node:fs'
import t from 'tap'
import * as catalogue from '../../lib/errors.ts'

interface Row { code: string, status: number }

const ours: Row[] = Object.values(catalogue).flatMap((CatalogueError) => {
  if (typeof CatalogueError !== 'function') return []
  const { code, statusCode } = new CatalogueError() as unknown as { code: string, statusCode: number }
  return [{ code, status: statusCode }]
})

const documented: Row[] = [...readFileSync('docs/errors.md', 'utf8').matchAll(/^\| `([A-Z_0-9]+)` \| (\d{3}) \|/gm)]
  .map(([, code = '', status]) => ({ code, status: Number(status) }))

const sorted = (rows: Row[]) => rows.map(({ code, status }) => `${code} ${status}`).sort()

t.test('docs/errors.md and the catalogue name the same errors with the same statuses', async (t) => {
  const framework = documented.filter(({ code }) => code.startsWith('FST_') || code === 'ROUTE_NOT_FOUND')
  t.same(sorted(documented.filter((row) => !framework.includes(row))), sorted(ours))
  t.ok(framework.length >= 7)
})

t.test('no code stands twice', async (t) => {
  t.equal(new Set(ours.map(({ code }) => code)).size, ours.length)
  t.equal(new Set(documented.map(({ code }) => code)).size, documented.length)
})
