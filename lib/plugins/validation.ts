import AjvCompiler from '@fastify/ajv-compiler'

// The JSON of a body means what it says: "1" is no number, and an unknown key is an error. Query, path and headers are
// texts and have to be read as what the schema wants.
const BODY = { customOptions: { removeAdditional: false, coerceTypes: false, useDefaults: true, allErrors: false } } as const
const TEXTS = { customOptions: { removeAdditional: false, coerceTypes: 'array', useDefaults: true, allErrors: false } } as const

/** Fastify's `schemaController`: one validator for bodies, another for everything else. */
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
  return { compilersFactory: { buildValidator } }
}
