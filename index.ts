import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { buildApp } from './lib/app.ts'
import { ConfigurationError, loadConfiguration } from './lib/config/load.ts'

const CLOSE_WITHIN_MS = 25_000

try {
  const configuration = loadConfiguration(process.env)
  // The sources stand beside package.json, the built service one folder below it.
  const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
  const root = existsSync(here('./package.json')) ? './' : '../'
  const { name, version } = JSON.parse(readFileSync(here(`${root}package.json`), 'utf8')) as { name: string, version: string }
  const app = await buildApp({ configuration, name, version, webRoot: here(`${root}dist/web`) })
  const address = await app.listen({ port: configuration.http.port, host: configuration.http.host })
  const { storage, video, identity } = configuration
  app.log.info({ storage: storage.mode, video: video.provider, identity: identity.mode, address }, `Ready: storage ${storage.mode}, video ${video.provider}, identity ${identity.mode}`)

  let closing = false
  const close = (signal: NodeJS.Signals, delayMs: number) => {
    if (closing) process.exit(1)
    closing = true
    app.log.info({ signal, delayMs }, 'Closing')
    // Goes on serving first: the platform's network needs a moment to send requests elsewhere.
    setTimeout(() => {
      setTimeout(() => process.exit(1), CLOSE_WITHIN_MS).unref()
      app.close().then(() => process.exit(0), (error: unknown) => {
        app.log.error({ err: error }, 'Closing failed')
        process.exit(1)
      })
    }, delayMs)
  }
  process.on('SIGTERM', (signal) => { close(signal, configuration.http.closeDelayMs) })
  process.on('SIGINT', (signal) => { close(signal, 0) })
} catch (error) {
  if (!(error instanceof ConfigurationError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}
