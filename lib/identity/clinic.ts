import { BlockList, isIP } from 'node:net'

export interface ClinicRequest {
  /** The peer's address, a trusted proxy's word for it included. */
  ip: string
  headers: Readonly<Record<string, string | string[] | undefined>>
}

export interface ClinicOptions {
  /** Addresses or ranges, e.g. `127.0.0.0/8`. */
  networks: readonly string[]
  /** Whether x-forwarded-for was taken into account for `ip`. */
  trustsProxies: boolean
  publicUrl: () => string
}

/**
 * Where nobody else authenticates (AUTHORIZATION=local): whether a request may act as the clinic. It has to come from
 * one of the networks, name a host of this service (a foreign page can point its own name at a loopback address), and,
 * when a page sent it, come from this service's own pages.
 *
 * @throws TypeError at once, for a network that is none
 */
export function clinicCheck ({ networks, trustsProxies, publicUrl }: ClinicOptions): (request: ClinicRequest) => boolean {
  const allowed = new BlockList()
  for (const network of networks) {
    const [address = '', bits] = network.split('/')
    const family = isIP(address)
    if (family === 0) throw new TypeError('CLINIC_NETWORKS holds something that is no address or range')
    const type = family === 6 ? 'ipv6' : 'ipv4'
    allowed.addSubnet(address, bits === undefined ? (family === 6 ? 128 : 32) : Number(bits), type)
  }
  const within = (address: string) => {
    const plain = address.startsWith('::ffff:') ? address.slice(7) : address
    const family = isIP(plain)
    return family !== 0 && allowed.check(plain, family === 6 ? 'ipv6' : 'ipv4')
  }

  return ({ ip, headers }) => {
    // Somebody forwards for others, and nothing says that its word may be taken.
    if (!trustsProxies && (headers['x-forwarded-for'] !== undefined || headers['forwarded'] !== undefined)) return false
    if (!within(ip)) return false
    const host = headers['host']
    const ownHost = new URL(publicUrl()).host
    if (typeof host !== 'string' || !(host === ownHost || isOwnName(host, within))) return false
    const origin = headers['origin']
    return origin === undefined || (typeof origin === 'string' && (hostOf(origin) === host || hostOf(origin) === ownHost))
  }
}

function isOwnName (host: string, within: (address: string) => boolean): boolean {
  const name = hostnameOf(host)
  return name === 'localhost' || within(name)
}

function hostnameOf (host: string): string {
  try {
    return new URL(`http://${host}`).hostname.replace(/^\[|\]$/g, '')
  } catch {
    return ''
  }
}

function hostOf (origin: string): string | undefined {
  try {
    return new URL(origin).host
  } catch {
    return undefined
  }
}
