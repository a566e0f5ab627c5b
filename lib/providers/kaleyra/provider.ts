import type { VideoProvider } from '../provider.ts'
import type { HttpEventListener } from '../../http/client.ts'
import { vendorCalls } from '../kaleyra-common/calls.ts'
import { CAPABILITIES, segment, type Dialect } from '../kaleyra-common/dialect.ts'
import { vendorProvider } from '../kaleyra-common/provider.ts'
import { roomReader } from '../kaleyra-common/room-reader.ts'
import { participantRemoval } from './participant-removal.ts'
import { recordingOnRequest } from './recording.ts'
import { transcriptions } from './transcription.ts'
import type { Pause } from '../vendor.ts'

export interface KaleyraProviderOptions {
  /** Without `/v2`, e.g. `https://api.sandbox.eu.bandyer.com`; http only for stand-ins, whose links may be http too. */
  baseUrl: string
  apiKey: string
  /** Milliseconds for one request to the vendor. */
  timeoutMs: number
  /** Keys the ids of people at the vendor; it has to be the same in every replica and for ever. */
  userIdSecret: string
  /**
   * Whether what is said in recorded rooms is written down. The vendor enables it by company and wants it said when the
   * room is made. Default: false.
   */
  transcribe?: boolean | undefined
  /** Waits before a busy vendor is asked again. Default: the process's timers. */
  pause?: Pause | undefined
  onEvent?: HttpEventListener | undefined
}

const dialectWith = (transcribe: boolean): Dialect => ({
  name: 'kaleyra',
  capabilities: { ...CAPABILITIES, transcription: true, recordsOnRequest: true },
  offsetName: 'offset',
  check: { method: 'GET', path: '/v2/company' },
  createUser: { method: 'POST', path: '/v2/users' },
  getUser: (id) => ({ method: 'GET', path: `/v2/users/${segment(id)}` }),
  deleteUser: (id) => ({ method: 'DELETE', path: `/v2/users/${segment(id)}` }),
  createRoom: { method: 'POST', path: '/v2/rooms' },
  roomExtras: ({ recording }) => ({
    recording,
    ...(transcribe && recording !== 'none' ? { offline_transcription: true } : {})
  }),
  getRoom: (id) => ({ method: 'GET', path: `/v2/rooms/${segment(id)}` }),
  deleteRoom: (id) => ({ method: 'DELETE', path: `/v2/rooms/${segment(id)}` }),
  listRoomsPath: '/v2/rooms',
  listUploadsPath: (roomId) => `/v2/uploads?room_id=${encodeURIComponent(roomId)}`,
  uploadsByPath: false,
  // The key has slashes.
  deleteUpload: (key) => ({ method: 'DELETE', path: `/v2/uploads/${segment(key)}` }),
  uploadBackground: { method: 'POST', path: '/v2/company/virtual-background' },
  updateCompany: { method: 'PUT', path: '/v2/company' },
  credentials: { method: 'POST', path: '/v2/sdk/credentials' }
})

/** Kaleyra's Video API, second generation (developers.kaleyra.io, 2024). */
export function kaleyraProvider ({ baseUrl, apiKey, timeoutMs, userIdSecret, transcribe = false, pause, onEvent }: KaleyraProviderOptions): VideoProvider {
  const secureLinks = !baseUrl.startsWith('http://')
  const calls = vendorCalls({ baseUrl: baseUrl.replace(/(\/v2)?\/*$/, ''), apiKey, timeoutMs, pause, onEvent })
  const dialect = dialectWith(transcribe)
  const readRoomIfThere = roomReader(calls, dialect)
  return {
    ...vendorProvider(calls, dialect, { secureLinks, userIdSecret }),
    ...recordingOnRequest(calls, readRoomIfThere),
    removeParticipant: participantRemoval(calls, readRoomIfThere),
    transcription: transcriptions(calls, { timeoutMs, secureLinks })
  }
}
