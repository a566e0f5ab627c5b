export interface CsvOptions {
  /** What stands between two cells, 1 to 10 characters. */
  readonly delimiter: string
  /** The character that makes a quote inside a quoted cell a part of it. */
  readonly escape: string
}

export const CSV_DEFAULTS: CsvOptions = { delimiter: ',', escape: '\\' }

const QUOTE = '"'

/** True for options that a table can be written and read with. */
export function isUsable ({ delimiter, escape }: CsvOptions): boolean {
  return delimiter.length >= 1 && delimiter.length <= 10 && escape.length === 1 && !/["\r\n]/.test(delimiter) && !/[\r\n]/.test(escape)
}

function quoted (text: string, escape: string): string {
  const escaped = escape === QUOTE ? text : text.replaceAll(escape, escape + escape)
  return QUOTE + escaped.replaceAll(QUOTE, escape + QUOTE) + QUOTE
}

function cellOf (value: unknown, options: CsvOptions): string {
  if (value === undefined || value === null) return ''
  if (typeof value === 'number' || typeof value === 'boolean') {
    const text = String(value)
    return text.includes(options.delimiter) ? quoted(text, options.escape) : text
  }
  if (value instanceof Date) return quoted(value.toISOString(), options.escape)
  return quoted(typeof value === 'string' ? value : JSON.stringify(value), options.escape)
}

/** One line of a table: texts are quoted, arrays and objects are JSON in quotes, what is absent or null is empty. */
export function csvLine (values: readonly unknown[], options: CsvOptions): string {
  return `${values.map(value => cellOf(value, options)).join(options.delimiter)}\n`
}

/** The lines of a table; a cell that is empty and not quoted is undefined, empty lines are left out. Throws when a quote is left open. */
export function * csvRows (text: string, { delimiter, escape }: CsvOptions): Generator<Array<string | undefined>> {
  let at = text.startsWith('\uFEFF') ? 1 : 0

  const readQuoted = (): string => {
    let cell = ''
    let from = ++at
    for (; at < text.length; at++) {
      const character = text[at]
      const next = text[at + 1]
      if (character === escape && (next === QUOTE || (next === escape && escape !== QUOTE))) {
        cell += text.slice(from, at)
        from = ++at
      } else if (character === QUOTE) {
        cell += text.slice(from, at++)
        return cell
      }
    }
    throw new Error('a quote is left open')
  }

  const readPlain = (): string | undefined => {
    const from = at
    while (at < text.length && text[at] !== '\n' && text[at] !== '\r' && !text.startsWith(delimiter, at)) at++
    return at === from ? undefined : text.slice(from, at)
  }

  while (at < text.length) {
    const row: Array<string | undefined> = []
    for (;;) {
      row.push(text[at] === QUOTE ? readQuoted() : readPlain())
      if (!text.startsWith(delimiter, at)) break
      at += delimiter.length
    }
    if (text[at] === '\r') at++
    if (text[at] === '\n') at++
    else if (at < text.length && text[at - 1] !== '\r') throw new Error('a quoted cell goes on behind its quote')
    if (row.length > 1 || row[0] !== undefined) yield row
  }
}
