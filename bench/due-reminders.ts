import { Pool } from 'undici'
import { TELECONSULTATIONS } from '../lib/storage/collections.ts'
import { startEmbeddedCrud } from '../lib/storage/embedded/server.ts'

const BULK = 500
const MINUTE_MS = 60_000
const LANGUAGES = ['de', 'en', 'es', 'fr', 'it']

export interface DueReminders {
  /** The embedded storage's. Nobody else may have it open. */
  file: string
  count: number
  /** Of all of them. Epoch milliseconds. */
  dueAt: number
  minutesBefore: number
}

/** Appointments in an embedded storage, each with one person who was told of it and has to be reminded at the same moment as all others. */
export async function storeDueReminders ({ file, count, dueAt, minutesBefore }: DueReminders): Promise<void> {
  const crud = await startEmbeddedCrud({ file, collections: [TELECONSULTATIONS], userIdHeaderKey: 'miauserid', clock: () => new Date() })
  const pool = new Pool(crud.origin)
  const startAt = dueAt + minutesBefore * MINUTE_MS
  const toldAt = Date.now()
  try {
    for (let first = 0; first < count; first += BULK) {
      const documents = Array.from({ length: Math.min(BULK, count - first) }, (_, index) => appointment(first + index, { startAt, toldAt, dueAt }))
      const answer = await pool.request({ method: 'POST', path: '/teleconsultations/bulk', headers: { 'content-type': 'application/json' }, body: JSON.stringify(documents) })
      const text = await answer.body.text()
      if (answer.statusCode !== 200) throw new Error(`Storing appointments was answered ${answer.statusCode}: ${text}`)
    }
  } finally {
    await pool.close()
    await crud.close()
  }
}

function appointment (number: number, { startAt, toldAt, dueAt }: { startAt: number, toldAt: number, dueAt: number }) {
  const externalId = `patient-${number.toString().padStart(6, '0')}`
  const endAt = startAt + 30 * MINUTE_MS
  const person = { fullName: `Example ${externalId}`, language: LANGUAGES[number % LANGUAGES.length], timeZone: 'Europe/Rome' }
  const address = `${externalId}@example.com`
  return {
    bandyerRoomId: '',
    participants: [{ userExternalId: externalId, userBandyerId: `usr_${externalId}`, accessLinkURL: null, groups: ['patient'], email: address, ...person }],
    participantsNumber: 1,
    startDate: new Date(startAt).toISOString(),
    endDate: new Date(endAt).toISOString(),
    duration: (endAt - startAt) / 1000,
    teleconsultationState: 'PENDING',
    revision: 1,
    service: {
      phase: 'PENDING',
      sealed: false,
      epoch: 0,
      applied: [`operation-${number}`],
      garbage: [],
      provider: 'embedded',
      mail: { due: dueAt, told: [{ externalId, to: address, ...person, sequence: 0, startAt, endAt, link: 0, at: toldAt }] }
    }
  }
}
