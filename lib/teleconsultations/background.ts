import type { Log } from './ports.ts'

export interface BackgroundWork {
  run (name: string, work: () => Promise<void>, log: Log): void
  /** Resolves when everything that was started is over. */
  finished (): Promise<void>
}

/** Work beside the answers: its failures are logged and harm nobody, and closing waits for it. */
export function backgroundWork (): BackgroundWork {
  const running = new Set<Promise<void>>()
  return {
    run (name, work, log) {
      const started = work()
        .catch((error: unknown) => { log.warn({ err: error, work: name }, 'Background work failed') })
        .finally(() => { running.delete(started) })
      running.add(started)
    },
    async finished () {
      while (running.size > 0) await Promise.all(running)
    }
  }
}
