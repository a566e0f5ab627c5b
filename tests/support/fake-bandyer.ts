import type { Teardown } from './service.ts'
import {
  chooseBackground, linkOf, linkSeat, listedRooms, makeBackground, makeCredentials, makeRoom, makeUser, pageOf, Refusal, removeRoom, removeUpload, removeUser,
  revokeLink, roomStatus, roomToRead, startFakeVendor, type FakeVendor, type Route, type VendorRoom
} from './fake-vendor.ts'

/** Bandyer's REST API, first generation, as its reference tells it: everything wrapped, `skip` and `limit`, 400 for what is unknown. */
export async function startFakeBandyer (t: Teardown): Promise<FakeVendor & { baseUrl: string }> {
  const vendor = await startFakeVendor(t, '/rest', routesOf)
  return Object.assign(vendor, { baseUrl: `${vendor.origin}/rest` })
}

const backgroundUrl = 'https://images.vendor.example/background.jpeg'

function routesOf (vendor: FakeVendor): Route[] {
  const success = (body: object) => ({ status: vendor.switches.successStatus, body })
  const urlsOf = (room: VendorRoom) => room.deleted
    ? []
    : room.seats.map(({ userId, isAdmin, tools, token }) => ({
      user: userId, ...(vendor.switches.linkKey === '' ? {} : { [vendor.switches.linkKey]: linkOf(vendor, room, token) }), tools, is_admin: isAdmin
    }))

  return [
    {
      method: 'POST',
      path: /^\/user\/create$/,
      answer: ({ json }) => {
        const { id, role } = makeUser(vendor, json)
        return success({ user: { id, role, can_video: true, language: 'en', creation_date: vendor.time.now.toISOString() }, id })
      }
    },
    {
      method: 'GET',
      path: /^\/user\/list\/([^/]+)$/,
      answer: (_request, id = '') => {
        const user = vendor.users.get(id)
        if (user === undefined) throw new Refusal(400, 'invalid_user_id')
        return success({ user: { ...user, can_video: true, language: 'en' } })
      }
    },
    {
      method: 'DELETE',
      path: /^\/user\/delete\/([^/]+)$/,
      answer: (_request, id = '') => {
        removeUser(vendor, id)
        return success({ id, message: 'User deleted' })
      }
    },
    {
      method: 'POST',
      path: /^\/room\/create$/,
      answer: ({ json }) => {
        const room = makeRoom(vendor, json, json['recording'] === true ? String(json['recording_type'] ?? 'automatic') : 'none')
        return success({
          room: {
            room_id: room.id,
            record: room.recording === 'none' ? 0 : 1,
            duration: room.duration,
            directCall: room.directCall,
            call_type: 'audio_video',
            live: room.live,
            description: room.description,
            user_urls: vendor.switches.linksWithCreate ? urlsOf(room) : []
          }
        })
      }
    },
    {
      method: 'GET',
      path: /^\/room\/list$/,
      answer: ({ query }) => success(pageOf(vendor, 'rooms', 'skip', query, listedRooms(vendor).map((room) => ({
        room_id: room.id,
        record: room.recording !== 'none',
        call_type: 'audio_video',
        live: room.live,
        description: room.description,
        status: roomStatus(room),
        creationDate: room.createdAt.toISOString()
      }))))
    },
    {
      method: 'GET',
      path: /^\/room\/info\/([^/]+)$/,
      answer: (_request, id = '') => {
        const room = roomToRead(vendor, id)
        return success({
          room: {
            room_id: room.id,
            record: room.recording === 'none' ? 0 : 1,
            ...(room.recording === 'none' ? {} : { recording_type: room.recording }),
            duration: room.duration,
            durationUsed: 0,
            call_type: 'audio_video',
            live: room.live,
            description: room.description,
            status: roomStatus(room),
            user_urls: urlsOf(room),
            dialInfo: { sessions: { number: 0, hours: 0, minutes: 0, seconds: 0, users: 0, details: [] } }
          }
        })
      }
    },
    {
      method: 'DELETE',
      path: /^\/room\/delete\/([^/]+)$/,
      answer: (_request, id = '') => {
        removeRoom(vendor, id)
        return success({ room: { room_id: id, message: `Room ${id} and all user links associated deleted` } })
      }
    },
    {
      method: 'DELETE',
      path: /^\/token\/delete\/([^/]+)$/,
      answer: (_request, token = '') => {
        revokeLink(vendor, token)
        return success({ token, message: 'Token deleted' })
      }
    },
    {
      method: 'GET',
      path: /^\/token\/check\/([^/]+)$/,
      answer: (_request, token = '') => {
        const seat = linkSeat(vendor, token)
        if (seat === undefined && vendor.switches.missing !== 'closed') throw new Refusal(vendor.switches.missing, 'token_not_found')
        return success({ token, code: seat === undefined || seat.revoked === true ? 'NOT_ACTIVE_TOKEN' : 'ACTIVE_TOKEN', message: '' })
      }
    },
    {
      method: 'GET',
      path: /^\/room\/([^/]+)\/upload\/list$/,
      answer: ({ query }, id = '') => success(pageOf(vendor, 'uploads', 'skip', query, vendor.uploads
        .filter(({ roomId }) => roomId === id)
        .map(({ key, roomId, userId }, index) => ({
          [index % 2 === 0 ? 'key' : 'url']: key, upload_type: 'file_upload', creation_date: vendor.time.now.toISOString(), user_id: userId, session_id: 'session_1', room_id: roomId
        }))))
    },
    {
      method: 'DELETE',
      path: /^\/upload\/resource$/,
      answer: ({ json }) => success({ upload_key: removeUpload(vendor, String(json['upload_key'])).key, upload_type: 'file_upload' })
    },
    {
      method: 'POST',
      path: /^\/company\/virtual-background$/,
      answer: (request) => {
        const { alias, createdAt } = makeBackground(vendor, request)
        return success({ virtual_background: { background_alias: alias, url: backgroundUrl, creation_date: createdAt.toISOString() } })
      }
    },
    {
      method: 'POST',
      path: /^\/company\/update$/,
      answer: ({ json }) => {
        const { alias, createdAt } = chooseBackground(vendor, json['background_alias'])
        return success({
          company: {
            name: 'Clinic',
            default_language: 'it',
            default_background: { alias, url: backgroundUrl, creation_date: createdAt.toISOString() },
            end_call_redirect_url: null,
            user_details_provider_url: null,
            end_call_redirect_timeout_ms: 5000
          }
        })
      }
    },
    {
      method: 'POST',
      path: /^\/sdk\/credentials$/,
      answer: ({ json }) => success(makeCredentials(vendor, json))
    }
  ]
}
