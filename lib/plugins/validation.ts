import AjvCompiler from '@fastify/ajv-compiler'
import { SerializerSelector } from '@fastify/fast-json-stringify-compiler'

// The JSON of a body means what it says: "1" is no number, and an unknown key is an error. Query, path and headers are
// texts and have to be read as what the schema wants.
// Unoptimised: what ajv's optimiser saves at a request is less than it costs at each start.
const BODY = { customOptions: { removeAdditional: false, coerceTypes: false, useDefaults: true, allErrors: false, code: { optimize: false } } } as const
const TEXTS = { customOptions: { removeAdditional: false, coerceTypes: 'array', useDefaults: true, allErrors: false, code: { optimize: false } } } as const

/**
 * Fastify's `schemaController`: one validator for bodies, another for everything else, and one serializer for each shape. Most
 * routes answer the same few errors, and making a serializer costs milliseconds of the start.
 */
export function schemaController () {
  const build = AjvCompiler()
  const buildValidator: typeof build = (schemas) => {
    const ofBodies = build(schemas, BODY)
    const ofTexts = build(schemas, TEXTS)
    return (definition) => {
      const part = typeof definition === 'object' ? (definition as { httpPart?: string }).httpPart : undefined
      return (part === 'body' ? ofBodies : ofTexts)(definition)
    }
  }
  const select = SerializerSelector()
  // Each plugin's scope asks for a compiler of its own: within one app a schema's name stands for one schema.
  const made = new Map<string, ReturnType<ReturnType<typeof select>>>()
  const buildSerializer: typeof select = (schemas, options) => {
    const make = select(schemas, options)
    const known = Object.keys((schemas ?? {}) as object).join()
    return (definition) => {
      const shape = `${known} ${JSON.stringify(definition.schema)}`
      const before = made.get(shape)
      if (before !== undefined) return before
      const serialize = make(definition)
      made.set(shape, serialize)
      return serialize
    }
  }
  return { compilersFactory: { buildValidator, buildSerializer } }
}
