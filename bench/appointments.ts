import { Pool } from 'undici'

/** Whom the requests come from; one of the participants of every appointment here. */
export const CALLER = 'doctor-7f3a91'

const PARTICIPANTS = {
  number: 4,
  data: [
    { userExternalId: CALLER, groups: ['doctor'], fullName: 'Ada Example', language: 'it' },
    { userExternalId: 'patient-19c2d4', groups: ['patient'], fullName: 'Bo Example', language: 'it' },
    { userExternalId: 'patient-58e0b6', groups: ['patient'], fullName: 'Cleo Example', language: 'en' },
    { userExternalId: 'customer-a41d77', groups: ['customer'], fullName: 'Dan Example', language: 'en' }
  ]
}
const HOUR_MS = 60 * 60 * 1000
const inHours = (hours: number) => new Date(Date.now() + hours * HOUR_MS).toISOString()

interface Answer { status: number, body: unknown }

interface Client {
  call (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: object): Promise<Answer>
  close (): Promise<void>
}

function client (origin: string, connections: number): Client {
  const pool = new Pool(origin, { connections })
  return {
    async call (method, path, body) {
      const answer = await pool.request({
        method,
        path,
        headers: { miauserid: CALLER, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
        body: body === undefined ? null : JSON.stringify(body)
      })
      const text = await answer.body.text()
      if (answer.statusCode >= 400) throw new Error(`${method} ${path} answered ${answer.statusCode}: ${text}`)
      return { status: answer.statusCode, body: text === '' ? undefined : JSON.parse(text) as unknown }
    },
    close: () => pool.close()
  }
}

const OPEN_AT_ONCE = 16

/** As many appointments that have begun. @returns their ids, each in the steady state */
export async function openAppointments (origin: string, number: number): Promise<string[]> {
  const ids: string[] = []
  while (ids.length < number) {
    ids.push(...await Promise.all(Array.from({ length: Math.min(OPEN_AT_ONCE, number - ids.length) }, () => openAppointment(origin))))
  }
  return ids
}

async function book ({ call }: Client, startsInHours: number): Promise<string> {
  const { body } = await call('POST', '/teleconsultation', {
    participants: PARTICIPANTS, start_date: inHours(startsInHours), end_date: inHours(startsInHours + 23)
  })
  return (body as { roomId: string }).roomId
}

/**
 * Books an appointment that has begun, and asks for its first link, which seals it and makes its room.
 *
 * @returns the id of a teleconsultation in the steady state: every further GET is one read of one document
 */
export async function openAppointment (origin: string): Promise<string> {
  const http = client(origin, 1)
  try {
    const id = await book(http, -1)
    await http.call('GET', `/teleconsultation/${id}`)
    const { body } = await http.call('GET', `/teleconsultation/${id}`)
    if (typeof (body as { accessLinkURL: unknown }).accessLinkURL !== 'string') throw new Error('The appointment that has begun gives no link')
    return id
  } finally {
    await http.close()
  }
}

const GETS_A_ROUND = 17
const REQUESTS_A_ROUND = GETS_A_ROUND + 3
const WORKERS = 32

/**
 * Sends requests in rounds of twenty: an appointment of next week is booked, moved, looked at, and deleted, while
 * sixteen links of the open one are asked for.
 */
export async function mixedRequests (origin: string, openId: string, requests: number): Promise<void> {
  const http = client(origin, WORKERS)
  let rounds = Math.ceil(requests / REQUESTS_A_ROUND)
  const worker = async () => {
    while (rounds-- > 0) {
      const id = await book(http, 168)
      await http.call('PATCH', `/teleconsultation/${id}`, { start_date: inHours(169), end_date: inHours(180) })
      await http.call('GET', `/teleconsultation/${id}`)
      for (let sent = 1; sent < GETS_A_ROUND; sent++) await http.call('GET', `/teleconsultation/${openId}`)
      await http.call('DELETE', `/teleconsultation/${id}`)
    }
  }
  try {
    await Promise.all(Array.from({ length: WORKERS }, worker))
  } finally {
    await http.close()
  }
}

/** The same number of requests for the baseline, which knows one kind. */
export async function getRequests (origin: string, openId: string, requests: number): Promise<void> {
  const http = client(origin, WORKERS)
  let left = requests
  const worker = async () => { while (left-- > 0) await http.call('GET', `/teleconsultation/${openId}`) }
  try {
    await Promise.all(Array.from({ length: WORKERS }, worker))
  } finally {
    await http.close()
  }
}
