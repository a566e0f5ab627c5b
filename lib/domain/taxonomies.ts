import { UnknownTaxonomyValue } from '../errors.ts'
import type { Taxonomy, TaxonomyConfiguration, TaxonomyList, TaxonomyValue } from '../../schemas/taxonomies.ts'

/** Those that every set has. */
export type SessionTaxonomy = 'type' | 'access' | 'estimatedDuration' | 'streamStatus' | 'kind'

export interface Taxonomies {
  set: TaxonomyList['set']
  version: string
  names(): string[]
  all(): Taxonomy[]
  get(name: string): Taxonomy | undefined
  /**
   * Values are told apart by their characters, case included; how an accent is encoded (Unicode normalisation) does not count.
   *
   * @param field the place in the body, e.g. `types/1`, for the message
   * @returns the value as the taxonomy spells it: what to store
   * @throws UNKNOWN_TAXONOMY_VALUE, which lists what is allowed and never repeats what was sent
   */
  check(name: SessionTaxonomy, value: string, field: string): string
}

interface ShippedSet {
  /** Changes with any value or label. */
  version: string
  taxonomies: Record<SessionTaxonomy, readonly TaxonomyValue[]> & Readonly<Record<string, readonly TaxonomyValue[]>>
}

const MOST_IN_MESSAGE = 60

const SEVERAL: ReadonlySet<string> = new Set<SessionTaxonomy>(['type'])

const value = (source: TaxonomyValue['source'], value: string, it: string, en = value): TaxonomyValue => ({ value, label: { en, it }, source })
const ours = (rows: ReadonlyArray<readonly [value: string, it: string]>) => rows.map(([en, it]) => value('ours', en, it))
// The labels of codes are this service's own reading.
const italian = (rows: ReadonlyArray<readonly [code: string, it: string, en: string]>) => rows.map(([code, it, en]) => value('it-2026', code, it, en))

// Proximie's documentation gives examples, and these alone are marked as Proximie's (pages Sessions and Users, read in November 2026).
// 'Cardiology' and 'Orthopedic Surgery' are spelled as it spells them among the specialities of users.
const SPECIALITIES = [
  value('proximie', 'General Medicine', 'Medicina generale'),
  value('proximie', 'Neurosurgery', 'Neurochirurgia'),
  ...ours([
    ['Allergology and Immunology', 'Allergologia e immunologia'],
    ['Anaesthesia and Intensive Care', 'Anestesia e rianimazione'],
    ['Cardiac Surgery', 'Cardiochirurgia'],
    ['Cardiology', 'Cardiologia'],
    ['Child and Adolescent Neuropsychiatry', 'Neuropsichiatria infantile'],
    ['Clinical Psychology', 'Psicologia clinica'],
    ['Dentistry', 'Odontoiatria'],
    ['Dermatology', 'Dermatologia'],
    ['Emergency Medicine', 'Medicina d’emergenza-urgenza'],
    ['Endocrinology', 'Endocrinologia'],
    ['Gastroenterology', 'Gastroenterologia'],
    ['General Surgery', 'Chirurgia generale'],
    ['Geriatrics', 'Geriatria'],
    ['Gynaecology and Obstetrics', 'Ginecologia e ostetricia'],
    ['Haematology', 'Ematologia'],
    ['Infectious Diseases', 'Malattie infettive'],
    ['Internal Medicine', 'Medicina interna'],
    ['Maxillofacial Surgery', 'Chirurgia maxillo-facciale'],
    ['Nephrology', 'Nefrologia'],
    ['Neurology', 'Neurologia'],
    ['Oncology', 'Oncologia'],
    ['Ophthalmology', 'Oculistica'],
    ['Orthopedic Surgery', 'Chirurgia ortopedica'],
    ['Otorhinolaryngology', 'Otorinolaringoiatria'],
    ['Paediatric Surgery', 'Chirurgia pediatrica'],
    ['Paediatrics', 'Pediatria'],
    ['Palliative Care', 'Cure palliative'],
    ['Physical Medicine and Rehabilitation', 'Medicina fisica e riabilitazione'],
    ['Plastic Surgery', 'Chirurgia plastica'],
    ['Psychiatry', 'Psichiatria'],
    ['Radiology', 'Radiologia'],
    ['Respiratory Medicine', 'Pneumologia'],
    ['Rheumatology', 'Reumatologia'],
    ['Thoracic Surgery', 'Chirurgia toracica'],
    ['Urology', 'Urologia'],
    ['Vascular Surgery', 'Chirurgia vascolare'],
    ['Other', 'Altro']
  ])
]

const ESTIMATED_DURATIONS = [
  value('proximie', 'Less than 1 hour', 'Meno di 1 ora'),
  ...ours([
    ['1 - 2 hours', '1 - 2 ore'],
    ['2 - 4 hours', '2 - 4 ore'],
    ['4 - 8 hours', '4 - 8 ore'],
    ['8 - 12 hours', '8 - 12 ore']
  ]),
  value('proximie', '12 - 30 hours', '12 - 30 ore')
]

const STREAM_STATUSES = [
  ...ours([['Not Started', 'Non iniziato']]),
  value('proximie', 'Active', 'Attivo'),
  ...ours([['Ended', 'Terminato']])
]

const KINDS = [
  value('ours', 'teleconsultation', 'Teleconsulto', 'Teleconsultation'),
  value('ours', 'televisit', 'Televisita', 'Televisit'),
  value('ours', 'session', 'Sessione', 'Session')
]

const SETS: Record<TaxonomyList['set'], ShippedSet> = {
  proximie: {
    version: '1',
    taxonomies: {
      type: SPECIALITIES,
      access: [value('proximie', 'Public', 'Pubblico'), ...ours([['Organisation', 'Organizzazione'], ['Invited', 'Su invito']])],
      estimatedDuration: ESTIMATED_DURATIONS,
      streamStatus: STREAM_STATUSES,
      kind: KINDS
    }
  },
  // Codes of the HL7 Italy guides on teleconsulto and televisita (FHIR R4, July 2026).
  'it-2026': {
    version: '1',
    taxonomies: {
      mode: italian([
        ['SINC', 'Sincrono', 'Synchronous'],
        ['ASINC', 'Asincrono', 'Asynchronous'],
        ['PRES', 'Paziente presente', 'Patient present'],
        ['ABS', 'Paziente assente', 'Patient absent'],
        ['SINC_PRES', 'Sincrono, paziente presente', 'Synchronous, patient present'],
        ['SINC_ABS', 'Sincrono, paziente assente', 'Synchronous, patient absent'],
        ['ASINC_PRES', 'Asincrono, paziente presente', 'Asynchronous, patient present'],
        ['ASINC_ABS', 'Asincrono, paziente assente', 'Asynchronous, patient absent']
      ]),
      access: italian([['DIR', 'Accesso diretto', 'Ad hoc'], ['PROG', 'Accesso programmato', 'Booked']]),
      // The official specialities have codes of their own, which are not shipped: a deployment configures those that it uses.
      type: SPECIALITIES,
      estimatedDuration: ESTIMATED_DURATIONS,
      streamStatus: STREAM_STATUSES,
      kind: KINDS
    }
  }
}

/** @param configured as the service configuration's schema lets it through */
export function taxonomiesOf (configured: TaxonomyConfiguration | undefined): Taxonomies {
  const { set = 'proximie', values = {}, additionalValues = {} } = configured ?? {}
  const { version, taxonomies: shipped } = SETS[set]
  const lists = new Map(Object.entries(shipped))
  for (const [name, instead] of Object.entries(values)) lists.set(name, instead.map(configuredValue))
  for (const [name, more] of Object.entries(additionalValues)) lists.set(name, [...lists.get(name) ?? [], ...more.map(configuredValue)])
  const byName = new Map([...lists].map(([name, list]) => [name, merged(list)]))
  const taxonomyOf = (name: string, values: ReadonlyMap<string, TaxonomyValue>): Taxonomy => ({ name, several: SEVERAL.has(name), values: [...values.values()] })
  return {
    set,
    version,
    names: () => [...byName.keys()],
    all: () => [...byName].map(([name, values]) => taxonomyOf(name, values)),
    get (name) {
      const values = byName.get(name)
      return values === undefined ? undefined : taxonomyOf(name, values)
    },
    check (name, value, field) {
      const allowed = byName.get(name)
      const found = allowed?.get(value.normalize('NFC'))
      if (found === undefined) throw new UnknownTaxonomyValue(field, listed([...allowed?.keys() ?? []]))
      return found.value
    }
  }
}

const configuredValue = ({ value, label = {} }: Pick<TaxonomyValue, 'value'> & Partial<TaxonomyValue>): TaxonomyValue =>
  ({ value: value.normalize('NFC'), label, source: 'configuration' })

/** By value. A value that comes again keeps its place and source, and takes the later labels besides its own. */
function merged (values: readonly TaxonomyValue[]): Map<string, TaxonomyValue> {
  const byValue = new Map<string, TaxonomyValue>()
  for (const one of values) {
    const before = byValue.get(one.value)
    byValue.set(one.value, before === undefined ? one : { ...before, label: { ...before.label, ...one.label } })
  }
  return byValue
}

const listed = (values: readonly string[]) =>
  [...values.slice(0, MOST_IN_MESSAGE), ...(values.length > MOST_IN_MESSAGE ? ['…'] : [])].join(', ')
