import { generateKeyPairSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { jitsiSettings, type JitsiOptions } from '../../lib/providers/jitsi/settings.ts'
import { APP_SECRET, JITSI_KEY, SYSTEM_KEY } from '../support/fake-jitsi.ts'

const JAAS_APP = 'vpaas-magic-cookie-0123456789abcdef'
const OWN: JitsiOptions = { url: 'https://meet.clinic.example', appId: 'consultations', appSecret: APP_SECRET }
const { privateKey } = JITSI_KEY

const pem = (kind: 'ec' | 'short rsa') => {
  const key = kind === 'ec' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('rsa', { modulusLength: 1024 })
  return key.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}

t.test('every mistake is named by its variable at once, and no secret is told', async t => {
  const mistakes: Record<string, [JitsiOptions, RegExp]> = {
    'no app id': [{ ...OWN, appId: undefined }, /JITSI_APP_ID is required/],
    'no address': [{ ...OWN, url: undefined }, /JITSI_URL is required/],
    'an address of another kind': [{ ...OWN, url: 'ftp://meet.clinic.example' }, /JITSI_URL must be/],
    'no key': [{ ...OWN, appSecret: undefined }, /JITSI_APP_SECRET or JITSI_PRIVATE_KEY is required/],
    'two kinds of key': [{ ...OWN, privateKey, keyId: 'k' }, /one of JITSI_APP_SECRET and JITSI_PRIVATE_KEY/],
    'a key twice': [{ ...OWN, appSecret: undefined, keyId: 'k', privateKey, privateKeyPath: '/key.pem' }, /one of JITSI_PRIVATE_KEY and JITSI_PRIVATE_KEY_PATH/],
    'a short secret': [{ ...OWN, appSecret: 'hush-hush' }, /JITSI_APP_SECRET must have 32 bytes/],
    'a file that is not there': [{ ...OWN, appSecret: undefined, keyId: 'k', privateKeyPath: '/no/such/key.pem' }, /JITSI_PRIVATE_KEY_PATH names a file that cannot be read \(ENOENT\)/],
    'a key that is none': [{ ...OWN, appSecret: undefined, keyId: 'k', privateKey: 'hush-hush' }, /JITSI_PRIVATE_KEY must hold a private key in PEM/],
    'the public half': [{ ...OWN, appSecret: undefined, keyId: 'k', privateKey: JITSI_KEY.publicKey }, /JITSI_PRIVATE_KEY must hold a private key in PEM/],
    'a key of another kind': [{ ...OWN, appSecret: undefined, keyId: 'k', privateKey: pem('ec') }, /JITSI_PRIVATE_KEY must hold an RSA key/],
    'a short key': [{ ...OWN, appSecret: undefined, keyId: 'k', privateKey: pem('short rsa') }, /JITSI_PRIVATE_KEY must hold an RSA key of 2048 bits/],
    'a key without its id': [{ ...OWN, appSecret: undefined, privateKey }, /JITSI_KEY_ID is required/],
    'a tenant that is a path': [{ ...OWN, tenant: 'a/b' }, /JITSI_TENANT/],
    'JaaS with a secret': [{ appId: JAAS_APP, appSecret: APP_SECRET, privateKey, keyId: `${JAAS_APP}/1` }, /JITSI_APP_SECRET has no meaning/],
    'JaaS with another app’s key id': [{ appId: JAAS_APP, privateKey, keyId: 'vpaas-magic-cookie-9/1' }, /JITSI_KEY_ID of JaaS/],
    'JaaS without a key': [{ appId: JAAS_APP }, /JITSI_PRIVATE_KEY is required/],
    'JaaS with a tenant': [{ appId: JAAS_APP, privateKey, keyId: `${JAAS_APP}/1`, tenant: 'clinic' }, /JITSI_TENANT has no meaning/],
    'JaaS with reservations': [{ appId: JAAS_APP, privateKey, keyId: `${JAAS_APP}/1`, reservations: true }, /JITSI_RESERVATION_SECRET has no meaning/],
    'JaaS with an end for calls': [{ appId: JAAS_APP, privateKey, keyId: `${JAAS_APP}/1`, endMeeting: { url: 'http://prosody:5280', privateKey, keyId: 's' } }, /JITSI_END_MEETING_URL has no meaning/],
    'an end for calls without a key': [{ ...OWN, endMeeting: { url: 'http://prosody:5280' } }, /JITSI_END_MEETING_PRIVATE_KEY is required/],
    'an end for calls without an address': [{ ...OWN, endMeeting: { privateKey, keyId: 's' } }, /JITSI_END_MEETING_URL is required/]
  }
  for (const [title, [options, problem]] of Object.entries(mistakes)) {
    t.throws(() => jitsiSettings(options), { message: problem }, title)
    try {
      jitsiSettings(options)
    } catch (error) {
      t.notMatch((error as Error).message, /hush-hush|BEGIN|a secret between/, `${title}: nothing is told`)
    }
  }
})

t.test('all mistakes are told together', async t => {
  t.throws(() => jitsiSettings({ appSecret: 'short' }), { message: /JITSI_APP_ID.*JITSI_URL.*JITSI_APP_SECRET/ })
})

t.test('a key comes inline, in one line, or from a file, and is the same', async t => {
  const path = join(t.testdir(), 'key.pem')
  writeFileSync(path, privateKey)
  const ways: JitsiOptions[] = [{ privateKey }, { privateKey: privateKey.replaceAll('\n', '\\n') }, { privateKeyPath: path }]
  const keys = ways.map(way => jitsiSettings({ ...OWN, appSecret: undefined, keyId: 'k', ...way }).token.key)
  for (const key of keys) t.same(key, { algorithm: 'RS256', privateKey, keyId: 'k' })
})

t.test('a server of one’s own needs its address, its id and a key; the rest follows', async t => {
  t.match(jitsiSettings({ ...OWN, url: 'https://meet.clinic.example/' }), {
    jaas: false,
    url: 'https://meet.clinic.example',
    tenant: undefined,
    token: { issuer: 'consultations', audience: 'jitsi', subject: 'meet.clinic.example' },
    xmppDomain: 'meet.clinic.example',
    mucDomain: 'conference.meet.clinic.example',
    linkToken: 'fragment',
    recording: false,
    reservations: false
  })
  t.match(jitsiSettings({ ...OWN, tenant: 'Clinic', xmppDomain: 'meet.jitsi', mucDomain: 'muc.meet.jitsi', audience: 'calls' }), {
    tenant: 'clinic', token: { audience: 'calls', subject: 'clinic' }, xmppDomain: 'meet.jitsi', mucDomain: 'muc.meet.jitsi'
  })
})

t.test('JaaS needs its app id and a key; the rest follows', async t => {
  t.match(jitsiSettings({ appId: JAAS_APP, privateKey, keyId: `${JAAS_APP}/1` }), {
    jaas: true, url: 'https://8x8.vc', tenant: JAAS_APP, token: { issuer: 'chat', audience: 'jitsi', subject: JAAS_APP, key: { algorithm: 'RS256', keyId: `${JAAS_APP}/1` } }, recording: true
  })
})

t.test('calls can be ended where Prosody’s own address and a key for it are given', async t => {
  const endMeeting = { url: 'http://prosody:5280/', privateKey: SYSTEM_KEY.privateKey, keyId: 'system' }
  t.match(jitsiSettings({ ...OWN, endMeeting }).endMeeting, { url: 'http://prosody:5280', key: { algorithm: 'RS256', keyId: 'system' } })
  t.equal(jitsiSettings({ ...OWN, endMeeting: { url: undefined, privateKey: undefined } }).endMeeting, undefined)
})
