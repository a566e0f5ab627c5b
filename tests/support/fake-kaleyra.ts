import type { Teardown } from './service.ts'
import {
  chooseBackground, linkOf, listedRooms, makeBackground, makeCredentials, makeRoom, makeUser, pageOf, Refusal, removeRoom, removeSeat,
  removeUpload, removeUser, roomStatus, roomToRead, startFakeVendor, switchRecording, type FakeVendor, type Route, type VendorRoom, type VendorUpload
} from './fake-vendor.ts'

export interface FakeKaleyra extends FakeVendor {
  baseUrl: string
  /** How a transcription is answered: as the file, as JSON that is the file, as JSON with its address, or with 204. */
  transcriptionAs: { kind: 'file' | 'json' | 'address' | 'nothing', address: string }
}

/** Kaleyra's Video API, second generation: nothing wrapped, `offset` and `limit`, participants with links in the room. */
export async function startFakeKaleyra (t: Teardown): Promise<FakeKaleyra> {
  const transcriptionAs: FakeKaleyra['transcriptionAs'] = { kind: 'file', address: '' }
  const vendor = await startFakeVendor(t, '', (vendor) => routesOf(vendor, transcriptionAs))
  vendor.switches.linkKey = 'access_link'
  transcriptionAs.address = `${vendor.origin}/files/transcription`
  return Object.assign(vendor, { baseUrl: vendor.origin, transcriptionAs })
}

const backgroundUrl = 'https://images.vendor.example/background.jpeg'

function routesOf (vendor: FakeVendor, transcriptionAs: FakeKaleyra['transcriptionAs']): Route[] {
  const success = (body: object) => ({ status: vendor.switches.successStatus, body })
  const userBody = ({ id, role, active }: { id: string, role: string, active: boolean }) =>
    ({ id, role, active, allow_camera: true, language: 'en', creation_date: vendor.time.now.toISOString() })
  const participantsOf = (room: VendorRoom) => room.seats.map(({ userId, isAdmin, tools, token }) => ({
    user_id: userId, is_admin: isAdmin, tools, ...(vendor.switches.linkKey === '' ? {} : { [vendor.switches.linkKey]: linkOf(vendor, room, token) })
  }))
  const roomBody = (room: VendorRoom) => ({
    id: room.id,
    creation_date: room.createdAt.toISOString(),
    ...(vendor.switches.statusKey === '' ? {} : { [vendor.switches.statusKey]: roomStatus(room) }),
    recording: room.recording === 'none' ? null : room.recording,
    duration: room.duration,
    call_type: 'audio_video',
    live: room.live,
    description: room.description
  })
  const uploadBody = ({ key, roomId, userId }: VendorUpload) =>
    ({ key, upload_type: 'snapshot', creation_date: vendor.time.now.toISOString(), user_id: userId, session_id: 'session_1', room_id: roomId })
  const sessionOf = (id: string) => {
    const session = vendor.sessions.get(id)
    if (session === undefined) throw new Refusal(404, 'session_not_found')
    return session
  }

  return [
    {
      method: 'GET',
      path: /^\/v2\/company$/,
      answer: () => success({ name: 'Clinic', default_language: 'it', default_background: null })
    },
    {
      method: 'POST',
      path: /^\/v2\/users$/,
      answer: ({ json }) => success(userBody(makeUser(vendor, json)))
    },
    {
      method: 'GET',
      path: /^\/v2\/users\/([^/]+)$/,
      answer: (_request, id = '') => {
        const user = vendor.users.get(id)
        if (user === undefined) throw new Refusal(404, 'user_not_found')
        return success(userBody(user))
      }
    },
    {
      method: 'DELETE',
      path: /^\/v2\/users\/([^/]+)$/,
      answer: (_request, id = '') => {
        removeUser(vendor, id)
        return { status: 204 }
      }
    },
    {
      method: 'POST',
      path: /^\/v2\/rooms$/,
      answer: ({ json }) => {
        const room = makeRoom(vendor, json, String(json['recording'] ?? 'none'))
        return success({ ...roomBody(room), ...(vendor.switches.linksWithCreate ? { participants: participantsOf(room) } : {}) })
      }
    },
    {
      method: 'GET',
      path: /^\/v2\/rooms$/,
      answer: ({ query }) => success(pageOf(vendor, 'rooms', 'offset', query, listedRooms(vendor).map(roomBody)))
    },
    {
      method: 'GET',
      path: /^\/v2\/rooms\/([^/]+)$/,
      answer: (_request, id = '') => {
        const room = roomToRead(vendor, id)
        return success({ ...roomBody(room), participants: participantsOf(room) })
      }
    },
    {
      method: 'DELETE',
      path: /^\/v2\/rooms\/([^/]+)$/,
      answer: (_request, id = '') => {
        removeRoom(vendor, id)
        return { status: 204 }
      }
    },
    {
      method: 'DELETE',
      path: /^\/v2\/rooms\/([^/]+)\/participants\/([^/]+)$/,
      answer: (_request, id = '', userId = '') => {
        removeSeat(vendor, id, userId)
        return { status: 204 }
      }
    },
    {
      method: 'POST',
      path: /^\/v2\/rooms\/([^/]+)\/(start|stop)-recording$/,
      answer: (_request, id = '', verb = '') => success(roomBody(switchRecording(vendor, id, verb === 'start')))
    },
    {
      method: 'GET',
      path: /^\/v2\/uploads$/,
      answer: ({ query }) => success(pageOf(vendor, 'uploads', 'offset', query, vendor.uploads
        .filter(({ roomId }) => vendor.switches.listed.ignoresFilter || roomId === query.get('room_id'))
        .map(uploadBody)))
    },
    {
      method: 'DELETE',
      path: /^\/v2\/uploads\/([^/]+)$/,
      answer: (_request, key = '') => success(uploadBody(removeUpload(vendor, key)))
    },
    {
      method: 'POST',
      path: /^\/v2\/company\/virtual-background$/,
      answer: (request) => {
        const { alias, createdAt } = makeBackground(vendor, request)
        return success({ alias, url: backgroundUrl, creation_date: createdAt.toISOString() })
      }
    },
    {
      method: 'PUT',
      path: /^\/v2\/company$/,
      answer: ({ json }) => {
        const { alias, createdAt } = chooseBackground(vendor, json['background_alias'])
        return success({ name: 'Clinic', default_background: { alias, url: backgroundUrl, creation_date: createdAt.toISOString() } })
      }
    },
    {
      method: 'POST',
      path: /^\/v2\/sdk\/credentials$/,
      answer: ({ json }) => success(makeCredentials(vendor, json))
    },
    {
      method: 'GET',
      path: /^\/v2\/sessions\/([^/]+)$/,
      answer: (_request, id = '') => success({ id, room_id: sessionOf(id).roomId, duration: 612 })
    },
    {
      method: 'GET',
      path: /^\/v2\/sessions\/([^/]+)\/transcription$/,
      answer: (_request, id = '') => {
        const text = sessionOf(id).transcription
        if (text === '') throw new Refusal(404, 'transcription_not_found')
        if (transcriptionAs.kind === 'nothing') return { status: 204 }
        if (transcriptionAs.kind === 'address') return success({ url: transcriptionAs.address })
        if (transcriptionAs.kind === 'json') return success({ segments: [{ text }] })
        return { status: 200, text, contentType: 'text/vtt; charset=utf-8' }
      }
    }
  ]
}
