import { seatOf, sessionOf } from '../domain/session.ts'
import { isComplete, type Teleconsultation } from '../domain/teleconsultation.ts'
import type { Calendar, CalendarEvent } from './events.ts'

/** A session as the agenda needs it. */
export interface AgendaSession extends Teleconsultation {
  /** The last write of its document. */
  updatedAt?: Date | undefined
}

export interface AgendaReader {
  userId: string
  /** Unlike those of other deployments: makes the events' ids unique. */
  deployment: string
  /** His personal way in. */
  linkFor: (documentId: string, userId: string, session: AgendaSession) => string
  /** Stands in as the time of change of sessions that do not tell theirs. */
  since: Date
}

const REFRESH_SECONDS = 15 * 60
const REMINDER_SECONDS = 10 * 60

// Calendars are synchronised to third parties: nothing that a session is called says what it is about.
const WORDS = {
  en: { event: 'Video appointment', calendar: 'Video appointments' },
  it: { event: 'Appuntamento in video', calendar: 'Appuntamenti in video' },
  de: { event: 'Videotermin', calendar: 'Videotermine' },
  fr: { event: 'Rendez-vous vidéo', calendar: 'Rendez-vous vidéo' },
  es: { event: 'Cita por vídeo', calendar: 'Citas por vídeo' }
}

const speaks = (language: string): language is keyof typeof WORDS => Object.hasOwn(WORDS, language)

/** @param tag BCP 47 */
function wordsIn (tag: string | undefined) {
  const language = tag?.toLowerCase().split('-')[0] ?? ''
  return WORDS[speaks(language) ? language : 'en']
}

/** One person's calendar. What is the same gives the same text, whenever it is made. */
export function agendaOf (sessions: readonly AgendaSession[], options: AgendaReader): Calendar {
  const shown = sessions.flatMap((session) => {
    const seat = seatOf(session, options.userId)
    return seat === undefined || !isShown(session) ? [] : [{ session, language: seat.language }]
  })
  return {
    name: wordsIn(shown.at(-1)?.language).calendar,
    refreshSeconds: REFRESH_SECONDS,
    events: shown.map(({ session, language }) => eventOf(session, wordsIn(language).event, options))
  }
}

const isShown = (session: AgendaSession) =>
  session.control.phase !== 'DELETING' && sessionOf(session).endedAt === undefined &&
  // Nobody was told of a booking that is still being made.
  session.control.operation?.kind !== 'create'

function eventOf (session: AgendaSession, summary: string, { userId, deployment, linkFor, since }: AgendaReader): CalendarEvent {
  const { id, content } = session
  const changedAt = changedAtOf(session)
  return {
    uid: `${id}@${deployment}`,
    sequence: sequenceOf(session),
    // Without a method this is the time of change (RFC 5545, 3.8.7.2).
    stampedAt: changedAt ?? since,
    startAt: content.startAt,
    endAt: content.endAt,
    summary,
    url: linkFor(id, userId, session),
    status: isComplete(content) ? 'CONFIRMED' : 'TENTATIVE',
    lastModifiedAt: changedAt,
    alarms: [REMINDER_SECONDS],
    isPrivate: true
  }
}

/**
 * Neither number ever falls, so their sum does not either. Where the collection has a revision every write counts it up; elsewhere the
 * epoch rises with every change of dates and people. A collection that comes to declare revisions begins them at 1, and keeps the
 * epoch: the sum rises there as well, where each alone would fall back or stand still.
 */
export const sequenceOf = ({ control, version }: Pick<Teleconsultation, 'control' | 'version'>): number =>
  control.epoch + ('revision' in version ? version.revision : 0)

function changedAtOf ({ updatedAt, version }: AgendaSession): Date | undefined {
  if (updatedAt !== undefined) return updatedAt
  const told = 'updatedAt' in version && version.updatedAt !== undefined ? new Date(version.updatedAt) : undefined
  return told === undefined || Number.isNaN(told.getTime()) ? undefined : told
}
