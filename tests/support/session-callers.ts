import { SignJWT } from 'jose'
import type { InjectOptions } from 'fastify'
import type { SessionPage, SessionView } from '../../schemas/session.ts'
import { booking, NOON, startService, type Service, type Teardown } from './service.ts'

const SECRET = 'only for tests, and long enough for it'
const NOON_SECONDS = NOON.getTime() / 1000

/** Variables of a service whose callers bring bearer tokens. */
export const TOKENS = { TOKEN_SECRET: SECRET, TOKEN_CLOCK_TOLERANCE_SEC: '0' }

export interface TokenOptions {
  secret?: string
  /** Seconds from noon. */
  expiresIn?: number
}

/** A bearer token as the issuer of `TOKENS` makes it. */
export async function tokenOf (id: string, claims: object = {}, { secret = SECRET, expiresIn = 24 * 3600 }: TokenOptions = {}): Promise<string> {
  return await new SignJWT({ ...claims }).setProtectedHeader({ alg: 'HS256' }).setSubject(id).setIssuedAt(NOON_SECONDS).setExpirationTime(NOON_SECONDS + expiresIn).sign(new TextEncoder().encode(secret))
}

export type Headers = Record<string, string>

export const bearer = (token: string): Headers => ({ authorization: `Bearer ${token}` })

/** The headers of somebody with a token. */
export const as = async (id: string, claims: object = {}): Promise<Headers> => bearer(await tokenOf(id, claims))

/** The headers of whoever has this personal link. */
export const holding = (mediaUrl: string | null | undefined): Headers => bearer(mediaUrl?.split('#')[1] ?? '')

export interface Answer<Body = Record<string, unknown>> {
  status: number
  /** Of an error. */
  code: string | undefined
  body: Body
  headers: Record<string, unknown>
}

export interface SessionService {
  service: Service
  call<Body = Record<string, unknown>> (headers: Headers, method: NonNullable<InjectOptions['method']>, url: string, payload?: object): Promise<Answer<Body>>
  /** A session of two people that begins ten minutes after noon; fails where it is not created. */
  create (headers: Headers, changes?: object): Promise<SessionView>
  read (headers: Headers, id: string): Promise<Answer<SessionView>>
  list (headers: Headers, query?: string): Promise<Answer<SessionPage>>
}

/** Requests about sessions, sent from outside the clinic's network. */
export function sessionCalls (service: Service): SessionService {
  const call = async <Body>(headers: Headers, method: NonNullable<InjectOptions['method']>, url: string, payload?: object): Promise<Answer<Body>> => {
    const answer = await service.inject({ method, url, headers, remoteAddress: '203.0.113.7', ...(payload === undefined ? {} : { payload }) })
    const body = (answer.body === '' ? {} : answer.json<Record<string, unknown>>()) as Record<string, unknown>
    return { status: answer.statusCode, code: answer.statusCode < 400 ? undefined : String(body['code']), body: body as Body, headers: answer.headers }
  }
  return {
    service,
    call,
    async create (headers, changes = {}) {
      const { status, body } = await call<SessionView>(headers, 'POST', '/sessions', booking({ ...changes }))
      if (status !== 201) throw new Error(`not created: ${status} ${JSON.stringify(body)}`)
      return body
    },
    read: async (headers, id) => await call<SessionView>(headers, 'GET', `/sessions/${id}`),
    list: async (headers, query = '') => await call<SessionPage>(headers, 'GET', `/sessions${query}`)
  }
}

/** A service on its own storage and rooms whose callers bring tokens. */
export const startSessions = async (t: Teardown, variables: Record<string, string> = {}): Promise<SessionService> =>
  sessionCalls(await startService(t, { ...TOKENS, ...variables }))

/** Organisation of `OWNER` and `ADMIN`. */
export const ACME = 'acme'
export const OWNER = await as('owner-of-it', { organisation: ACME, roles: ['STANDARD'] })
export const ADMIN = await as('admin-of-it', { organisation: ACME, roles: ['ADMIN'] })
/** Participants of `booking()`, by tokens that tell no organisation. */
export const DOCTOR_TOKEN = await as('doctor-1')
export const PATIENT_TOKEN = await as('patient-1')
/** Of another organisation, and no participant. */
export const STRANGER = await as('stranger', { organisation: 'umbrella', roles: ['ADMIN'] })
