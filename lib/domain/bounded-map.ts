/** A map that forgets what came in first when it is full. */
export interface BoundedMap<Value> {
  get (key: string): Value | undefined
  set (key: string, value: Value): void
}

export function boundedMap<Value> (most: number): BoundedMap<Value> {
  const entries = new Map<string, Value>()
  return {
    get: (key) => entries.get(key),
    set (key, value) {
      if (entries.size >= most && !entries.has(key)) {
        const [oldest] = entries.keys()
        if (oldest !== undefined) entries.delete(oldest)
      }
      entries.set(key, value)
    }
  }
}
