export interface Piece {
  text: string
  /** Where it leads; absent: it is only text. */
  href?: string
}

const ADDRESS = /https?:\/\/[^\s<>"]+/g
// Whoever writes a sentence around an address ends it right behind it.
const BEHIND = /[.,;:!?)\]}'’”»]+$/

/** A text in pieces: the addresses in it that are of one of these origins lead there, all others stay text. */
export function linkedText (text: string, origins: readonly string[]): Piece[] {
  const pieces: Piece[] = []
  let done = 0
  for (const { 0: found, index } of text.matchAll(ADDRESS)) {
    const address = found.replace(BEHIND, '')
    if (!URL.canParse(address) || !origins.includes(new URL(address).origin)) continue
    if (index > done) pieces.push({ text: text.slice(done, index) })
    pieces.push({ text: address, href: address })
    done = index + address.length
  }
  if (done < text.length) pieces.push({ text: text.slice(done) })
  return pieces
}
