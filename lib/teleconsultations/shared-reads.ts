/**
 * Reads of one thing that many ask for at once: one read is under way, and everybody who comes meanwhile shares the next.
 * Nobody gets an answer that was asked for before he came, so what was acknowledged before is in it.
 */
export function sharedReads<T> (): (key: string, read: () => Promise<T>) => Promise<T> {
  interface Entry { current: Promise<unknown> | undefined, next?: Promise<T> }
  const running = new Map<string, Entry>()

  const start = (key: string, read: () => Promise<T>): Promise<T> => {
    const current = read()
    const entry: Entry = { current }
    running.set(key, entry)
    const over = () => {
      // A Map that is written at every request leaves its former tables to the full collection: what they hold must be small.
      entry.current = undefined
      if (running.get(key) === entry && entry.next === undefined) running.delete(key)
    }
    current.then(over, over)
    return current
  }

  return (key, read) => {
    const entry = running.get(key)
    if (entry === undefined) return start(key, read)
    const following = () => start(key, read)
    entry.next ??= entry.current?.then(following, following) ?? following()
    return entry.next
  }
}
