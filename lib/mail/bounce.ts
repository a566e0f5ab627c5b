import type { Attachment } from 'postal-mime'

/** Somebody whom a message did not reach, as a delivery status notification (RFC 3464) tells. */
export interface Bounce {
  /** What the notification calls the message, the likeliest first; in angle brackets. Not empty. */
  messageIds: string[]
  /** The address that the message was sent to where the notification tells that, else the one at which it ended; empty where it names neither. */
  recipient: string
  /** RFC 3463: `4.…` was given up after many attempts, `5.…` is for good. */
  status: string
}

/** More than any notification with the whole of a message of ours. */
export const MOST_BYTES = 1024 * 1024
// The parser takes microseconds for each line and for each part that a line could end, and lets nothing else run in between: a message made for
// it would hold up the service for many seconds.
const MOST_LINES = 10_000
const MOST_MULTIPARTS = 60
const MOST_HEADER_BYTES = 128 * 1024
const MOST_DEPTH = 20
// A letter has one; where it is forwarded, several.
const MOST_RECIPIENTS = 10
const MOST_IDS = 10
const MOST_ADDRESS = 254

const STATUS_TYPES = ['message/delivery-status', 'message/global-delivery-status']
const ORIGINAL_TYPES = ['message/rfc822', 'text/rfc822-headers', 'message/global', 'message/global-headers']

/**
 * The failures that a message reports; none where it is no report, is too large, or cannot be understood. Never rejects: anybody can
 * send anything to the address that notifications go to.
 */
export async function readBounce (raw: Uint8Array | string): Promise<Bounce[]> {
  const octets = typeof raw === 'string' ? Buffer.from(raw) : Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength)
  if (octets.length > MOST_BYTES || !isPlausible(octets)) return []
  // Loaded by the first one: most services never get any.
  const { default: PostalMime } = await import('postal-mime')
  try {
    const { attachments, headers } = await PostalMime.parse(octets, { forceRfc822Attachments: true, maxNestingDepth: MOST_DEPTH, maxHeadersSize: MOST_HEADER_BYTES })
    const reports = attachments.filter(({ mimeType }) => STATUS_TYPES.includes(mimeType)).flatMap(groupsOf)
    const [original = new Map<string, string>()] = attachments.filter(({ mimeType }) => ORIGINAL_TYPES.includes(mimeType)).flatMap((part) => groupsOf(part).slice(0, 1))
    const outer = new Map(headers.map(({ key, value }) => [key, value]))
    const messageIds = idsIn([
      original.get('message-id'),
      // Services that give a message an id of their own leave its References.
      original.get('references'),
      ...reports.map((fields) => fields.get('x-original-message-id')),
      outer.get('in-reply-to'),
      outer.get('references')
    ])
    return messageIds.length === 0 ? [] : reports.slice(0, MOST_RECIPIENTS).flatMap((fields) => failureIn(fields)).map((failure) => ({ messageIds, ...failure }))
  } catch {
    return []
  }
}

/** Whether it can be a report at all, and one that is read in a moment. */
function isPlausible (octets: Buffer): boolean {
  const text = octets.toString('latin1')
  const countOf = (what: RegExp) => text.match(what)?.length ?? 0
  return /delivery-status/i.test(text) && countOf(/\n/g) <= MOST_LINES && countOf(/multipart\//gi) <= MOST_MULTIPARTS
}

function failureIn (fields: ReadonlyMap<string, string>): Array<Pick<Bounce, 'recipient' | 'status'>> {
  // Delayed, delivered, relayed and expanded are no failures.
  if (fields.get('action')?.toLowerCase() !== 'failed') return []
  const recipient = addressIn(fields.get('original-recipient')) ?? addressIn(fields.get('final-recipient')) ?? ''
  // 5.0.0 is RFC 3463's own word for a failure of which nothing more is told.
  const status = /^[245]\.\d{1,3}\.\d{1,3}(?!\d)/.exec(fields.get('status') ?? '')?.[0] ?? '5.0.0'
  return status.startsWith('2') ? [] : [{ recipient, status }]
}

/** `rfc822; ada@example.com`, also with angle brackets or a comment. */
function addressIn (field = ''): string | undefined {
  const address = /^[\w-]+\s*;\s*<?([^\s<>;]+@[^\s<>;]+)>?/.exec(field)?.[1]
  return address === undefined || address.length > MOST_ADDRESS ? undefined : address
}

const idsIn = (texts: ReadonlyArray<string | undefined>): string[] =>
  [...new Set(texts.flatMap((text) => text?.match(/<[^<>\s]{1,400}>/g) ?? []))].slice(0, MOST_IDS)

/** Groups of header fields, by name in lower case, that blank lines stand between. Of a message the first one is its head. */
function groupsOf ({ content }: Attachment): Array<Map<string, string>> {
  const text = typeof content === 'string' ? content : Buffer.from(content instanceof ArrayBuffer ? new Uint8Array(content) : content).toString()
  return text.slice(0, MOST_HEADER_BYTES).trimStart().split(/\r?\n(?:[ \t]*\r?\n)+/).map((group) => new Map(group.replace(/\r?\n[ \t]+/g, ' ').split(/\r?\n/).flatMap((line) => {
    const at = line.indexOf(':')
    return at <= 0 ? [] : [[line.slice(0, at).trim().toLowerCase(), line.slice(at + 1).trim()] as const]
  })))
}
