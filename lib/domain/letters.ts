import { isSameAddress } from './mail-addresses.ts'
import { seatsOf, sessionOf, standingOf } from './session.ts'
import type { Content, Control, StoredParticipant } from './teleconsultation.ts'

export type LetterKind = 'invitation' | 'change' | 'cancellation' | 'reminder'

/** What somebody was told last, and where: he may be in the list no more when he has to be told that. */
export interface Told {
  externalId: string
  /** His address, name, language and time zone then. Personal data. */
  to: string
  fullName?: string | undefined
  language?: string | undefined
  timeZone?: string | undefined
  /** Counts what he was told: the calendar's SEQUENCE. */
  sequence: number
  /** Epoch milliseconds. */
  startAt: number
  endAt: number
  /** Which of his personal links. */
  link: number
  at: number
  cancelled?: true | undefined
  /** Minutes before the start of the reminders that he was sent for this start. */
  reminded?: number[] | undefined
  /** When somebody asked that he be sent once more what he has. Epoch milliseconds. */
  again?: number | undefined
}

/** Attempts at one letter that failed, since the last letter to him that did not; or that one came back. */
export interface Failure {
  externalId: string
  /** Which letter: another one is tried at once. Of a bounce: the address that it names, which need not be his. Holds personal data. */
  of: string
  count: number
  /** Of the last attempt. */
  at: number
  /** SMTP's code of it, or the network's; of a bounce its status (RFC 3463), e.g. `5.1.1`. */
  code: string
  /** For good: it is not tried again. */
  refused?: true | undefined
  /** The letter was taken, and came back. */
  bounced?: true | undefined
}

/** What is kept about telling people. */
export interface Mail {
  /** When somebody has to be told next. Epoch milliseconds; 0: at once; absent: nobody. */
  due?: number | undefined
  /** Until then letters may be under way that `told` does not have yet. Epoch milliseconds. */
  heldUntil?: number | undefined
  told?: Told[] | undefined
  failures?: Failure[] | undefined
}

/** One e-mail that is due. */
export interface Letter {
  kind: LetterKind
  /** As he will have been told once it is sent. */
  told: Told
  /** Tells it apart from every other letter about the same teleconsultation. */
  id: string
  /** Absent: he was not told of other times before. */
  previous?: { startAt: number, endAt: number } | undefined
  /** Of a reminder. */
  minutesBefore?: number | undefined
  /** Of what is sent once more. */
  again?: number | undefined
}

export interface LetterRules {
  now: number
  /** Minutes before the start. */
  reminders: readonly number[]
  /** Milliseconds to wait after so many failures. */
  pauseAfter: (failures: number) => number
}

export interface Round {
  letters: Letter[]
  /** When to look again; undefined: when something changes. */
  due: number | undefined
}

type Subject = { content: Content, control: Pick<Control, 'session' | 'mail' | 'phase'> }

/**
 * Who has to be told what now: the difference between what is so and what everybody was told last. A state that has changed since is
 * told to nobody, and nothing is told twice.
 */
export function lettersDue ({ content, control }: Subject, rules: LetterRules): Round {
  const { now } = rules
  const session = sessionOf({ control })
  const { told = [], failures = [] } = control.mail ?? {}
  const takesPlace = control.phase !== 'DELETING' && session.endedAt === undefined && session.requested !== true
  const isOver = now >= content.endAt.getTime()
  const seats = takesPlace ? seatsOf({ content, control }) : []
  const rounds = [
    ...seats.flatMap((seat) => seat.email === undefined || seat.userExternalId === undefined ? [] : [forSeat(content, seat, standingOf(session, seat.userExternalId)?.link ?? 0, { told, failures }, rules)]),
    // Who takes part no more, or in nothing any more.
    ...told.filter(({ externalId, cancelled }) => cancelled !== true && !seats.some((seat) => seat.userExternalId === externalId && seat.email !== undefined))
      .map((one) => one.startAt > now ? attempted('cancellation', { told: { ...one, sequence: one.sequence + 1, at: now, cancelled: true, again: undefined } }, failures, rules) : NOTHING)
  ]
  if (isOver) return { letters: [], due: undefined }
  const dues = rounds.flatMap(({ due }) => due ?? [])
  return { letters: rounds.flatMap(({ letters }) => letters), due: dues.length === 0 ? undefined : Math.min(...dues) }
}

const NOTHING: Round = { letters: [], due: undefined }

function forSeat (content: Content, seat: StoredParticipant, link: number, { told: all, failures }: { told: readonly Told[], failures: readonly Failure[] }, rules: LetterRules): Round {
  const { now, reminders } = rules
  const startAt = content.startAt.getTime()
  const endAt = content.endAt.getTime()
  const before = all.find(({ externalId }) => externalId === seat.userExternalId)
  const told: Told = {
    externalId: seat.userExternalId ?? '',
    to: seat.email ?? '',
    fullName: seat.fullName,
    language: seat.language,
    timeZone: seat.timeZone,
    sequence: before === undefined ? 0 : before.sequence + 1,
    startAt,
    endAt,
    link,
    at: now
  }
  if (before === undefined || before.cancelled === true || before.to !== told.to || before.link !== link) return attempted('invitation', { told }, failures, rules)
  if (before.startAt !== startAt || before.endAt !== endAt) return attempted('change', { told, previous: { startAt: before.startAt, endAt: before.endAt } }, failures, rules)
  if (before.again !== undefined) return attempted('invitation', { told: { ...told, sequence: before.sequence, reminded: before.reminded }, again: before.again }, failures, rules)
  const reminded = before.reminded ?? []
  // Whoever was told within that time needs no reminder of it.
  const wanted = reminders.map((minutes) => ({ minutes, at: startAt - minutes * 60_000 })).filter(({ minutes, at }) => !reminded.includes(minutes) && before.at < at && startAt > now)
  const overdue = wanted.filter(({ at }) => at <= now).sort((a, b) => b.at - a.at)
  const [latest] = overdue
  if (latest !== undefined) {
    const done = { ...before, fullName: seat.fullName, language: seat.language, timeZone: seat.timeZone, reminded: [...reminded, ...overdue.map(({ minutes }) => minutes)] }
    return attempted('reminder', { told: done, minutesBefore: latest.minutes }, failures, rules)
  }
  const next = wanted.map(({ at }) => at)
  return { letters: [], due: next.length === 0 ? undefined : Math.min(...next) }
}

/** The letter, unless its last attempt was refused for good or is too recent, or his address is one that letters come back from. */
function attempted (kind: LetterKind, letter: Omit<Letter, 'kind' | 'id'>, failures: readonly Failure[], { now, pauseAfter }: LetterRules): Round {
  const { externalId, to, sequence, startAt, endAt, link } = letter.told
  if (failures.some((one) => isDeadEnd(one, letter.told))) return NOTHING
  const id = [kind, externalId, to, sequence, startAt, endAt, link, letter.minutesBefore ?? '', letter.again ?? ''].join(' ')
  const failure = failures.find((one) => one.externalId === externalId && one.of === id)
  if (failure?.refused === true) return NOTHING
  const at = failure === undefined ? now : failure.at + pauseAfter(failure.count)
  return at <= now ? { letters: [{ ...letter, kind, id }], due: now } : { letters: [], due: at }
}

/** Whether what came back from his address says that nothing arrives there. 4.x.x is about one message, 5.x.x about the address (RFC 3463, 3.1). */
const isDeadEnd = ({ externalId, bounced, code, of }: Failure, told: Pick<Told, 'externalId' | 'to'>) =>
  bounced === true && externalId === told.externalId && code.startsWith('5.') && isSameAddress(of, told.to)

/** Without his failures, but for a bounce that came while the letter was under way. */
const withoutHis = ({ failures = [] }: Mail, told: Told) => failures.filter((one) => one.externalId !== told.externalId || isDeadEnd(one, told))

/** Whether letters may be under way of which nothing is written down yet. */
export const isBeingTold = ({ mail }: Pick<Control, 'mail'>, now: Date): boolean => (mail?.heldUntil ?? 0) > now.getTime()

/** What is kept once a letter was sent. What was asked for while it was under way is still to be sent. */
export function afterSending (mail: Mail, { told }: Letter): Mail {
  const asked = mail.told?.find(({ externalId }) => externalId === told.externalId)?.again
  return {
    ...mail,
    told: [...(mail.told ?? []).filter(({ externalId }) => externalId !== told.externalId), asked === undefined || asked <= told.at ? told : { ...told, again: asked }],
    failures: withoutHis(mail, told)
  }
}

/** What is kept once it was tried in vain. */
export function afterFailing (mail: Mail, { told, id }: Letter, { at, code, isFinal, most }: { at: number, code: string, isFinal: boolean, most: number }): Mail {
  const { externalId } = told
  const count = ((mail.failures ?? []).find((one) => one.externalId === externalId && one.of === id)?.count ?? 0) + 1
  return { ...mail, failures: [...withoutHis(mail, told), { externalId, of: id, count, at, code, ...isFinal || count >= most ? { refused: true as const } : {} }] }
}

/**
 * What is kept once a letter to him came back. What is being tried goes on.
 *
 * @param address that it did not get to, as the notification names it
 * @returns undefined: that, or that nothing gets to his address, is known
 */
export function afterBouncing (mail: Mail, told: Pick<Told, 'externalId' | 'to'>, { address, status, at }: { address: string, status: string, at: number }): Mail | undefined {
  const { failures = [] } = mail
  const isHisBounce = ({ externalId, bounced }: Failure) => bounced === true && externalId === told.externalId
  if (failures.some((one) => isDeadEnd(one, told) || (isHisBounce(one) && one.code === status && one.of === address))) return undefined
  const bounce: Failure = { externalId: told.externalId, of: address, count: 1, at, code: status, refused: true, bounced: true }
  return { ...mail, failures: [bounce, ...failures.filter((one) => !isHisBounce(one))] }
}
