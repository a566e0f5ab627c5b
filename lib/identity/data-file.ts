import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

/** The path of a file in the service's data folder, which is made when it is missing, for its owner alone. */
export function dataFile (dataPath: string, name: string): string {
  mkdirSync(dataPath, { recursive: true, mode: 0o700 })
  return join(dataPath, name)
}
