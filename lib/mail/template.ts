import type { Language } from './languages/languages.ts'
import type { MessageKind } from './languages/words.ts'
import { htmlEscaped } from './plain-text.ts'

/** Texts with placeholders. Those are replaced once and never evaluated: what a value holds stays text. */
export interface Template {
  /** One line. */
  subject: string
  text: string
  html: string
}

export type Templates = Readonly<Record<MessageKind, Readonly<Record<Language, Template>>>>

const ALWAYS = ['name', 'greeting', 'organiser', 'what', 'when', 'start', 'date', 'startTime', 'endTime', 'timeZone'] as const
/** All that a template can name, by the kinds of message that have it. docs/e-mail.md says what they are. */
const PLACEHOLDERS = {
  invitation: [...ALWAYS, 'link'],
  change: [...ALWAYS, 'link', 'previously'],
  cancellation: ALWAYS,
  reminder: [...ALWAYS, 'link', 'startsIn']
} as const satisfies Record<MessageKind, readonly string[]>

export type Placeholder = (typeof PLACEHOLDERS)[MessageKind][number]

/** @returns the text with its placeholders replaced; those without a value stay */
export function filled (text: string, values: Readonly<Partial<Record<Placeholder | 'previousWhen', string>>>, escaped: (value: string) => string = (value) => value): string {
  const known: Readonly<Record<string, string>> = values
  return text.replace(/\{\{([^{}]*)\}\}/g, (whole, inside: string) => {
    const name = inside.trim()
    return Object.hasOwn(known, name) ? escaped(known[name] ?? '') : whole
  })
}

export const filledHtml = (html: string, values: Readonly<Partial<Record<Placeholder, string>>>) => filled(html, values, htmlEscaped)

const PARTS = ['subject', 'text', 'html'] as const
type Part = (typeof PARTS)[number]

const isPart = (name: string): name is Part => (PARTS as readonly string[]).includes(name)

/** What is wrong with a template that was read; none: it is one. Names what the file holds, never values of messages. */
export function faultsOf (read: unknown, kind: MessageKind): string[] {
  if (typeof read !== 'object' || read === null || Array.isArray(read)) return ['it is no object with subject, text and html']
  const parts = read as Readonly<Record<string, unknown>>
  const extra = Object.keys(parts).filter((name) => !isPart(name)).map((name) => `"${brief(name)}" is no part of a template`)
  return [...extra, ...PARTS.flatMap((part) => partFaults(part, Object.hasOwn(parts, part) ? parts[part] : undefined, kind))]
}

function partFaults (part: Part, text: unknown, kind: MessageKind): string[] {
  if (text === undefined) return [`${part} is missing`]
  if (typeof text !== 'string' || text.trim() === '') return [`${part} is no text`]
  const names = [...text.matchAll(/\{\{([^{}]*)\}\}/g)].map(([, inside = '']) => inside.trim())
  const known: readonly string[] = PLACEHOLDERS[kind]
  const faults = [...new Set(names.filter((name) => !known.includes(name)))].map((name) => `${part} has the unknown placeholder {{${brief(name)}}}`)
  if (text.replace(/\{\{[^{}]*\}\}/g, '').includes('{{')) faults.push(`${part} has a placeholder that does not end`)
  if (part === 'subject') {
    if (/[\p{Cc}\u2028\u2029]/u.test(text)) faults.push('subject is more than one line')
    // It is a secret, and subjects stand in logs and on locked screens.
    if (names.includes('link')) faults.push('subject has {{link}}')
  } else if (known.includes('link') && !names.includes('link')) faults.push(`${part} has no {{link}}`)
  if (part === 'html') faults.push(...htmlFaults(text))
  return faults
}

/** Where escaping would not help. */
function htmlFaults (html: string): string[] {
  const faults: string[] = []
  if (/<script\b/i.test(html)) faults.push('html has a script')
  if (/<style\b[^<]*\{\{/i.test(html)) faults.push('html has a placeholder inside <style>')
  const tags = [...html.matchAll(/<[^<>]*>/g)].map(([tag]) => tag)
  if (tags.some((tag) => tag.replace(/"[^"]*"|'[^']*'/g, '').includes('{{'))) faults.push('html has a placeholder in a tag outside quotes')
  const quoted = tags.flatMap((tag) => tag.match(/"[^"]*"|'[^']*'/g) ?? [])
  if (quoted.some((value) => /\{\{(?! *link *\}\})/.test(value))) faults.push('html has a placeholder other than {{link}} in an attribute')
  return faults
}

const brief = (text: string) => JSON.stringify(text.slice(0, 40)).slice(1, -1)
