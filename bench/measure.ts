import { setTimeout as wait } from 'node:timers/promises'
import { getRequests, mixedRequests, openAppointment } from './appointments.ts'
import { bareNodeMs, cpuMicroseconds, residentMiB, type ServerProcess } from './processes.ts'
import { estimate, paired, type Estimate } from './statistics.ts'
import type { Subjects } from './subjects.ts'
import { saturate } from './wrk.ts'

export interface StartUp { name: string, ms: Estimate, ratio: Estimate }
export interface Memory { name: string, atRestMiB: number, afterMiB: number, atRestRatio: number, afterRatio: number }
export interface Throughput {
  name: string
  requestsPerSecond: Estimate
  ratio: Estimate
  cpuMicroseconds: Estimate
  cpuRatio: Estimate
  /** Requests per second as a multiple of those of the platform's library, where that is measured and this is a service. */
  platformRatio?: Estimate
}

/** A server and the teleconsultations in the steady state that its links are asked for. */
export interface Subject { server: ServerProcess, openIds: readonly string[], kind: 'relay' | 'platform' | 'service' }

/** Process start to the first 200 of `/-/ready`, in turns with `node -e 0`, to which the ratios refer. */
export async function measureStartUp (from: Subjects, upstream: string, rounds: number): Promise<StartUp[]> {
  const ready = async (start: () => Promise<ServerProcess>) => {
    const server = await start()
    await server.stop()
    return server.readyAfterMs
  }
  const kinds = [
    { name: 'node -e 0', timeOne: bareNodeMs },
    { name: 'bare relay', timeOne: () => ready(() => from.relay(upstream)) },
    { name: 'CRUD Service', timeOne: () => ready(() => from.external(upstream, 'error')) },
    { name: 'embedded storage', timeOne: () => ready(from.embedded) }
  ].map((kind) => ({ ...kind, times: [] as number[] }))
  for (let round = 0; round < rounds; round++) {
    for (const { timeOne, times } of kinds) times.push(await timeOne())
  }
  const bare = kinds[0]?.times ?? []
  return kinds.map(({ name, times }) => ({ name, ms: estimate(times), ratio: paired(times, bare) }))
}

const SETTLES_AFTER_MS = 1000

/**
 * Resident memory at rest, after the one booking that is needed, and after many. The relay is the baseline, and gets GETs alone.
 *
 * @param services the first of them shares the upstream with the relay
 */
export async function measureMemory (relay: ServerProcess, services: readonly ServerProcess[], requests: number): Promise<Memory[]> {
  const appointments = await Promise.all(services.map(({ origin }) => openAppointment(origin)))
  const subjects = [relay, ...services].map((server, index) => ({ server, openId: appointments[Math.max(index - 1, 0)] ?? '' }))
  await wait(SETTLES_AFTER_MS)
  const atRest = subjects.map(({ server }) => residentMiB(server.pid))

  const after: number[] = []
  for (const { server, openId } of subjects) {
    await (server === relay ? getRequests : mixedRequests)(server.origin, openId, requests)
    await wait(SETTLES_AFTER_MS)
    after.push(residentMiB(server.pid))
  }
  const ratio = (values: readonly number[], index: number) => (values[index] ?? NaN) / (values[0] ?? NaN)
  return subjects.map(({ server: { name } }, index) => ({
    name,
    atRestMiB: atRest[index] ?? NaN,
    afterMiB: after[index] ?? NaN,
    atRestRatio: ratio(atRest, index),
    afterRatio: ratio(after, index)
  }))
}

const WARM_UP_SECONDS = 2

/**
 * The steady state under load, in slices that take turns: every round gives each subject one slice, in an order that
 * turns round, so that what else the machine does meets all alike. The first subject is the baseline.
 */
export async function measureThroughput (subjects: readonly Subject[], rounds: number, seconds: number, progress: (round: number) => void): Promise<Throughput[]> {
  const slices = subjects.map((subject) => ({ subject, requestsPerSecond: [] as number[], cpu: [] as number[] }))
  const slice = async ({ subject: { server, openIds }, requestsPerSecond, cpu }: (typeof slices)[number], lengthSeconds: number) => {
    const before = cpuMicroseconds(server.pid)
    const requests = await saturate(server.origin, openIds, lengthSeconds)
    cpu.push((cpuMicroseconds(server.pid) - before) / requests)
    requestsPerSecond.push(requests / lengthSeconds)
  }
  for (const each of slices) {
    await slice(each, WARM_UP_SECONDS)
    each.cpu.length = each.requestsPerSecond.length = 0
  }
  for (let round = 0; round < rounds; round++) {
    progress(round)
    for (const each of round % 2 === 0 ? slices : slices.toReversed()) await slice(each, seconds)
  }
  const baseline = slices[0] ?? { requestsPerSecond: [], cpu: [] }
  const platform = slices.find(({ subject }) => subject.kind === 'platform')
  return slices.map(({ subject, requestsPerSecond, cpu }) => ({
    name: subject.server.name,
    requestsPerSecond: estimate(requestsPerSecond),
    ratio: paired(requestsPerSecond, baseline.requestsPerSecond),
    cpuMicroseconds: estimate(cpu),
    cpuRatio: paired(cpu, baseline.cpu),
    ...(platform === undefined || subject.kind !== 'service' ? {} : { platformRatio: paired(requestsPerSecond, platform.requestsPerSecond) })
  }))
}
