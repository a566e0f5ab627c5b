/**
 * The immutable period: from `periodMs` before the start on, a complete teleconsultation cannot be changed, and only
 * then its links are given. Clocks of replicas differ by up to `skewMs`: changes end that much earlier and links
 * begin that much later, so that no clock gives a link which another still lets die.
 */
export interface Window { periodMs: number, skewMs: number }

export const mayChange = (window: Window, startAt: Date, now: Date) =>
  now.getTime() < startAt.getTime() - window.periodMs - window.skewMs

/** The instant from which links are given. */
export const linkFrom = (window: Window, startAt: Date) =>
  new Date(startAt.getTime() - window.periodMs + window.skewMs)

export const mayGiveLink = (window: Window, startAt: Date, now: Date) => now >= linkFrom(window, startAt)
