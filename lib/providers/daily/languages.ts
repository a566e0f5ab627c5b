/** Daily's own words (its reference, 2026) for the languages of its page. `user`: the browser's. */
const LANGUAGES = new Set(['da', 'de', 'en', 'es', 'fi', 'fr', 'it', 'ka', 'nl', 'no', 'pl', 'pt', 'ru', 'sv', 'tr'])
const OTHER_WORDS: Readonly<Record<string, string>> = { ja: 'jp', nb: 'no', nn: 'no' }

/** @param tag BCP 47; undefined, or a language that Daily's page does not speak: the browser's */
export function languageOf (tag: string | undefined): string {
  const [language = '', ...subtags] = (tag ?? '').toLowerCase().split('-')
  if (language === 'pt' && subtags.includes('br')) return 'pt-BR'
  return LANGUAGES.has(language) ? language : OTHER_WORDS[language] ?? 'user'
}
