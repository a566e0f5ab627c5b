import { spawnSync } from 'node:child_process'
import { existsSync, globSync, statSync } from 'node:fs'

// Builds what is missing, or older than what it is made from: a checkout that was changed, or an install without scripts.
const PARTS = [
  { script: 'build:service', made: 'dist/index.js', from: ['index.ts', 'lib/**/*.ts', 'schemas/**/*.ts', 'tsconfig.json', '.ci/build-service.ts'] },
  { script: 'build:web', made: 'dist/web/index.html', from: ['web/**/*', 'schemas/**/*.ts'] }
]

const changedAt = (file: string) => statSync(file).mtimeMs

for (const { script, made, from } of PARTS) {
  if (existsSync(made) && globSync(from).every((file) => changedAt(file) <= changedAt(made))) continue
  const { status } = spawnSync('npm', ['run', script], { stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}
