import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** How the container runs the built service: the Dockerfile's own flags, and what its environment says about memory. */
export function containerCommand (): { command: string[], environment: Record<string, string> } {
  const dockerfile = readFileSync(here('../Dockerfile'), 'utf8')
  const [, ...flags] = JSON.parse(/^CMD (\[.*\])$/m.exec(dockerfile)?.[1] ?? '[]') as string[]
  const arenas = /MALLOC_ARENA_MAX=(\d+)/.exec(dockerfile)?.[1]
  return {
    command: flags.map((flag) => flag === 'dist/index.js' ? here('../dist/index.js') : flag),
    environment: arenas === undefined ? {} : { MALLOC_ARENA_MAX: arenas }
  }
}
