import type { Notice } from './call-view.ts'

const NOTICE_MS = 6000
const MOST_NOTICES = 3

export interface PassingNotices {
  list(): readonly Notice[]
  put(text: string): void
}

/** The last words to the person at the screen; each goes by itself. */
export function createPassingNotices (onChange: () => void): PassingNotices {
  let notices: readonly Notice[] = []

  function change (changed: readonly Notice[]) {
    notices = changed
    onChange()
  }

  return {
    list: () => notices,
    put (text) {
      const notice: Notice = { text }
      change([...notices, notice].slice(-MOST_NOTICES))
      setTimeout(() => change(notices.filter(other => other !== notice)), NOTICE_MS)
    }
  }
}
