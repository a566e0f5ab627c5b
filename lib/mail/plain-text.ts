/**
 * What others wrote, as one line: line ends and other controls are blanks, halves of characters are replaced, and nothing turns the
 * direction of what follows it.
 */
export const oneLine = (text: string): string =>
  text.toWellFormed().replace(/[\u202a-\u202e\u2066-\u2069]/g, '').replace(/[\s\p{Cc}]+/gu, ' ').trim()

/**
 * At most so many UTF-16 units, the sign that something is missing included. No character is cut in two, nor a picture that is made
 * of several.
 */
export function shortened (text: string, most: number): string {
  if (text.length <= most) return text
  const start = text.slice(0, most)
  const last = [...new Intl.Segmenter('en').segment(start)].at(-1)
  const whole = last === undefined || last.index === 0 ? start.slice(0, -1) : start.slice(0, last.index)
  return `${whole.toWellFormed().trimEnd()}…`
}

const FROM_RIGHT = /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}\p{Script=Adlam}]/u

/** So that a name that is written from right to left leaves the sentence around it where it is. */
export const isolated = (text: string): string => FROM_RIGHT.test(text) ? `\u2068${text}\u2069` : text

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** Of elements and of attributes in quotes. */
export const htmlEscaped = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '')

/** A text that was made of lines by `oneLine`, for a place where a line end would be an attack. */
export const withoutControls = (text: string): string => text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')
