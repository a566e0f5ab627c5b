/**
 * Bytes as they come. Unlike a generator it hears that nobody wants more also when nothing was read yet, so that a
 * connection behind it does not stay open.
 *
 * @param end runs when the reader leaves early
 */
export function chunksFrom (next: () => Promise<IteratorResult<Uint8Array>>, end: () => Promise<unknown>): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]: () => ({
      next,
      async return () {
        await end()
        return { done: true, value: undefined }
      }
    })
  }
}
