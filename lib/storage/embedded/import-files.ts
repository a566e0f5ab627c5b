import type { Collection } from './collection-definition.ts'
import type { CsvOptions } from './csv.ts'
import { CSV_DEFAULTS, csvRows, isUsable } from './csv.ts'
import { badRequest, internal, unsupportedType } from './errors.ts'
import { isDocument } from './values.ts'

export interface ImportFile {
  /** The media type that the form gives for the file. */
  readonly type: string
  readonly bytes: Buffer
  readonly csv: CsvOptions
  readonly encoding: BufferEncoding
}

const ENCODINGS: readonly BufferEncoding[] = ['utf8', 'ucs2', 'utf16le', 'latin1', 'ascii']
const OPTIONS: readonly string[] = ['encoding', 'delimiter', 'escape']

/**
 * The first file of a form with what the form says about reading it. Throws 400 when the body is no form, holds no file, or
 * names an option that is none.
 */
export async function importFileOf (body: unknown, contentType: string | undefined): Promise<ImportFile> {
  if (!Buffer.isBuffer(body) || contentType === undefined) throw badRequest('Request is not multipart')
  const form = await new Response(new Uint8Array(body), { headers: { 'content-type': contentType } }).formData().catch((cause: unknown) => cause)
  if (!(form instanceof FormData)) throw badRequest('Request is not multipart')
  const options = new Map<string, string>()
  let file: File | undefined
  for (const [name, value] of form) {
    if (typeof value === 'string') options.set(name, value)
    else file ??= value
  }
  if (file === undefined) throw badRequest('Missing file')
  const csv = { delimiter: options.get('delimiter') ?? CSV_DEFAULTS.delimiter, escape: options.get('escape') ?? CSV_DEFAULTS.escape }
  const encoding = ENCODINGS.find(known => known === (options.get('encoding') ?? 'utf8'))
  if (encoding === undefined || !isUsable(csv) || [...options.keys()].some(name => !OPTIONS.includes(name))) throw badRequest('Invalid options')
  return { type: file.type.split(';')[0]?.trim() ?? '', bytes: Buffer.from(await file.arrayBuffer()), csv, encoding }
}

function parseJson (text: string, what: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The parser's own words quote the document.
    throw internal(`${what} is not JSON`)
  }
}

function * jsonRecords (text: string): Generator<unknown> {
  const parsed = parseJson(text, 'the file')
  if (!Array.isArray(parsed)) throw badRequest('the file must hold an array')
  yield * parsed
}

function * lineRecords (text: string): Generator<unknown> {
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() !== '') yield parseJson(line, `line ${index + 1}`)
  }
}

// A declared text stays as it is written, though it may look like a number; for the rest a cell is JSON where it can be.
function castCell (cell: string, name: string, collection: Collection): unknown {
  const type = collection.fields.get(name)?.type
  if (type === 'string' || type === 'Date' || type === 'ObjectId') return cell
  try {
    return JSON.parse(cell)
  } catch {
    return cell
  }
}

function * tableRecords (text: string, options: CsvOptions, collection: Collection): Generator<unknown> {
  let columns: string[] | undefined
  try {
    for (const row of csvRows(text, options)) {
      if (columns === undefined) {
        columns = row.map(cell => cell ?? '')
        continue
      }
      if (row.length !== columns.length) throw new Error(`a line has ${row.length} cells instead of ${columns.length}`)
      yield Object.fromEntries(columns.flatMap((name, index) => {
        const cell = row[index]
        return cell === undefined ? [] : [[name, castCell(cell, name, collection)]]
      }))
    }
  } catch (error) {
    throw internal(`the file is no table: ${error instanceof Error ? error.message : ''}`)
  }
}

function recordsOf ({ type, bytes, csv, encoding }: ImportFile, collection: Collection): Generator<unknown> {
  switch (type) {
    case 'application/json': return jsonRecords(bytes.toString())
    case 'application/x-ndjson': return lineRecords(bytes.toString())
    case 'text/csv': return tableRecords(bytes.toString(encoding), csv, collection)
    default: throw unsupportedType(`Unsupported file type ${type}`)
  }
}

/** Who wrote a document and when is the server's to say, also of an imported one. */
const STAMPS: readonly string[] = ['creatorId', 'createdAt', 'updaterId', 'updatedAt']

/** The records of a file, each with what the collection declares and a caller may say. Throws 415 for an unknown type, 400 or 500 for what cannot be read. */
export function * importedRecords (file: ImportFile, collection: Collection): Generator<unknown> {
  for (const record of recordsOf(file, collection)) {
    yield isDocument(record)
      ? Object.fromEntries(Object.entries(record).filter(([name]) => collection.fields.has(name) && !STAMPS.includes(name)))
      : record
  }
}
