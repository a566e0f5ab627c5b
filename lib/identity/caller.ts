import type { CallerStep } from '../config/configuration.ts'

const LONGEST_ID = 256

/**
 * Finds the caller's id in a request by the configured steps (`userIdPathInRequest`). Only a value's own properties
 * count. What is not a text of 1 to 256 characters in the end is nobody.
 */
export function callerFinder (steps: readonly CallerStep[]): (request: object) => string | undefined {
  return (request) => {
    let value: unknown = request
    for (const [index, step] of steps.entries()) value = take(value, step, index === 0)
    return typeof value === 'string' && value.length > 0 && value.length <= LONGEST_ID ? value : undefined
  }
}

function take (value: unknown, { from, extract }: CallerStep, first: boolean): unknown {
  const source = from === 'json' ? parsed(value) : value
  if (typeof source !== 'object' || source === null) return undefined
  if (from === 'array' && !Array.isArray(source)) return undefined
  // Fastify's request has its parts as accessors of its prototype.
  if (!first && !Object.hasOwn(source, extract)) return undefined
  return (source as Record<string | number, unknown>)[extract]
}

function parsed (value: unknown): unknown {
  if (typeof value !== 'string') return undefined
  try {
    return JSON.parse(value)
  } catch {
    return undefined
  }
}
