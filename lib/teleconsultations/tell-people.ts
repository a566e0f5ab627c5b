import { afterFailing, afterSending, isBeingTold, lettersDue, type Letter, type LetterRules, type Mail } from '../domain/letters.ts'
import { isHeld, type Teleconsultation } from '../domain/teleconsultation.ts'
import { passed } from './deadline.ts'
import type { Pace } from './pace.ts'
import { ATTEMPTS, type Context, type Ports } from './ports.ts'

/** What became of a letter. `isFinal`: trying it again is in vain, e.g. an address that does not exist. */
export type Posted = 'sent' | { code: string, isFinal: boolean }

/** Brings one letter on its way. */
export interface Post {
  /** Never rejects, and is over within two minutes. */
  send (document: Teleconsultation, letter: Letter): Promise<Posted>
}

export interface TellingOptions {
  post: Post
  reminders: readonly number[]
  /** How many teleconsultations are told of at once. */
  atOnce: number
  /** Before each letter. Default: one after the other, as fast as it goes. */
  pace?: Pace | undefined
  /** Aborted: those under way are brought to an end, and no other is begun. */
  signal?: AbortSignal | undefined
}

export interface Telling {
  sent: number
  failed: number
  /** Teleconsultations that were looked at. */
  looked: number
}

/** Few, because reading many at once keeps everybody else waiting. */
const BATCH = 25
/** While one replica is at it, no other looks at the same. Longer than everything that it does for one may take: see `Post`. */
const LEASE_MS = 5 * 60_000
const MOST_ATTEMPTS = 12
/** Between two looks whether an operation is over. */
const PAUSE_MS = 250
const FIRST_PAUSE_MS = 60_000
const LONGEST_PAUSE_MS = 4 * 60 * 60_000

/** A minute, then twice as long each time: for two days, about. */
const pauseAfter = (failures: number) => Math.min(FIRST_PAUSE_MS * 2 ** (failures - 1), LONGEST_PAUSE_MS)

/**
 * Tells everybody what he has to be told by now. Any number of replicas may run it at once: who takes a teleconsultation holds it for a
 * while by a conditional write, and what was sent is written down at once. Who dies in between leaves letters that are sent once more,
 * with the same Message-ID.
 *
 * @throws STORAGE_*
 */
export async function tellPeople (ports: Ports, { atOnce, pace = unpaced, ...options }: TellingOptions, given: Context): Promise<Telling> {
  // What a loss of power takes back is sent once more, with the same Message-ID: waiting for the disk twice a letter would keep requests waiting.
  const context: Context = { ...given, isFleeting: true }
  const done: Telling = { sent: 0, failed: 0, looked: 0 }
  const found = await ports.store.findToTell(ports.clock.now(), BATCH, context)
  const queue = [...found]
  const work = async () => {
    for (let document = queue.shift(); document !== undefined; document = queue.shift()) {
      await pace()
      if (options.signal?.aborted === true) return
      await tellOf(ports, document, { ...options, pace }, done, context)
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, queue.length) }, work))
  return done
}

const unpaced: Pace = () => Promise.resolve()

type LetterOptions = Omit<TellingOptions, 'atOnce'> & { pace: Pace }

async function tellOf (ports: Ports, document: Teleconsultation, { reminders, ...sending }: LetterOptions, done: Telling, context: Context): Promise<void> {
  // Whoever is at work on it writes on the condition that nobody else did; and who holds it has letters under way that nobody else knows of.
  if (document.control.operation !== undefined || isBeingTold(document.control, ports.clock.now())) return
  done.looked++
  const rules: LetterRules = { now: ports.clock.now().getTime(), reminders, pauseAfter }
  const { letters, due } = lettersDue(document, rules)
  if (letters.length === 0) {
    await ports.store.replaceMail(document, { ...document.control.mail, due, heldUntil: undefined }, context)
    return
  }
  const taken = await ports.store.replaceMail(document, { ...document.control.mail, due: rules.now + LEASE_MS, heldUntil: rules.now + LEASE_MS }, context)
  if (taken === 'changed') return
  const results = await sendAll(taken, letters, sending)
  for (const { letter, posted } of results) {
    if (posted === 'sent') done.sent++
    else {
      done.failed++
      context.log.warn({ roomId: document.id, kind: letter.kind, code: posted.code, isFinal: posted.isFinal }, 'An e-mail could not be sent')
    }
  }
  await writeDown(ports, taken, (mail) => results.reduce((kept, { letter, posted }) => posted === 'sent'
    ? afterSending(kept, letter)
    : afterFailing(kept, letter, { ...posted, at: ports.clock.now().getTime(), most: MOST_ATTEMPTS }), mail), rules, context)
}

/** The first at once, the others at their pace. @returns what became of those that were begun */
async function sendAll (taken: Teleconsultation, letters: readonly Letter[], { post, pace, signal }: Omit<LetterOptions, 'reminders'>) {
  const begun: Array<Promise<{ letter: Letter, posted: Posted }>> = []
  for (const letter of letters) {
    if (begun.length > 0) {
      await pace()
      if (signal?.aborted === true) break
    }
    begun.push(post.send(taken, letter).then((posted) => ({ letter, posted })))
  }
  return await Promise.all(begun)
}

/**
 * What was sent is kept whatever was written meanwhile: that decides what comes next. An operation that was begun meanwhile is waited
 * for: it commits on the condition that nobody wrote.
 */
async function writeDown (ports: Ports, taken: Teleconsultation, change: (mail: Mail) => Mail, rules: LetterRules, context: Context): Promise<void> {
  let current: Teleconsultation | undefined = taken
  let waits = Math.ceil(ports.settings.leaseMs / PAUSE_MS)
  for (let attempt = 0; attempt < ATTEMPTS && current !== undefined;) {
    if (isHeld(current.control, ports.clock.now()) && waits-- > 0) {
      await passed(ports.clock.deadline(PAUSE_MS))
      current = await ports.store.getAnywhere(taken.id, context)
      continue
    }
    attempt++
    const mail = change(current.control.mail ?? {})
    const { due } = lettersDue({ content: current.content, control: { ...current.control, mail } }, { ...rules, now: ports.clock.now().getTime() })
    if (await ports.store.replaceMail(current, { ...mail, due, heldUntil: undefined }, context) !== 'changed') return
    current = await ports.store.getAnywhere(taken.id, context)
  }
  context.log.error({ roomId: taken.id }, 'What was sent could not be written down: it may be sent once more')
}
