import type { Deadline } from './ports.ts'

/** Resolves when its time is over. */
export async function passed ({ signal }: Deadline): Promise<undefined> {
  if (!signal.aborted) await new Promise((resolve) => { signal.addEventListener('abort', resolve, { once: true }) })
}

/** The process's own timers. One that was called off leaves nothing behind, as AbortSignal.timeout would until it fires. */
export function systemDeadline (ms: number): Deadline {
  const controller = new AbortController()
  const timer = setTimeout(() => { controller.abort(new DOMException('The time is over', 'TimeoutError')) }, ms)
  return { signal: controller.signal, cancel: () => { clearTimeout(timer) } }
}
