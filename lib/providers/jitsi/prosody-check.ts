import { randomInt } from 'node:crypto'
import { ProviderBadAnswer, ProviderRefusedKey } from '../../errors.ts'
import type { HttpClient } from '../../http/client.ts'
import { call } from './calls.ts'

export interface LogIn {
  xmppDomain: string
  room: string
  token: string
}

/**
 * Logs in to Prosody as a browser does, and out again: proves that it answers and takes our tokens. BOSH (XEP-0124,
 * XEP-0206) with the token in the address, as mod_auth_token reads it; the token is judged at SASL ANONYMOUS. Enters
 * no room.
 *
 * @throws PROVIDER_REFUSED_KEY where the token is refused; see calls.ts for the others
 */
export async function logIn (http: HttpClient, { xmppDomain, room, token }: LogIn, signal: AbortSignal): Promise<void> {
  const path = `/http-bind?${new URLSearchParams({ room, token }).toString()}`
  let rid = randomInt(1, 2 ** 31)
  const send = async (attributes: string, content = '') => {
    const data = Buffer.from(`<body xmlns='http://jabber.org/protocol/httpbind' rid='${rid++}' ${attributes}>${content}</body>`)
    const { text } = await call(http, 'log in', {
      method: 'POST', path, headers: { accept: 'text/xml' }, rawBody: { contentType: 'text/xml; charset=utf-8', data }, signal
    })
    if (!/^\s*(<\?xml[^>]*>\s*)?<body\b/.test(text)) throw new ProviderBadAnswer({ cause: new Error('log in: the answer is not of BOSH') })
    return text
  }

  const opened = await send(`to='${escaped(xmppDomain)}' ver='1.6' wait='5' hold='1' content='text/xml; charset=utf-8' xml:lang='en' xmpp:version='1.0' xmlns:xmpp='urn:xmpp:xbosh'`)
  const sid = /^[^>]*\ssid=['"]([^'"<>&]+)['"]/.exec(opened.replace(/^\s*<\?xml[^>]*>/, ''))?.[1]
  if (sid === undefined) throw new ProviderBadAnswer({ cause: new Error('log in: no session; JITSI_XMPP_DOMAIN may be another') })
  const judged = await send(`sid='${sid}'`, "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'/>")
  // What was promised is known by now; a session that is not ended here ends by itself.
  await send(`sid='${sid}' type='terminate'`).catch(() => {})
  if (judged.includes('<failure')) throw new ProviderRefusedKey({ cause: new Error('log in: the token is refused') })
  if (!judged.includes('<success')) throw new ProviderBadAnswer({ cause: new Error('log in: neither success nor failure') })
}

const escaped = (text: string) => text.replace(/[^A-Za-z0-9.:_[\]-]/g, character => `&#${character.codePointAt(0) ?? 0};`)
