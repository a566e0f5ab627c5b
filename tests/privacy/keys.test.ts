import { execFile } from 'node:child_process'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { fieldCipher } from '../../lib/privacy/field-cipher.ts'
import { generatedKeys, parseKeys } from '../../lib/privacy/keys.ts'
import { temporaryFolder } from '../support/service.ts'

const one = Buffer.alloc(32, 251).toString('base64')
const two = Buffer.alloc(32, 2).toString('base64')

t.test('keys are read in their order', async (t) => {
  t.same(parseKeys(`2026-b:${one},a:${two}`).map(({ id, key }) => [id, Buffer.from(key).toString('base64')]), [['2026-b', one], ['a', two]])
})

t.test('every wrong entry is named by its number and not repeated', async (t) => {
  const doubtful = (entry: string) => ({ entry, message: /^entry 2 must be an id \(1 to 32 lower-case/ })
  const cases = [
    doubtful(''), doubtful('b'), doubtful(`:${two}`), doubtful(`B:${two}`), doubtful(`${'b'.repeat(33)}:${two}`), doubtful(`b_:${two}`),
    doubtful('b:'), doubtful(`b:${Buffer.alloc(31, 2).toString('base64')}`), doubtful(`b:${Buffer.alloc(33, 2).toString('base64')}`), doubtful(`b:${Buffer.alloc(32, 251).toString('base64url')}`),
    doubtful(`b:${two.replace('=', '')}`), doubtful(`b:${two} `), doubtful(` b:${two}`), doubtful(`b:${two.slice(0, -2)}J=`), doubtful(`b:${'z'.repeat(44)}`),
    { entry: `a:${two}`, message: /^entry 2 has the id of an earlier one$/ },
    { entry: `b:${one}`, message: /^entry 2 has the key of an earlier one$/ }
  ]
  for (const { entry, message } of cases) {
    try {
      parseKeys(`a:${one},${entry}`)
      t.fail(entry)
    } catch (error) {
      const told = error instanceof Error ? error.message : ''
      t.match(told, message, entry)
      t.notMatch(told, two.slice(0, 20))
    }
  }
  t.throws(() => parseKeys('x,y'), /entry 1 .*; entry 2 /)
})

t.test('a key is made once, readable by its owner alone', async (t) => {
  const folder = join(temporaryFolder(t), 'data')
  const keys = generatedKeys(folder)
  t.equal(statSync(join(folder, 'pii-keys')).mode & 0o777, 0o600)
  t.equal(statSync(folder).mode & 0o777, 0o700)
  t.same(readdirSync(folder), ['pii-keys'], 'nothing is left beside it')
  t.same(generatedKeys(folder), keys)
  t.match(keys, [{ id: /^k[0-9a-f]{8}$/ }])
  t.not(generatedKeys(temporaryFolder(t))[0]?.id, keys[0]?.id)
})

t.test('a key that is put before the generated one is the one that seals', async (t) => {
  const folder = temporaryFolder(t)
  const before = fieldCipher({ keys: generatedKeys(folder) })
  const file = join(folder, 'pii-keys')
  writeFileSync(file, `new:${one},${readFileSync(file, 'utf8')}`)
  const after = fieldCipher({ keys: generatedKeys(folder) })
  t.match(after.seal('Ada', 'people name'), /^enc:v1:new:/)
  t.equal(after.open(before.seal('Ada', 'people name'), 'people name'), 'Ada')
})

t.test('a damaged key file is an error that names it and holds nothing of it', async (t) => {
  const folder = temporaryFolder(t)
  for (const text of ['', `k1:${one.slice(0, 30)}`]) {
    writeFileSync(join(folder, 'pii-keys'), text)
    t.throws(() => generatedKeys(folder), { message: new RegExp(`^The key file ${folder}/pii-keys is damaged: restore it from a backup`) })
    t.equal(readFileSync(join(folder, 'pii-keys'), 'utf8'), text, 'it is left as it is')
  }
})

t.test('processes that start at once end up with the same key', async (t) => {
  const folder = temporaryFolder(t)
  const script = `import { generatedKeys } from ${JSON.stringify(new URL('../../lib/privacy/keys.ts', import.meta.url).href)}
    process.stdout.write(JSON.stringify(generatedKeys(process.argv[1])))`
  const outputs = await Promise.all(Array.from({ length: 6 }, async () => (await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script, folder])).stdout))
  t.equal(new Set(outputs).size, 1)
  t.match(outputs[0], /"id":"k/)
  t.same(readdirSync(folder), ['pii-keys'])
})
