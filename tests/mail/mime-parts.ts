/** One part of a message as a mail program sees it. */
export interface MimePart {
  /** By name in lower case, unfolded. */
  headers: Map<string, string>
  /** Without parameters. */
  type: string
  /** Decoded. */
  body: string
  parts: MimePart[]
}

/** Reads a message in MIME (RFC 2045, 2046). */
export function mimeOf (message: string): MimePart {
  const end = message.indexOf('\r\n\r\n')
  const raw = message.slice(end + 4)
  const lines = message.slice(0, end).replace(/\r\n[ \t]+/g, ' ').split('\r\n')
  const headers = new Map(lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]))
  const contentType = headers.get('content-type') ?? ''
  const boundary = /boundary="?([^";]+)"?/.exec(contentType)?.[1]
  const parts = boundary === undefined ? [] : raw.split(`--${boundary}`).slice(1, -1).map((part) => mimeOf(part.replace(/^\r\n|\r\n$/g, '')))
  return { headers, type: contentType.split(';')[0] ?? '', body: decoded(raw, headers.get('content-transfer-encoding')), parts }
}

function decoded (raw: string, encoding: string | undefined): string {
  if (encoding === 'base64') return Buffer.from(raw, 'base64').toString()
  if (encoding !== 'quoted-printable') return raw
  const octets = raw.replace(/=\r\n/g, '').replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)))
  return Buffer.from(octets, 'latin1').toString()
}

/** A header with encoded words (RFC 2047) as it is shown. */
export const shown = (header: string | undefined): string => (header ?? '')
  .replace(/\?=\s+=\?/g, '?==?')
  .replace(/(?:=\?UTF-8\?[BQ]\?[^?]*\?=)+/gi, (words) => Buffer.concat([...words.matchAll(/=\?UTF-8\?([BQ])\?([^?]*)\?=/gi)].map(([, how, text = '']) =>
    how?.toUpperCase() === 'B'
      ? Buffer.from(text, 'base64')
      : Buffer.from(text.replaceAll('_', ' ').replace(/=([0-9A-F]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))), 'latin1'))).toString())
