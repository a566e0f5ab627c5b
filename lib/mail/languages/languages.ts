import { german } from './de.ts'
import { english } from './en.ts'
import { spanish } from './es.ts'
import { french } from './fr.ts'
import { italian } from './it.ts'
import type { Words } from './words.ts'

export const LANGUAGES = ['de', 'en', 'es', 'fr', 'it'] as const
export type Language = (typeof LANGUAGES)[number]

export const WORDS: Readonly<Record<Language, Words>> = { de: german, en: english, es: spanish, fr: french, it: italian }

export const isLanguage = (text: string): text is Language => (LANGUAGES as readonly string[]).includes(text)

/**
 * The language in which somebody is written to; English for those that are not spoken.
 *
 * @param tag BCP 47
 */
export function languageOf (tag: string | undefined): Language {
  const language = tag?.toLowerCase().split('-')[0] ?? ''
  return isLanguage(language) ? language : 'en'
}
