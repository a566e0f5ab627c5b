import { randomBytes, randomInt } from 'node:crypto'

const COUNTER_SIZE = 0x1000000

const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0')

/**
 * Makes ids of 24 hex digits: seconds since 1970 (8), a number of this process (10), a counter (6). So ids follow time,
 * and two processes do not meet. `processDigits` and `first` are given by tests only.
 */
export function idGenerator (
  clock: () => Date,
  processDigits: string = randomBytes(5).toString('hex'),
  // The lower half leaves millions of ids before the counter wraps inside one second and order is lost.
  first: number = randomInt(COUNTER_SIZE / 2)
): () => string {
  let counter = first % COUNTER_SIZE
  return () => {
    const seconds = Math.floor(clock().getTime() / 1000) >>> 0
    const id = hex(seconds, 8) + processDigits + hex(counter, 6)
    counter = (counter + 1) % COUNTER_SIZE
    return id
  }
}

/** The id in its stored form, or undefined when the text has not the shape of an id. */
export function asId (text: string): string | undefined {
  return /^[0-9a-f]{24}$/i.test(text) ? text.toLowerCase() : undefined
}
