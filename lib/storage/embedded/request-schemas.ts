import type { Collection, FieldDefinition, FieldType } from './collection-definition.ts'
import { SERVER_FIELDS, isScalar } from './collection-definition.ts'
import { STATES } from './state-machine.ts'

type Schema = Readonly<Record<string, unknown>>
type Properties = Record<string, Schema>

/** Schemas of one collection's requests, for an Ajv that coerces types and uses defaults. */
export interface RequestSchemas {
  readonly listQuery: Schema
  readonly exportQuery: Schema
  readonly itemQuery: Schema
  readonly countQuery: Schema
  readonly changeQuery: Schema
  readonly changeManyQuery: Schema
  readonly stateQuery: Schema
  readonly document: Schema
  readonly documents: Schema
  /** A record of a file: a new document, which may bring its `_id`. */
  readonly imported: Schema
  /** A record of a file that changes or makes the document with its `_id`. */
  readonly merged: Schema
  readonly change: Schema
  readonly upsert: Schema
  readonly changes: Schema
  readonly stateMove: Schema
  readonly stateMoves: Schema
}

const DATE_PATTERN = '^\\d{4}-\\d{2}-\\d{2}(T\\d{2}:\\d{2}:\\d{2}(\\.\\d{1,3})?(Z|[+-]\\d{2}:\\d{2}))?$'
const ID: Schema = { type: 'string', pattern: '^[a-fA-F\\d]{24}$' }
const TRUE: Schema = { type: 'boolean', enum: [true] }
const STATE_LIST: Schema = {
  type: 'string',
  // Not anchored: a list with a state that is none passes, and that part of it matches nothing.
  pattern: `(${STATES.join('|')})(,(${STATES.join('|')}))*`,
  default: 'PUBLIC',
}
const MAX_PAGE = 200
const DEFAULT_PAGE = 25

const isServerField = ({ name }: FieldDefinition) => SERVER_FIELDS.some(field => field.name === name)

const object = (properties: Properties, more: Schema = {}): Schema => ({ type: 'object', properties, additionalProperties: false, ...more })

function typeSchema (type: FieldType): Schema {
  switch (type) {
    case 'Date': return { type: 'string', pattern: DATE_PATTERN }
    case 'ObjectId': return ID
    case 'RawObject': return { type: 'object', additionalProperties: true }
    default: return { type }
  }
}

const elementSchema = ({ items }: FieldDefinition) => typeSchema(items?.type ?? 'RawObject')

function valueSchema (field: FieldDefinition): Schema {
  const nullable = field.nullable ? { nullable: true } : {}
  if (field.type !== 'Array') return { ...typeSchema(field.type), ...nullable }
  // The CRUD Service takes an object in place of an array of objects, and so do we: readers must expect it of both.
  const type = field.items?.type === 'RawObject' ? ['array', 'object'] : 'array'
  return { type, items: elementSchema(field), ...nullable }
}

function propertiesOf (fields: readonly FieldDefinition[], schema: (field: FieldDefinition) => Schema): Properties {
  return Object.fromEntries(fields.map(field => [field.name, schema(field)]))
}

function elementOrModifier (field: FieldDefinition): Schema {
  const element = elementSchema(field)
  const modifier = object({
    $each: { type: 'array', items: element },
    $position: { type: 'integer' },
    $slice: { type: 'integer' },
    $sort: {},
  }, { required: ['$each'] })
  return { anyOf: [modifier, element] }
}

function changeProperties (own: readonly FieldDefinition[]): Properties {
  const arrays = own.filter(field => field.type === 'Array')
  const numbers = own.filter(field => field.type === 'number' || field.type === 'integer')
  const below = (schema: Schema | true) => ({
    patternProperties: Object.fromEntries(own.filter(field => field.type === 'RawObject').map(field => [`^${field.name}\\..`, schema])),
  })
  const positional = arrays.flatMap(field => {
    const replace: [string, Schema] = [`${field.name}.$.replace`, elementSchema(field)]
    const merge: [string, Schema] = [`${field.name}.$.merge`, { type: 'object', additionalProperties: true }]
    return field.items?.type === 'RawObject' ? [replace, merge] : [replace]
  })
  const numeric = object(propertiesOf(numbers, () => ({ type: 'number' })), below({ type: 'number' }))
  return {
    $set: object({ ...propertiesOf(own, valueSchema), ...Object.fromEntries(positional) }, below(true)),
    $unset: object(propertiesOf(own.filter(field => !field.required), () => TRUE), below(TRUE)),
    $inc: numeric,
    $mul: numeric,
    $currentDate: object(propertiesOf(own.filter(field => field.type === 'Date'), () => TRUE)),
    $push: object(propertiesOf(arrays, elementOrModifier)),
    $addToSet: object(propertiesOf(arrays, elementOrModifier)),
    $pull: object(propertiesOf(arrays, field => ({ anyOf: [{ type: 'object' }, elementSchema(field)] }))),
  }
}

function sortSchema (collection: Collection): Schema {
  const key = `-?(${[...collection.fields.keys()].join('|')})(\\.[^.,]+)*`
  const keys: Schema = { type: 'string', pattern: `^${key}(,${key})*$` }
  return { anyOf: [keys, { type: 'array', items: keys }] }
}

/** Builds the schemas of every request about a collection. */
export function requestSchemas (collection: Collection): RequestSchemas {
  const all = [...collection.fields.values()]
  const own = all.filter(field => !isServerField(field))
  const filterFields = propertiesOf(
    all.filter(field => isScalar(field.type) && field.name !== '_id' && field.name !== '__STATE__'),
    field => typeSchema(field.type)
  )
  const change: Properties = { ...filterFields, _q: { type: 'string' }, _rawp: { type: 'string' }, _st: STATE_LIST }
  const item: Properties = { ...change, _p: { type: 'string' } }
  const page: Properties = { ...item, _id: ID, _sk: { type: 'integer', minimum: 0 }, _s: sortSchema(collection) }
  const { _st: _, ...withoutState } = change
  const state: Schema = { type: 'string', enum: STATES }
  const names = own.filter(field => field.required).map(field => field.name)
  const document = object(
    { ...propertiesOf(own, valueSchema), __STATE__: { ...state, default: collection.definition.defaultState } },
    { required: names }
  )
  const record = { ...propertiesOf(own, valueSchema), __STATE__: state, _id: ID }
  const update = changeProperties(own)
  const moveFilter = object({ ...propertiesOf(all.filter(field => field.type !== 'Array' && field.name !== '__STATE__'), field => typeSchema(field.type)) })
  return {
    listQuery: object({ ...page, _l: { type: 'integer', minimum: 1, maximum: MAX_PAGE, default: DEFAULT_PAGE } }),
    exportQuery: object({ ...page, _l: { type: 'integer', minimum: 1 }, _exportOpts: { type: 'string' } }),
    itemQuery: object(item),
    countQuery: object({ ...change, _id: ID, _useEstimate: { type: 'boolean', default: false } }),
    changeQuery: object(change),
    changeManyQuery: object({ ...change, _id: ID }),
    stateQuery: object(withoutState),
    document,
    documents: { type: 'array', items: document },
    imported: object(record, { required: names }),
    merged: object(record, { required: ['_id', ...names] }),
    change: object(update),
    upsert: object({ ...update, $setOnInsert: object(propertiesOf(own, valueSchema)) }),
    changes: {
      type: 'array',
      minItems: 1,
      items: object({ filter: object({ ...change, _id: ID }), update: object(update) }, { required: ['filter', 'update'] }),
    },
    stateMove: object({ stateTo: state }, { required: ['stateTo'] }),
    stateMoves: {
      type: 'array',
      minItems: 1,
      items: object({ filter: moveFilter, stateTo: state }, { required: ['filter', 'stateTo'] }),
    },
  }
}

/** What `GET /schema` answers: the collection as it is read, with the server's fields. */
export function collectionSchema (collection: Collection): Schema {
  const all = [...collection.fields.values()]
  const properties = propertiesOf(all, field => field.type === 'Date'
    ? { type: 'string', format: 'date-time', ...(field.nullable ? { nullable: true } : {}) }
    : { ...valueSchema(field), ...(field.type === 'Array' ? { type: 'array' } : {}) })
  return { type: 'object', properties, required: all.filter(field => field.required).map(field => field.name) }
}
