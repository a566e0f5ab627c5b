/** Where a LiveKit server is: for our calls, and for the browsers. */
export interface LivekitAddresses {
  /** http or https, without a final slash. */
  api: string
  /** ws or wss, without a final slash. */
  signalling: string
}

/**
 * @param url of the server, with http(s) or ws(s): the vendor's own tools write it in both ways
 * @param browserUrl where browsers reach it, if elsewhere
 */
export function addressesOf (url: string, browserUrl: string = url): LivekitAddresses {
  return {
    api: withoutSlash(url).replace(/^ws/, 'http'),
    signalling: withoutSlash(browserUrl).replace(/^http/, 'ws')
  }
}

/**
 * What a page of ours has to be allowed to connect to (CSP `connect-src`): the socket, and the same host over http, which
 * the client asks why a socket was refused. In LiveKit's cloud it moves to hosts of the nearest region.
 */
export function browserSources (signalling: string): string[] {
  const { protocol, host, hostname } = new URL(signalling)
  const hosts = hostname.endsWith('.livekit.cloud') ? [host, '*.livekit.cloud'] : [host]
  return hosts.flatMap((one) => [`${protocol}//${one}`, `${protocol.replace('ws', 'http')}//${one}`])
}

const withoutSlash = (url: string) => url.replace(/\/+$/, '')
