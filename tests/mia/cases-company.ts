import type { FakeVendor } from '../support/fake-vendor.ts'
import { error, INSIDE, notFound, ROOM, unauthorized, wordsOf } from './people.ts'
import type { Case, Setting, Step } from './replay.ts'

const NOBODYS = '6214f0a1b2c3d4e5f6a7b8c9'
const BACKGROUND = { url: 'https://images.vendor.example/background.jpeg', creation_date: '2022-02-22T15:00:00.000Z' }
const FORM = {
  headers: { 'content-type': 'multipart/form-data; boundary=frontier' },
  body: ['--frontier', 'content-disposition: form-data; name="virtual_background"; filename="clinic.jpeg"', 'content-type: image/jpeg', '', 'jpeg', '--frontier--', ''].join('\r\n')
}

/** What came after 1.3: uploads, credentials, the company's settings, transcriptions. */
export function companyCases (setting: Setting): Case[] {
  const { booked, id, people } = wordsOf(setting)
  const uploads: Step['send'] = { method: 'DELETE', url: `/api/v1/telecons-be${ROOM}/uploads`, caller: id(1) }
  const on = { TELECONSULTATION_DELETE_UPLOADS: 'true' }
  const upload: Step['send'] = { method: 'POST', url: '/settings/background-image', ...FORM }
  const uploaded = { status: 200, body: { virtual_background: { background_alias: 'background_1', ...BACKGROUND } } }
  const files = (...keys: string[]) => (vendor: FakeVendor) => {
    for (const key of keys) vendor.uploads.push({ key, roomId: vendor.rooms.at(-1)?.id ?? null, userId: 'usr_1' })
  }

  return [
    {
      name: 'DELETE of uploads is a 204 while it is off',
      steps: [booked(1, 2), { at: INSIDE, send: uploads, status: 204, body: '', made: 1 }]
    },
    {
      name: 'DELETE of uploads tells how many there were and how many are deleted',
      variables: on,
      steps: [
        booked(1, 2),
        { at: INSIDE, before: files('a/1.png', 'a/2.png', 'a/3.png'), send: uploads, status: 200, body: { total: 3, deleted: 3 } },
        { send: uploads, status: 200, body: { total: 0, deleted: 0 } }
      ]
    },
    {
      name: 'DELETE of uploads that leaves one is made good by calling again',
      variables: on,
      steps: [
        booked(1, 2),
        {
          at: INSIDE,
          before: (vendor) => {
            files('a/1.png', 'a/2.png')(vendor)
            vendor.fail('refused', { times: 1, on: /^DELETE .*upload/ })
          },
          send: uploads,
          status: 200,
          body: { total: 2, deleted: 1 }
        },
        { send: uploads, status: 200, body: { total: 1, deleted: 1 } }
      ]
    },
    {
      name: 'DELETE of uploads of what is not there is a 404 in the documented sentence',
      variables: on,
      steps: [{ send: { ...uploads, url: `/teleconsultation/${NOBODYS}/uploads` }, ...notFound(NOBODYS) }]
    },
    {
      name: 'POST /settings/background-image, then PATCH /settings/update',
      steps: [
        { send: upload, ...uploaded },
        {
          send: { method: 'PATCH', url: '/settings/update', body: { background_alias: 'background_1' } },
          status: 200,
          body: {
            company: {
              name: 'Clinic',
              default_language: setting.generation === 'bandyer' ? 'it' : null,
              default_background: { alias: 'background_1', ...BACKGROUND },
              end_call_redirect_url: null,
              user_details_provider_url: null,
              end_call_redirect_timeout_ms: setting.generation === 'bandyer' ? 5000 : null
            }
          }
        }
      ]
    },
    {
      name: 'POST /settings/background-image below the frontend’s prefix',
      steps: [{ send: { ...upload, url: '/api/v1/telecons-be/settings/background-image' }, ...uploaded }]
    },
    ...setting.identity === 'auth' ? credentials() : withoutCredentials(),
    ...setting.generation === 'kaleyra' ? transcriptions() : withoutTranscriptions()
  ]

  function credentials (): Case[] {
    const ask = (body: object): Step['send'] => ({ method: 'POST', url: '/credentials', caller: id(2), body })
    const given = (expiresAt: string) => ({ status: 201, body: { accessToken: `token.of.<user ${id(2)}>`, expiresAt, bandyerUserId: `<user ${id(2)}>` } })
    return [
      {
        name: 'POST /credentials registers an unknown user, for an hour by default',
        steps: [{ send: ask({}), ...given('2022-02-22T16:00:00.000Z'), people: people(2) }]
      },
      {
        name: 'POST /credentials with expiresIn, for somebody who is known',
        steps: [booked(1, 2), { send: ask({ expiresIn: 7200 }), ...given('2022-02-22T17:00:00.000Z'), people: people(1, 2) }]
      },
      {
        name: 'POST /credentials of nobody known is a 401 in the documented sentence',
        steps: [{ send: { method: 'POST', url: '/credentials', body: {} }, ...unauthorized, people: {} }]
      }
    ]
  }

  function withoutCredentials (): Case[] {
    return [{
      name: 'POST /credentials needs AUTH_SERVICE',
      steps: [{ send: { method: 'POST', url: '/credentials', caller: id(2), body: {} }, ...error(501, 'Not Implemented', 'CREDENTIALS_NEED_AUTH_SERVICE', 'Credentials are only given where AUTH_SERVICE is configured'), people: {} }]
    }]
  }

  function transcriptions (): Case[] {
    const spoken = (roomId?: string) => (vendor: FakeVendor) => {
      vendor.sessions.set('session_1', { roomId: roomId ?? vendor.rooms.at(-1)?.id ?? '', transcription: 'WEBVTT\n\nGood morning' })
    }
    const read: Step['send'] = { method: 'GET', url: '/transcription/<roomId>/session_1', caller: id(1) }
    const none = error(404, 'Not Found', 'TRANSCRIPTION_NOT_FOUND', 'There is no transcription of this session')
    const recorded = { DEFAULT_RECORDING_TYPE: 'automatic' }
    return [
      {
        name: 'GET /transcription gives the session’s file',
        variables: recorded,
        steps: [booked(1, 2), { at: INSIDE, before: spoken(), send: read, status: 200, body: 'WEBVTT\n\nGood morning' }]
      },
      {
        name: 'GET /transcription of a session that was never held',
        variables: recorded,
        steps: [booked(1, 2), { at: INSIDE, send: read, ...none }]
      },
      {
        name: 'GET /transcription of another room’s session',
        variables: recorded,
        steps: [booked(1, 2), { at: INSIDE, before: spoken('room_of_others'), send: read, ...none }]
      },
      {
        name: 'GET /transcription beyond TRANSCRIPTION_MAX_FILE_SIZE',
        variables: { ...recorded, TRANSCRIPTION_MAX_FILE_SIZE: '8B' },
        steps: [booked(1, 2), { at: INSIDE, before: spoken(), send: read, ...error(413, 'Payload Too Large', 'TRANSCRIPTION_TOO_LARGE', 'The transcription is larger than TRANSCRIPTION_MAX_FILE_SIZE') }]
      },
      {
        name: 'GET /transcription where nothing is recorded',
        steps: [booked(1, 2), { at: INSIDE, send: read, ...error(409, 'Conflict', 'NOT_RECORDED', 'There are no transcriptions: DEFAULT_RECORDING_TYPE is none') }]
      }
    ]
  }

  function withoutTranscriptions (): Case[] {
    return [{
      name: 'GET /transcription where the vendor has none',
      variables: { DEFAULT_RECORDING_TYPE: 'automatic' },
      steps: [booked(1, 2), { at: INSIDE, send: { method: 'GET', url: '/transcription/<roomId>/session_1' }, ...error(501, 'Not Implemented', 'CAPABILITY_UNSUPPORTED', 'The configured video provider does not support transcriptions') }]
    }]
  }
}
