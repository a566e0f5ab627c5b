import { WORDS, type Language } from './languages/languages.ts'
import type { MessageKind, Words } from './languages/words.ts'
import { htmlEscaped } from './plain-text.ts'
import type { Template } from './template.ts'

/** The shipped template of a kind of message: the language's words in one layout. */
export function shippedTemplate (kind: MessageKind, language: Language): Template {
  const words = WORDS[language]
  return { subject: words.messages[kind].subject, text: textOf(kind, words), html: htmlOf(kind, words, language) }
}

function textOf (kind: MessageKind, words: Words): string {
  const { opening, closing } = words.messages[kind]
  const paragraphs = ['{{greeting}}', opening, '{{what}}\n{{when}}', ...kind === 'change' ? ['{{previously}}'] : []]
  if (kind !== 'cancellation') paragraphs.push(`${words.openLink}\n{{link}}`, words.keepLink)
  return `${[...paragraphs, closing].join('\n\n')}\n`
}

// No tables, so that screen readers read it as the text that it is. No colours but the button's, which bring their own
// background, so that any theme, dark or turned over by the mail program, can be read. Nothing is loaded from anywhere.
const STYLES = {
  page: 'max-width:36em;margin:0 auto;padding:1.5em;font-family:Arial,Helvetica,sans-serif;font-size:16px;line-height:1.5',
  heading: 'margin:0 0 1em;font-size:22px;line-height:1.3',
  paragraph: 'margin:0 0 1em',
  button: 'display:inline-block;padding:12px 24px;border-radius:6px;background-color:#0b5cad;color:#ffffff;font-weight:bold;text-decoration:none',
  address: 'color:inherit;overflow-wrap:anywhere;word-break:break-word'
}

function htmlOf (kind: MessageKind, words: Words, language: Language): string {
  const { heading, opening, closing } = words.messages[kind]
  const paragraph = (html: string) => `<p style="${STYLES.paragraph}">${html}</p>`
  const said = (text: string) => paragraph(htmlEscaped(text))
  const link = kind === 'cancellation'
    ? []
    : [
        said(words.openLink),
        paragraph(`<a href="{{link}}" style="${STYLES.button}">${htmlEscaped(words.button)}</a>`),
        paragraph(`<a href="{{link}}" style="${STYLES.address}">{{link}}</a>`),
        said(words.keepLink)
      ]
  return [
    '<!doctype html>',
    `<html lang="${language}" dir="ltr">`,
    '<head>',
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    '<meta name="supported-color-schemes" content="light dark">',
    '<meta name="format-detection" content="telephone=no">',
    `<title>${htmlEscaped(heading)}</title>`,
    '</head>',
    '<body style="margin:0;padding:0">',
    `<div lang="${language}" dir="ltr" style="${STYLES.page}">`,
    `<h1 style="${STYLES.heading}">${htmlEscaped(heading)}</h1>`,
    said('{{greeting}}'),
    said(opening),
    paragraph('<strong>{{what}}</strong><br>{{when}}'),
    ...kind === 'change' ? [said('{{previously}}')] : [],
    ...link,
    said(closing),
    '</div>',
    '</body>',
    '</html>',
    ''
  ].join('\n')
}
