import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { buildApp } from './lib/app.ts'
import { ConfigurationError, loadConfiguration } from './lib/config/load.ts'
import { loggableError } from './lib/http/redact.ts'

const CLOSE_WITHIN_MS = 25_000

try {
  const configuration = loadConfiguration(process.env)
  if (process.argv[2] === 'pii:rotate') {
    const { rotatePersonalData } = await import('./lib/rotate-personal-data.ts')
    const isDone = await rotatePersonalData(configuration, { plain: process.argv.includes('--plain'), print: (line) => { process.stdout.write(`${line}\n`) } })
    process.exit(isDone ? 0 : 1)
  }
  // The sources stand beside package.json, the built service one folder below it.
  const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
  const root = existsSync(here('./package.json')) ? './' : '../'
  const { name, version } = JSON.parse(readFileSync(here(`${root}package.json`), 'utf8')) as { name: string, version: string }
  const app = await buildApp({ configuration, name, version, webRoot: here(`${root}dist/web`) })

  let exitCode = 0
  let closing = false
  const close = () => {
    if (closing) return
    closing = true
    setTimeout(() => {
      app.log.fatal({ withinMs: CLOSE_WITHIN_MS }, 'Closing takes too long')
      process.exit(1)
    }, CLOSE_WITHIN_MS)
    app.close().then(() => process.exit(exitCode), (error: unknown) => {
      app.log.fatal({ err: error }, 'Closing failed')
      process.exit(1)
    })
  }

  // A rejection that nobody handles arrives here as well. What the process is worth afterwards nobody can tell.
  process.on('uncaughtException', (error, origin) => {
    app.log.fatal({ err: error, origin }, 'A fault that nobody handled')
    exitCode = 1
    close()
  })

  const address = await app.listen({ port: configuration.http.port, host: configuration.http.host })

  let told = false
  const stop = (signal: NodeJS.Signals, delayMs: number) => {
    if (told) process.exit(1)
    told = true
    app.log.info({ signal, delayMs }, 'Closing')
    app.drain()
    // Goes on serving first: the platform's network needs a moment to send requests elsewhere.
    setTimeout(close, delayMs)
  }
  process.on('SIGTERM', (signal) => { stop(signal, configuration.http.closeDelayMs) })
  process.on('SIGINT', (signal) => { stop(signal, 0) })

  const { storage, video, identity } = configuration
  app.log.info({ storage: storage.mode, video: video.provider, identity: identity.mode, address }, `Ready: storage ${storage.mode}, video ${video.provider}, identity ${identity.mode}`)
} catch (error) {
  const line = error instanceof ConfigurationError ? error.message : JSON.stringify({ level: 60, err: loggableError(error), msg: 'It cannot start' })
  process.stderr.write(`${line}\n`)
  process.exit(1)
}
