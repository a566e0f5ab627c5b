/**
 * Reads of one thing that many ask for at once: one read is under way, and everybody who comes meanwhile shares the next.
 * Nobody gets an answer that was asked for before he came, so what was acknowledged before is in it.
 */
export function sharedReads<T> (): (key: string, read: () => Promise<T>) => Promise<T> {
  const running = new Map<string, { current: Promise<unknown>, next?: Promise<T> }>()

  const start = (key: string, read: () => Promise<T>): Promise<T> => {
    const current = read()
    const entry: { current: Promise<unknown>, next?: Promise<T> } = { current }
    running.set(key, entry)
    const over = () => { if (running.get(key) === entry && entry.next === undefined) running.delete(key) }
    current.then(over, over)
    return current
  }

  return (key, read) => {
    const entry = running.get(key)
    if (entry === undefined) return start(key, read)
    entry.next ??= entry.current.then(() => start(key, read), () => start(key, read))
    return entry.next
  }
}
