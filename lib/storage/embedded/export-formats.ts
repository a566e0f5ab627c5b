import { notAcceptable } from './errors.ts'

export interface ExportFormat {
  readonly contentType: string
  /** Pieces of the answer, from documents that are JSON texts already. */
  lines (documents: Iterable<string>): Generator<string>
}

const NDJSON: ExportFormat = {
  contentType: 'application/x-ndjson',
  * lines (documents) {
    for (const document of documents) yield `${document}\n`
  },
}

const JSON_ARRAY: ExportFormat = {
  contentType: 'application/json',
  * lines (documents) {
    let separator = '[\n'
    for (const document of documents) {
      yield separator + document
      separator = '\n,\n'
    }
    yield separator === '[\n' ? '[\n\n]\n' : '\n]\n'
  },
}

const FORMATS: ReadonlyMap<string, ExportFormat> = new Map([
  ['*/*', NDJSON],
  ['application/x-ndjson', NDJSON],
  ['application/json', JSON_ARRAY],
])

/** The format that an Accept header asks for; the first that is known, newline-separated documents by default. Throws 406. */
export function exportFormatOf (accept: string | undefined): ExportFormat {
  if (!accept) return NDJSON
  const types = accept.split(',').map(type => type.split(';')[0]?.trim() ?? '')
  const format = types.map(type => FORMATS.get(type)).find(known => known !== undefined)
  if (format === undefined) throw notAcceptable(`unsupported file type ${accept}`)
  return format
}
