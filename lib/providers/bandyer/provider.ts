import type { VideoProvider } from '../provider.ts'
import type { HttpEventListener } from '../../http/client.ts'
import { vendorCalls } from '../kaleyra-common/calls.ts'
import { CAPABILITIES, segment, type Dialect } from '../kaleyra-common/dialect.ts'
import { vendorProvider } from '../kaleyra-common/provider.ts'
import { roomReader } from '../kaleyra-common/room-reader.ts'
import { linkRemoval } from './link-removal.ts'
import type { Pause } from '../vendor.ts'

export interface BandyerProviderOptions {
  /** With the path, e.g. `https://api.sandbox.eu.bandyer.com/rest`; http only for stand-ins, whose links may be http too. */
  baseUrl: string
  apiKey: string
  /** Milliseconds for one request to the vendor. */
  timeoutMs: number
  /** Keys the ids of people at the vendor; it has to be the same in every replica and for ever. */
  userIdSecret: string
  /** Waits before a busy vendor is asked again. Default: the process's timers. */
  pause?: Pause | undefined
  onEvent?: HttpEventListener | undefined
}

const DIALECT: Dialect = {
  name: 'bandyer',
  capabilities: CAPABILITIES,
  offsetName: 'skip',
  // The company can be read on the newer hosts only; listing users is not paged.
  check: { method: 'GET', path: '/room/list?limit=1' },
  createUser: { method: 'POST', path: '/user/create' },
  getUser: (id) => ({ method: 'GET', path: `/user/list/${segment(id)}` }),
  deleteUser: (id) => ({ method: 'DELETE', path: `/user/delete/${segment(id)}` }),
  createRoom: { method: 'POST', path: '/room/create' },
  roomExtras: ({ recording }) => ({
    // Without the vendor's landing page: the frontend has its own.
    directCall: true,
    recording: recording !== 'none',
    ...(recording === 'none' ? {} : { recording_type: recording })
  }),
  getRoom: (id) => ({ method: 'GET', path: `/room/info/${segment(id)}` }),
  deleteRoom: (id) => ({ method: 'DELETE', path: `/room/delete/${segment(id)}` }),
  listRoomsPath: '/room/list',
  listUploadsPath: (roomId) => `/room/${segment(roomId)}/upload/list`,
  uploadsByPath: true,
  // The key has slashes and goes into the body.
  deleteUpload: (key) => ({ method: 'DELETE', path: '/upload/resource', body: { upload_key: key } }),
  uploadBackground: { method: 'POST', path: '/company/virtual-background' },
  updateCompany: { method: 'POST', path: '/company/update' },
  credentials: { method: 'POST', path: '/sdk/credentials' }
}

/** Bandyer's REST API, first generation (docs.bandyer.com/Bandyer-RESTAPI, 2021). */
export function bandyerProvider ({ baseUrl, apiKey, timeoutMs, userIdSecret, pause, onEvent }: BandyerProviderOptions): VideoProvider {
  const calls = vendorCalls({ baseUrl: baseUrl.replace(/\/+$/, ''), apiKey, timeoutMs, pause, onEvent })
  const secureLinks = !baseUrl.startsWith('http://')
  return {
    ...vendorProvider(calls, DIALECT, { secureLinks, userIdSecret }),
    removeParticipant: linkRemoval(calls, roomReader(calls, DIALECT), secureLinks)
  }
}
