import { readFileSync } from 'node:fs'
import t from 'tap'
import { generatedFiles } from '../../.ci/generated-files.ts'

t.test('config.schema.json, openapi.json and README’s table follow from the definitions (npm run generate)', async (t) => {
  for (const [path, content] of await generatedFiles()) t.equal(readFileSync(path, 'utf8'), content, path)
})

t.test('the example configuration satisfies config.schema.json', async (t) => {
  const { Ajv } = await import('ajv')
  const read = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as object
  const validate = new Ajv({ allowUnionTypes: true }).compile(read('config.schema.json'))
  t.equal(validate(read('privileges.example.json')), true, JSON.stringify(validate.errors))
})
