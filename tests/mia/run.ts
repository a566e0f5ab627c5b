import { casesOf, SETTINGS, titleOf } from './cases.ts'
import { replayer } from './replay.ts'

/** Replays every documented request of the original service and says what differs. */
async function main (): Promise<void> {
  const counts = { same: 0, different: 0 }
  for (const setting of SETTINGS) {
    const closing: Array<() => unknown> = []
    const { replay } = replayer({ teardown: (close) => closing.push(close) }, setting)
    for (const one of casesOf(setting)) {
      const title = `${titleOf(setting)}: ${one.name}`
      const differences = await replay(one).catch((error: unknown) => [error instanceof Error ? error.message : String(error)])
      counts[differences.length === 0 ? 'same' : 'different']++
      process.stdout.write(differences.length === 0 ? `ok ${title}\n` : `not ok ${title}: ${differences.join('; ')}\n`)
    }
    for (const close of closing.reverse()) await close()
  }
  process.stdout.write(`${counts.same} same, ${counts.different} different\n`)
  process.exitCode = counts.different === 0 ? 0 : 1
}

await main()
