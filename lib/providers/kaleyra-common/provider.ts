import { CapabilityLimit, ProviderBadAnswer } from '../../errors.ts'
import { fileForm } from '../../http/multipart.ts'
import { withoutExtras, type Upload, type VideoProvider } from '../provider.ts'
import { accounts } from './accounts.ts'
import { detailsOf, readBackground, readCompany, readCredentials, readRoom, readUpload, statusOf, type KnownRoom } from './answers.ts'
import type { VendorCalls } from './calls.ts'
import { roomBody, type Dialect } from './dialect.ts'
import { linksOf, linkWith } from './links.ts'
import { pagesOf } from './pages.ts'
import { markedRooms } from './marked-rooms.ts'
import { roomReader } from './room-reader.ts'
import { refused, unusable } from '../vendor.ts'

export interface VendorProviderOptions {
  /** Whether links have to be https: true but for stand-ins of the vendor. */
  secureLinks: boolean
  /** Keys the ids of people. Another secret makes strangers of everybody. */
  userIdSecret: string
}

const CREDENTIALS_MIN_SECONDS = 360
const CREDENTIALS_MAX_SECONDS = 86_400

/** What both generations of the vendor's API have in common; the dialect says where and how. Removing people and recording differ in kind: each adds its own. */
export function vendorProvider (calls: VendorCalls, dialect: Dialect, { secureLinks, userIdSecret }: VendorProviderOptions): VideoProvider {
  const people = accounts(calls, dialect, userIdSecret)

  const readRoomIfThere = roomReader(calls, dialect)

  return {
    ...withoutExtras,
    name: dialect.name,
    capabilities: dialect.capabilities,

    async check (signal) {
      await calls.call({ what: 'check', ...dialect.check }, signal)
    },

    accountOf: (person) => people.idOf(person),
    ensureUser: async (person, signal) => ({ providerUserId: await people.ensure(person, signal) }),
    forgetPerson: async (providerUserId, signal) => { await people.delete(providerUserId, signal) },

    // Never sent twice: the vendor would make two rooms, and the marker finds one whose answer got lost.
    async createRoom (spec, signal) {
      const ids = spec.participants.map(({ providerUserId }) => providerUserId)
      const request = { what: 'create room', ...dialect.createRoom, body: { ...roomBody(spec), ...dialect.roomExtras(spec) }, expect: [400, 404, 422] }
      const answer = await calls.call(request, signal)
      if (answer.status >= 400) {
        // It may be that a user was deleted at the vendor since he was registered.
        people.forget(ids)
        throw refused('create room', answer)
      }
      const room = readRoom(answer.body)
      let links = linksOf(room)
      if (!ids.every((id) => id in links)) {
        const read = await readRoomIfThere(room.providerRoomId, signal)
        if (read !== 'missing') links = { ...linksOf(read), ...links }
      }
      const kept = ids.map((id) => [id, linkFor(id, links, room)] as const)
      return { providerRoomId: room.providerRoomId, marker: spec.marker, links: Object.fromEntries(kept) }
    },

    async getRoom (room, signal) {
      const read = await readRoomIfThere(room.providerRoomId, signal)
      return read === 'missing' ? read : detailsOf(read)
    },

    // The first generation cannot edit rooms; the second one's way is not documented well enough to rely on.
    changeRoom: async () => 'must-replace',

    async accessFor (room, participant, options, signal) {
      const { providerUserId } = participant
      let link = room.links?.[providerUserId]
      if (link === undefined) {
        const read = await readRoomIfThere(room.providerRoomId, signal)
        if (read === 'missing') throw new ProviderBadAnswer({ cause: new Error('read room: there is none any more') })
        link = linkFor(providerUserId, linksOf(read), read)
      }
      const language = options.language ?? participant.language
      return { kind: 'url', url: linkWith(link, { language, background: options.background }, secureLinks) }
    },

    async deleteRoom (room, signal) {
      if (room.providerRoomId === '') return
      const answer = await calls.call({ what: 'delete room', ...dialect.deleteRoom(room.providerRoomId), expect: [400, 404] }, signal)
      if (answer.status !== 400) return
      const read = await readRoomIfThere(room.providerRoomId, signal)
      if (read !== 'missing' && statusOf(read) !== 'CLOSED') throw refused('delete room', answer)
    },

    findRooms: async (marker, since, signal) => await markedRooms(calls, dialect, readRoomIfThere, marker, since, signal),

    async listUploads (room, signal) {
      if (room.providerRoomId === '') return []
      const list = {
        what: 'list uploads',
        path: dialect.listUploadsPath(room.providerRoomId),
        of: 'room',
        name: 'uploads',
        offsetName: dialect.offsetName,
        keyOf: (entry: object) => readUpload(entry).key
      }
      const uploads: Upload[] = []
      for await (const page of pagesOf(calls, list, signal)) {
        for (const entry of page) {
          const { roomId, ...upload } = readUpload(entry)
          // Whoever lists may mean to delete: another room's files must not get in where the vendor overlooks the filter.
          const owner = dialect.uploadsByPath ? roomId ?? room.providerRoomId : roomId
          if (owner === undefined) throw unusable('an upload that does not say its room', entry)
          if (owner === room.providerRoomId) uploads.push(upload)
        }
      }
      return uploads
    },

    async deleteUpload (upload, signal) {
      await calls.call({ what: 'delete upload', ...dialect.deleteUpload(upload.key), expect: [404] }, signal)
    },

    async uploadBackground (image, signal) {
      const rawBody = fileForm({ field: 'virtual_background', ...image })
      const answer = await calls.call({ what: 'upload background', ...dialect.uploadBackground, rawBody, expect: [400, 413, 422] }, signal)
      if (answer.code === 'exceeded_background_limit') throw new CapabilityLimit('more than 10 backgrounds')
      if (answer.status === 413 || answer.status === 422) throw new CapabilityLimit('a background that is no JPEG of at least 1280 by 1280 pixels and at most 16 MB')
      if (answer.status >= 400) throw refused('upload background', answer)
      return readBackground(answer.body)
    },

    async updateCompany ({ backgroundAlias }, signal) {
      const answer = await calls.call({ what: 'update company', ...dialect.updateCompany, body: { background_alias: backgroundAlias }, expect: [404, 422] }, signal)
      if (answer.status >= 400) throw new CapabilityLimit('a background of which it has none by that alias')
      return readCompany(answer.body)
    },

    // Not clamped: who asks for a week shall not believe that he has it.
    async credentials (providerUserId, ttlSeconds, signal) {
      if (ttlSeconds < CREDENTIALS_MIN_SECONDS || ttlSeconds > CREDENTIALS_MAX_SECONDS) {
        throw new CapabilityLimit(`credentials for less than ${CREDENTIALS_MIN_SECONDS} or more than ${CREDENTIALS_MAX_SECONDS} seconds`)
      }
      const answer = await calls.call({ what: 'create credentials', ...dialect.credentials, body: { user_id: providerUserId, expires_in: ttlSeconds } }, signal)
      return readCredentials(answer.body, providerUserId)
    },

    close: () => calls.close()
  }

  function linkFor (id: string, links: Readonly<Record<string, string>>, received: KnownRoom): string {
    const link = links[id]
    if (link === undefined) throw unusable('a room without the link of a participant', received)
    linkWith(link, {}, secureLinks)
    return link
  }
}
