import { ended, isOfSession, settle, type Attempt, type Entry } from './history.ts'
import type { Replica } from './replica.ts'
import type { Scenario } from './scenario.ts'
import type { Scheduler } from './scheduler.ts'
import type { Watch } from './watch.ts'

/** What comes of an answer that may have been lost on its way to the service; every other code refuses for good. */
const UNKNOWN = new Set(['STORAGE_UNAVAILABLE', 'STORAGE_TIMEOUT', 'STORAGE_BAD_ANSWER'])
const ANSWERS = new Set([
  'IMMUTABLE_PERIOD', 'OPERATION_IN_PROGRESS', 'CONCURRENT_CHANGE', 'TELECONSULTATION_NOT_FOUND', 'UNAUTHORIZED_USER', 'NO_PLUS_USER',
  'DUPLICATE_PARTICIPANT', 'TOO_MANY_PARTICIPANTS', 'INVALID_SPAN', 'PROVIDER_UNAVAILABLE', 'PROVIDER_TIMEOUT', 'PROVIDER_BAD_ANSWER'
])
/** What is answered where a session is meant, and by whatever would change one that was ended. */
const ANSWERS_OF_SESSIONS = new Set(['PARTICIPANT_NOT_FOUND', 'CAPABILITY_LIMIT'])
const ANSWERS_TO_KEYS = new Set(['IDEMPOTENCY_KEY_REUSED', 'REQUEST_RUNNING'])
/** What may still come after the same request was acknowledged. */
const AFTERWARDS = new Set(['REQUEST_RUNNING', 'TELECONSULTATION_NOT_FOUND'])

export interface RequestsOptions {
  scenario: Scenario
  schedule: Scheduler
  history: Entry[]
  watch: Watch
  complain (problem: string): void
}

export interface Requests {
  begin (fields: Omit<Entry, 'id' | 'replica' | 'beganAt' | 'endedAt' | 'outcome' | 'attempts'>): Entry
  /** Sends it to one replica, whose end is the end of this sending too. Undefined: it was not done, as far as is known. */
  send<T> (entry: Entry, replica: Replica, work: () => Promise<T>, told?: (answer: T) => void): Promise<T | undefined>
}

const UNCHANGEABLE = new Set<Entry['kind']>(['change', 'add', 'invite'])

export function requests ({ scenario, schedule, history, watch, complain }: RequestsOptions): Requests {
  const mayAnswerOfSession = (entry: Entry, code: string) => {
    if (code !== 'SESSION_ENDED') return isOfSession(entry) && ANSWERS_OF_SESSIONS.has(code)
    return UNCHANGEABLE.has(entry.kind) && history.some(({ kind, documentId }) => kind === 'end' && documentId === entry.documentId)
  }
  const judge = (entry: Entry, { replica, beganAt, endedAt, code = '' }: Attempt) => {
    const { id, kind, key, seen, documentId } = entry
    const mayAnswer = UNKNOWN.has(code) || ANSWERS.has(code) || (key !== undefined && ANSWERS_TO_KEYS.has(code)) || (seen !== undefined && code === 'PRECONDITION_FAILED')
    if (isOfSession(entry) && scenario.layout === 'official') {
      if (code !== 'FIELD_NOT_DECLARED') complain(`a ${kind} ended with ${code} where no sessions are kept`)
      return
    }
    if (!mayAnswer && !mayAnswerOfSession(entry, code)) complain(`a ${kind} ended with ${code}`)
    if (code === 'TELECONSULTATION_NOT_FOUND' && !history.some((other) => other.kind === 'remove' && other.documentId === documentId && (other.id !== id || watch.isGone(documentId ?? '')))) {
      complain(`${documentId} was acknowledged and not found`)
    }
    // Who shares an answer has it from one that began earlier.
    const workBeganAt = Math.min(beganAt, ...entry.attempts?.filter((other) => other.replica === replica && other.endedAt >= beganAt).map((other) => other.beganAt) ?? [])
    // Nobody but a reconciler, or a repetition, knows of it, and these have to wait for the lease. Where no index keeps a key
    // unique, one may give way to another with its key, and learn late that it did.
    const mayGiveWay = scenario.layout === 'official' && key !== undefined
    if (kind === 'create' && code === 'CONCURRENT_CHANGE' && !mayGiveWay && endedAt - workBeganAt < scenario.settings.leaseMs - 2 * scenario.skewMs) {
      complain('a booking was taken away within its lease')
    }
    if (code === 'IDEMPOTENCY_KEY_REUSED' && !history.some((other) => other.key === key && other.id !== id)) {
      complain(`request ${id} was taken for another, and there was none with ${key}`)
    }
    if (code === 'PRECONDITION_FAILED' && watch.had(documentId ?? '', seen ?? '', beganAt, endedAt) === 'always') {
      complain(`request ${id} was refused though ${documentId} was all the time as it had been seen`)
    }
    if (key !== undefined && entry.outcome === 'done' && entry.endedAt < workBeganAt && !UNKNOWN.has(code) && !AFTERWARDS.has(code)) {
      complain(`request ${id} was acknowledged, and its repetition ended with ${code}`)
    }
  }

  const judgeDone = (entry: Entry, { beganAt }: Attempt) => {
    watch.accepted(entry)
    if (isOfSession(entry) && scenario.layout === 'official') complain(`a ${entry.kind} was accepted where no sessions are kept`)
    const { id, kind, seen, documentId = '' } = entry
    // A change may find what it wants there already, and needs no particular content then.
    const hadIt = kind === 'change' && watch.hadWanted(entry, beganAt, schedule.now())
    if (seen !== undefined && !hadIt && !watch.isGone(documentId) && watch.had(documentId, seen, beganAt, schedule.now()) === 'never') {
      complain(`request ${id} was accepted though ${documentId} was never as it had been seen`)
    }
  }

  return {
    begin (fields) {
      const entry: Entry = { ...fields, id: history.length + 1, replica: '', beganAt: schedule.now(), endedAt: Infinity, outcome: 'pending', attempts: [] }
      history.push(entry)
      return entry
    },

    send: (entry, { life, onEnd }, work, told) => new Promise((resolve) => {
      const attempt: Attempt = { replica: life.name, beganAt: schedule.now(), endedAt: Infinity, outcome: 'pending' }
      entry.attempts?.push(attempt)
      entry.replica = life.name
      settle(entry)
      const end = (outcome: Attempt['outcome'], code?: string) => {
        if (attempt.outcome !== 'pending') return false
        ended(attempt, outcome, schedule.now(), code)
        schedule.trace(`request ${entry.id} ${entry.kind}: ${code ?? outcome}`)
        return true
      }
      onEnd(() => {
        if (!end('unknown', 'CRASH')) return
        settle(entry)
        resolve(undefined)
      })
      work().then((answer) => {
        if (!end('done')) return
        judgeDone(entry, attempt)
        settle(entry)
        told?.(answer)
        resolve(answer)
      }, (error: unknown) => {
        const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
        // Somebody else finished what this request decided, before it could read that: the document is gone as it was to be.
        const isUnknown = UNKNOWN.has(code) || (entry.kind === 'remove' && code === 'TELECONSULTATION_NOT_FOUND')
        if (!end(isUnknown ? 'unknown' : 'refused', code)) return
        judge(entry, attempt)
        settle(entry)
        resolve(undefined)
      }).catch((error: unknown) => { complain(`the simulation is at fault: ${String(error)}`) })
    })
  }
}
