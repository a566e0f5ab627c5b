import type { ReactiveController, ReactiveControllerHost } from 'lit'

export type Language = 'en' | 'it'
type Values = Record<string, string | number>

const followers = new Set<() => void>()
let current = fromTags(navigator.languages)
document.documentElement.lang = current

function fromTags (tags: readonly string[]): Language {
  for (const tag of tags) {
    const primary = tag.toLowerCase().split(/[-_]/)[0]
    if (primary === 'it' || primary === 'en') return primary
  }
  return 'en'
}

/** Changes the page's language; a tag that the pages do not speak changes nothing. */
export function speak (tag: string | null | undefined): void {
  const wanted = tag ? fromTags([tag, current]) : current
  if (wanted === current) return
  current = wanted
  document.documentElement.lang = current
  for (const follow of followers) follow()
}

/** A tag for `Intl`: the language in use, with the browser's region where that speaks it. */
export function locale (): string {
  return navigator.languages.find(tag => tag.toLowerCase().split('-')[0] === current) ?? current
}

/** Gives a lookup of one dictionary's texts; `{name}` in a text is replaced by that value. */
export function dictionary<Key extends string> (texts: Record<Language, Record<Key, string>>): (key: Key, values?: Values) => string {
  return (key, values = {}) => texts[current][key].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole))
}

/** Renders the host again when the language changes. */
export function followLanguage (host: ReactiveControllerHost): void {
  const follow = () => host.requestUpdate()
  const controller: ReactiveController = {
    hostConnected: () => { followers.add(follow) },
    hostDisconnected: () => { followers.delete(follow) }
  }
  host.addController(controller)
}
