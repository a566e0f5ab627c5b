/** Types that one value has; what a query parameter or a sort can name without ambiguity. */
export type ScalarType = 'string' | 'number' | 'integer' | 'boolean' | 'Date' | 'ObjectId'
export type FieldType = ScalarType | 'RawObject' | 'Array'

/** A field, in the words of the CRUD Service's own collection definition files ("fields" style). */
export interface FieldDefinition {
  readonly name: string
  readonly type: FieldType
  /** What an `Array` holds; left out for every other type. */
  readonly items?: { readonly type: Exclude<FieldType, 'Array'> }
  readonly required: boolean
  readonly nullable: boolean
  readonly description?: string
}

export interface IndexedField {
  readonly name: string
  readonly order: 1 | -1
}

/**
 * An index, in the words of the CRUD Service's collection definition files. A unique index here never collides on
 * absent or null values, with or without the partial filter; the filter is what MongoDB needs for the same rule.
 * A path that leads through an `Array` field must be the first of its index, which cannot be unique then.
 */
export interface IndexDefinition {
  readonly name: string
  readonly type: 'normal'
  readonly unique: boolean
  readonly fields: readonly IndexedField[]
  readonly usePartialFilter?: boolean
  /** JSON text; only `{"field":{"$exists":true}}` with fields of the index is understood here. */
  readonly partialFilterExpression?: string
}

export interface CollectionDefinition {
  readonly name: string
  /** The path below which the collection is served, with a leading slash. */
  readonly endpointBasePath: string
  readonly defaultState: 'PUBLIC' | 'DRAFT'
  /** The collection's own fields; the six that the server keeps are added to every collection. */
  readonly fields: readonly FieldDefinition[]
  readonly indexes?: readonly IndexDefinition[]
}

const kept = (name: string, type: FieldType): FieldDefinition => ({ name, type, required: true, nullable: false })

/** Fields that the server writes and a caller may not. */
export const SERVER_FIELDS: readonly FieldDefinition[] = [
  kept('_id', 'ObjectId'),
  kept('creatorId', 'string'),
  kept('createdAt', 'Date'),
  kept('updaterId', 'string'),
  kept('updatedAt', 'Date'),
  kept('__STATE__', 'string'),
]

export interface Collection {
  readonly definition: CollectionDefinition
  /** Every field by name, the server's first. */
  readonly fields: ReadonlyMap<string, FieldDefinition>
  /** Names of the declared `Date` fields: the only places where a stored text stands for an instant. */
  readonly dateFields: readonly string[]
}

const PLAIN_NAME = /^[A-Za-z_][A-Za-z0-9_-]*$/

const fieldOf = ({ name }: IndexedField, fields: Collection['fields']) => fields.get(name.split('.')[0] ?? name)

/** True for an index whose first path leads through an array, so that one document has several places in it. */
export function isElementIndex (index: IndexDefinition, fields: Collection['fields']): boolean {
  const [first] = index.fields
  return first !== undefined && fieldOf(first, fields)?.type === 'Array'
}

function assertIndexable (index: IndexDefinition, fields: Collection['fields']): void {
  const [, ...others] = index.fields
  if (others.some(field => fieldOf(field, fields)?.type === 'Array')) throw new Error(`The index ${index.name} has an array that is not its first field, which is not supported`)
  if (!isElementIndex(index, fields)) return
  const isPlain = others.every(({ name }) => isScalar(fields.get(name)?.type ?? 'RawObject'))
  if (index.unique || index.usePartialFilter === true || !isPlain) {
    throw new Error(`The index ${index.name} on an array is unique, partial, or goes on with a field of more than one value, which is not supported`)
  }
}

/** Checks a definition and adds the server's fields. Throws when a name cannot be used in a statement as it is, or an index is not supported. */
export function defineCollection (definition: CollectionDefinition): Collection {
  const all = [...SERVER_FIELDS, ...definition.fields]
  const indexed = (definition.indexes ?? []).flatMap(index => [index.name, ...index.fields.flatMap(field => field.name.split('.'))])
  for (const name of [definition.name, ...all.map(field => field.name), ...indexed]) {
    if (!PLAIN_NAME.test(name) || name === '__proto__') throw new Error(`The collection definition has a name that cannot be used: ${name}`)
  }
  const fields = new Map(all.map(field => [field.name, field]))
  if (fields.size !== all.length) throw new Error(`The collection ${definition.name} declares a field twice`)
  if (!definition.endpointBasePath.startsWith('/')) throw new Error(`The base path of ${definition.name} must begin with a slash`)
  for (const index of definition.indexes ?? []) assertIndexable(index, fields)
  return { definition, fields, dateFields: all.filter(field => field.type === 'Date').map(field => field.name) }
}

/** True for types whose value is never an array or an object, so that one stored value is one comparable value. */
export function isScalar (type: FieldType): type is ScalarType {
  return type !== 'Array' && type !== 'RawObject'
}
