import type { Memory, StartUp, Throughput } from './measure.ts'
import type { Estimate } from './statistics.ts'

export interface Results {
  machine: { node: string, cpu: string, cores: number }
  settings: { pairs: number, seconds: number, starts: number, requests: number }
  throughput: Throughput[]
  startUp: StartUp[]
  memory: Memory[]
}

const times = ({ median, low, high }: Estimate) => `**${median.toFixed(2)}** (${low.toFixed(2)} to ${high.toFixed(2)})`
const grouped = (value: number) => Math.round(value).toString().replace(/\B(?=(\d{3})+$)/g, ' ')

/** Markdown for the README: what each figure is, the figure, and what it is in terms of its baseline. */
export function markdown ({ machine, settings, throughput, startUp, memory }: Results): string {
  const rows = [
    ...throughput.flatMap(({ name, requestsPerSecond, ratio, cpuMicroseconds, cpuRatio, platformRatio }, index) => [
      [`GET of a link: ${name}`, `${grouped(requestsPerSecond.median)} requests/s`, index === 0 ? 'baseline' : times(ratio)],
      ['… its CPU a request', `${cpuMicroseconds.median.toFixed(0)} µs`, index === 0 ? 'baseline' : times(cpuRatio)],
      ...(platformRatio === undefined ? [] : [['… as a multiple of custom-plugin-lib’s requests', '', times(platformRatio)]])
    ]),
    ...startUp.map(({ name, ms, ratio }, index) =>
      [index === 0 ? `Start: \`${name}\`` : `Start until ready: ${name}`, `${ms.median.toFixed(0)} ms`, index === 0 ? 'baseline' : times(ratio)]),
    ...memory.flatMap(({ name, atRestMiB, afterMiB, atRestRatio, afterRatio }, index) => [
      [`Memory at rest: ${name}`, `${atRestMiB.toFixed(0)} MiB`, index === 0 ? 'baseline' : `**${atRestRatio.toFixed(2)}**`],
      [`… after ${grouped(settings.requests)} requests`, `${afterMiB.toFixed(0)} MiB`, index === 0 ? 'baseline' : `**${afterRatio.toFixed(2)}**`]
    ])
  ]
  return [
    `| measured | here | against the baseline (90 % interval) |\n|---|---:|---|\n${rows.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}`,
    `Node.js ${machine.node}, ${machine.cores} cores (${machine.cpu}) shared by load, service and upstream; ${settings.pairs} rounds of ${settings.seconds} s each, ${settings.starts} starts. The ratios are medians of pairs; the absolute figures are this machine's at that minute.`
  ].join('\n\n')
}
