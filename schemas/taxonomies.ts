import { Type, type Static } from 'typebox'

/** The lists of values that fields of a session are limited to: as they are configured and as they are looked up. */

export const TAXONOMY_SET_NAMES = ['proximie', 'it-2026'] as const

const Label = Type.Unsafe<Record<string, string>>(Type.Object({}, {
  additionalProperties: { type: 'string' },
  description: 'Texts to show, by language (BCP 47). Where the reader’s language is missing show the value',
  examples: [{ en: 'Cardiology', it: 'Cardiologia' }]
}))

export const TaxonomyValue = Type.Object({
  value: Type.String({ description: 'What requests and answers carry' }),
  label: Label,
  source: Type.Enum(['proximie', 'it-2026', 'ours', 'configuration'], { description: 'Who named the value: Proximie’s documentation, the Italian guides of 2026, this service (ours), or the service configuration' })
}, { $id: 'TaxonomyValue' })
export type TaxonomyValue = Static<typeof TaxonomyValue>

const several = Type.Boolean({ description: 'Whether a session may have several of the values' })

export const Taxonomy = Type.Object({
  name: Type.String(),
  several,
  values: Type.Array(Type.Unsafe<TaxonomyValue>(Type.Ref('TaxonomyValue')), { description: 'In the order in which to show them' })
}, { $id: 'Taxonomy', description: 'The values that a field is limited to' })
export type Taxonomy = Static<typeof Taxonomy>

export const TaxonomyList = Type.Object({
  set: Type.Enum([...TAXONOMY_SET_NAMES], { description: 'The shipped set that is in use' }),
  version: Type.String({ description: 'Of the shipped set. The service configuration may have changed values: see their source' }),
  taxonomies: Type.Array(Type.Object({
    name: Type.String(),
    several,
    values: Type.Integer({ description: 'How many there are' })
  }))
}, { $id: 'TaxonomyList', description: 'Which taxonomies there are' })
export type TaxonomyList = Static<typeof TaxonomyList>

export const TaxonomyParams = Type.Object({ name: Type.String({ description: 'As GET /taxonomies lists it', examples: ['type'] }) })

// What looks the same has to be the same: nothing invisible (controls, format characters, separators of lines), no half
// characters, no blanks at the ends.
const HIDDEN = '\\p{Cc}\\p{Cf}\\p{Cs}\\p{Zl}\\p{Zp}'
const VISIBLE_TEXT = `^[^\\s${HIDDEN}]([^${HIDDEN}]*[^\\s${HIDDEN}])?$`

const ConfiguredValues = Type.Array(Type.Object({
  value: Type.String({ maxLength: 100, pattern: VISIBLE_TEXT, description: 'What requests carry' }),
  label: Type.Optional(Type.Record(
    Type.String({ pattern: '^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$' }),
    Type.String({ minLength: 1, maxLength: 200, pattern: '^[^\\p{Cc}\\p{Cs}]+$' }),
    { additionalProperties: false, description: 'Texts to show, by language (BCP 47)' }
  ))
}), { minItems: 1, maxItems: 1000 })

// A session's kind and its stream's status are this service's own.
const ByName = (description: string) => Type.Record(
  Type.String({ pattern: '^(?!(kind|streamStatus)$)[a-z][A-Za-z0-9]{0,49}$' }), ConfiguredValues, { additionalProperties: false, maxProperties: 50, description })

export const TaxonomyConfiguration = Type.Object({
  set: Type.Optional(Type.Enum([...TAXONOMY_SET_NAMES], { description: 'The shipped set to begin with. Default: proximie' })),
  values: Type.Optional(ByName('By name of the taxonomy: its values instead of the shipped ones. A new name makes a new taxonomy')),
  additionalValues: Type.Optional(ByName('By name of the taxonomy: values beside those that it has, or more labels of those'))
}, { description: 'The values that fields of a session are limited to' })
export type TaxonomyConfiguration = Static<typeof TaxonomyConfiguration>
