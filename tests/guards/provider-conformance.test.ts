import { readFileSync } from 'node:fs'
import t from 'tap'
import { PROVIDER_NAMES } from '../../lib/config/video-environment.ts'

t.test('every provider that can be configured passes the conformance suite', async (t) => {
  for (const name of PROVIDER_NAMES) {
    const file = readFileSync(new URL(`../providers/${name}-conformance.test.ts`, import.meta.url), 'utf8')
    t.match(file, /providerConformance\(/, name)
  }
})
