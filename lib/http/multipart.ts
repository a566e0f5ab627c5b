import { randomBytes } from 'node:crypto'

export interface FilePart {
  /** The form field's name. */
  field: string
  data: Uint8Array
  /** Media type, e.g. `image/jpeg`. */
  mime: string
  filename: string
}

/**
 * A form with one file (RFC 7578), as one piece of memory: its length is known, which a Blob or a stream as the body
 * would not tell, and no quoting rules are left to a library because nothing that needs quoting gets in.
 */
export function fileForm ({ field, data, mime, filename }: FilePart): { contentType: string, data: Uint8Array } {
  // 144 random bits: that they occur in the data need not be ruled out.
  const boundary = `form-${randomBytes(18).toString('hex')}`
  const head = `--${boundary}\r\n` +
    `content-disposition: form-data; name="${plain(field)}"; filename="${plain(filename)}"\r\n` +
    `content-type: ${/^[a-z]+\/[a-z0-9.+-]+$/i.test(mime) ? mime : 'application/octet-stream'}\r\n\r\n`
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    data: Buffer.concat([Buffer.from(head, 'latin1'), data, Buffer.from(`\r\n--${boundary}--\r\n`, 'latin1')])
  }
}

const plain = (name: string) => name.replace(/[^A-Za-z0-9._-]+/g, '_').slice(-100)
