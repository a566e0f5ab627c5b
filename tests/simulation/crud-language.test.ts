import { isDeepStrictEqual } from 'node:util'
import t from 'tap'
import { defineCollection } from '../../lib/storage/embedded/collection-definition.ts'
import { matches } from '../../lib/storage/embedded/query-evaluation.ts'
import { parseFilter } from '../../lib/storage/embedded/query-language.ts'
import { applyUpdate } from '../../lib/storage/embedded/update-application.ts'
import { castDates, parseUpdate } from '../../lib/storage/embedded/update-operators.ts'
import type { Document } from '../../lib/storage/embedded/values.ts'
import { TELECONSULTATIONS } from '../../lib/storage/collections.ts'
import type { Row } from './crud-language.ts'
import { simulate } from './simulate.ts'

const SEEDS = 100

for (const layout of ['declared', 'official'] as const) {
  const lacks = new Set(layout === 'declared' ? [] : ['revision', 'service'])
  const collection = defineCollection({
    ...TELECONSULTATIONS,
    fields: TELECONSULTATIONS.fields.filter(({ name }) => !lacks.has(name)),
    indexes: []
  })
  const stored = (row: Row) => castDates(row as Document, collection)

  t.test(`what is asked on the ${layout} layout means to the embedded storage what it means here`, async (t) => {
    const differing: unknown[] = []
    let compared = 0
    for (let seed = 1; seed <= SEEDS; seed++) {
      await simulate({
        seed,
        fixed: { layout },
        language: {
          matched (filter, row, result) {
            compared++
            if (matches(parseFilter(filter, collection), stored(row)) !== result) differing.push({ filter, row, result })
          },
          applied (commands, before, after) {
            compared++
            const there = applyUpdate(stored(before), parseUpdate({ ...commands }, collection), { now: new Date(0), isInsert: false, positionIn: () => undefined })
            if (!isDeepStrictEqual(there, stored(after))) differing.push({ commands, before, there, after })
          }
        }
      })
    }
    t.same(differing, [])
    t.ok(compared > 5000, `${compared} comparisons`)
  })
}
