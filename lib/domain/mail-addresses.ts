import { domainToASCII } from 'node:url'

// RFC 5321, 4.5.3.1.1 and 4.5.3.1.3: a path of 256 octets includes the angle brackets.
const MOST_ADDRESS = 254
const MOST_LOCAL = 64
const LOCAL = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/

/**
 * Whether a text is the address of one mailbox: `local@domain`, without name, comment, quotes or list. The domain has two labels at
 * least and may be international; the local part is ASCII, since many servers take no other.
 */
export const checkAddress = (text: string): boolean => asciiAddress(text) !== undefined

/** The address with its domain in ASCII, as it travels; undefined for what is none. */
export function asciiAddress (text: string): string | undefined {
  if (text.length > MOST_ADDRESS) return undefined
  const at = text.lastIndexOf('@')
  const local = text.slice(0, Math.max(at, 0))
  const domain = asciiDomain(text.slice(at + 1))
  if (domain === undefined || !domain.includes('.') || local.length > MOST_LOCAL || !LOCAL.test(local)) return undefined
  const address = `${local}@${domain}`
  return address.length > MOST_ADDRESS ? undefined : address
}

/** A domain in ASCII and lower case; undefined for what is none. */
export function asciiDomain (text: string): string | undefined {
  // What Node's function reads as a URL does: percent signs, odd dots, numbers that are addresses.
  if (text.length > MOST_ADDRESS || !/^[\p{L}\p{M}\p{N}.-]+$/u.test(text)) return undefined
  const labels = domainToASCII(text).split('.')
  if (!labels.every((label) => LABEL.test(label)) || /^\d+$/.test(labels.at(-1) ?? '')) return undefined
  return labels.join('.')
}

/** Whether two texts are one address: of the domain neither case nor alphabet counts, of what stands before it both do. What is no address is none's. */
export function isSameAddress (one: string, other: string): boolean {
  const address = asciiAddress(one)
  return address !== undefined && address === asciiAddress(other)
}
