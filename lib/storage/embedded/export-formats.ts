import type { CsvOptions } from './csv.ts'
import { CSV_DEFAULTS, csvLine, isUsable } from './csv.ts'
import { badQuery, internal, notAcceptable } from './errors.ts'
import type { Document } from './values.ts'
import { isDocument, reach } from './values.ts'

export interface ExportOptions {
  /** Paths in the order of a table's columns. */
  readonly columns: readonly string[]
  readonly csv: CsvOptions
}

export interface ExportFormat {
  readonly contentType: string
  /** Pieces of the answer. */
  lines (documents: Iterable<Document>, options: ExportOptions): Generator<string>
}

const NDJSON: ExportFormat = {
  contentType: 'application/x-ndjson',
  * lines (documents) {
    for (const document of documents) yield `${JSON.stringify(document)}\n`
  },
}

const JSON_ARRAY: ExportFormat = {
  contentType: 'application/json',
  * lines (documents) {
    let separator = '[\n'
    for (const document of documents) {
      yield separator + JSON.stringify(document)
      separator = '\n,\n'
    }
    yield separator === '[\n' ? '[\n\n]\n' : '\n]\n'
  },
}

const CSV: ExportFormat = {
  contentType: 'text/csv',
  * lines (documents, { columns, csv }) {
    yield csvLine(columns, csv)
    const paths = columns.map(column => column.split('.'))
    for (const document of documents) yield csvLine(paths.map(path => reach(document, path)[0]), csv)
  },
}

const FORMATS: ReadonlyMap<string, ExportFormat> = new Map([
  ['*/*', NDJSON],
  ['application/x-ndjson', NDJSON],
  ['application/json', JSON_ARRAY],
  ['text/csv', CSV],
])

function weightOf (type: string): number {
  const weight = /;\s*q=([\d.]+)/.exec(type)?.[1]
  return weight === undefined ? 1 : Number(weight)
}

/** The format that an Accept header likes best of those that are known, newline-separated documents by default. Throws 406. */
export function exportFormatOf (accept: string | undefined): ExportFormat {
  if (!accept) return NDJSON
  const types = accept.split(',').toSorted((left, right) => weightOf(right) - weightOf(left)).map(type => type.split(';')[0]?.trim() ?? '')
  const format = types.map(type => FORMATS.get(type)).find(known => known !== undefined)
  if (format === undefined) throw notAcceptable(`unsupported file type ${accept}`)
  return format
}

/** How a table is written, from the JSON text of `_exportOpts`. Throws 500 when it is not JSON, 400 when it is not understood. */
export function csvOptionsOf (json: unknown): CsvOptions {
  if (typeof json !== 'string' || json === '') return CSV_DEFAULTS
  let given: unknown
  try {
    given = JSON.parse(json)
  } catch (error) {
    throw internal(error instanceof Error ? error.message : 'not JSON')
  }
  if (!isDocument(given)) throw badQuery('_exportOpts must be an object')
  const { delimiter = CSV_DEFAULTS.delimiter, escape = CSV_DEFAULTS.escape, ...others } = given
  const [stranger] = Object.keys(others)
  if (stranger !== undefined) throw badQuery(`Unknown export option: ${stranger}`)
  if (typeof delimiter !== 'string' || typeof escape !== 'string' || !isUsable({ delimiter, escape })) throw badQuery('Invalid export options')
  return { delimiter, escape }
}
