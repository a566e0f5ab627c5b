import { type Entry, type VendorRoom } from './answers.ts'
import { isEntry, unusable } from '../vendor.ts'

const LINK_KEYS = ['access_link', 'access_link_url', 'accessLink', 'url', 'link']

/** Every link that an answer holds, by the vendor's user id. */
export function linksOf (room: VendorRoom): Record<string, string> {
  const links: Record<string, string> = {}
  for (const entry of [...room.participants ?? [], ...room.user_urls ?? []]) {
    const user = userOf(entry)
    const link = LINK_KEYS.map((key) => entry[key]).find((value) => typeof value === 'string')
    if (user !== undefined && link !== undefined) links[user] = link
  }
  return links
}

/** The vendor's ids of the people of a room; undefined: the answer does not tell. */
export function peopleOf (room: VendorRoom): string[] | undefined {
  const entries = room.participants ?? room.user_urls
  return entries?.map(userOf).filter((id) => id !== undefined)
}

function userOf (entry: Entry): string | undefined {
  const user = entry['user']
  const id = entry['user_id'] ?? (isEntry(user) ? user['user_id'] ?? user['id'] : user) ?? entry['id']
  return typeof id === 'string' ? id : undefined
}

/**
 * A vendor's link with what this participant wishes for (vendor's page "query strings", 2024): `l` the language of the
 * page, `vb=image` the company's background. Without a wish it stays as it came.
 *
 * @param secure whether only https will do
 * @throws PROVIDER_BAD_ANSWER for what is no address of a page
 */
export function linkWith (link: string, wish: { language?: string | undefined, background?: boolean | undefined }, secure: boolean): string {
  const url = URL.canParse(link) ? new URL(link) : undefined
  const protocols = secure ? ['https:'] : ['https:', 'http:']
  if (url === undefined || !protocols.includes(url.protocol) || url.username !== '' || url.password !== '') throw unusable('a link that is no address of a page', {})
  // The vendor knows languages, not their regions.
  const language = wish.language?.split('-')[0]?.toLowerCase()
  if (language === undefined && wish.background !== true) return link
  if (language !== undefined) url.searchParams.set('l', language)
  if (wish.background === true) url.searchParams.set('vb', 'image')
  return url.href
}
