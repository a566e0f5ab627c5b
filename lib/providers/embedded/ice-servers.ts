import { createHmac } from 'node:crypto'

export interface IceServer {
  urls: string[]
  username?: string
  credential?: string
}

export interface IceServerOptions {
  /** `stun:`, `turn:` and `turns:` URLs (RFC 7064, RFC 7065). Empty: host candidates only, no request leaves the page's origin. */
  iceServers: readonly string[]
  /** The TURN server's shared secret (coturn: `static-auth-secret`); required where a `turn:` URL is named. */
  turnSharedSecret?: string | undefined
  turnCredentialTtlSeconds: number
  clock: () => Date
}

const STUN = /^stun:[^\s/?#@]+$/
const TURN = /^turns?:[^\s/?#@]+(?:\?transport=(?:udp|tcp))?$/

/**
 * The ICE servers of one participant, with TURN credentials of their own.
 *
 * Credentials follow "A REST API for access to TURN services" (draft-uberti-behave-turn-rest-00): the username is the
 * expiry in Unix seconds and the user, the password its HMAC-SHA1. Throws at once on what a browser would refuse,
 * because one bad URL makes `new RTCPeerConnection` throw and no call comes up at all.
 */
export function iceServersFor (options: IceServerOptions): (providerUserId: string) => IceServer[] {
  const { turnSharedSecret, turnCredentialTtlSeconds, clock } = options
  const stun = options.iceServers.filter(url => STUN.test(url))
  const turn = options.iceServers.filter(url => TURN.test(url))
  if (stun.length + turn.length !== options.iceServers.length) {
    throw new TypeError('ICE servers must be stun:, turn: or turns: URLs')
  }
  if (turn.length > 0 && !turnSharedSecret) throw new TypeError('turn: URLs need the shared secret of the TURN server')

  return providerUserId => {
    const servers: IceServer[] = []
    if (stun.length > 0) servers.push({ urls: [...stun] })
    if (turn.length > 0 && turnSharedSecret) {
      const username = `${Math.floor(clock().getTime() / 1000) + turnCredentialTtlSeconds}:${providerUserId}`
      servers.push({ urls: [...turn], username, credential: createHmac('sha1', turnSharedSecret).update(username).digest('base64') })
    }
    return servers
  }
}
