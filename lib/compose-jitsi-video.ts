import type { Video, VideoOptions } from './compose-video.ts'
import { jitsiProvider } from './providers/jitsi/provider.ts'
import { roomNames } from './providers/jitsi/room-names.ts'

/** Rooms at a Jitsi server, and what it asks us. */
export function openJitsiVideo ({ configuration: { video }, clock, log, onEvent }: VideoOptions, userIdSecret: string): Video {
  const { reservationSecret, reservationLobby, ...server } = video.jitsi
  // First of all, because it finds what is wrong with the settings.
  const provider = jitsiProvider({ ...server, reservations: reservationSecret !== undefined, timeoutMs: video.timeoutMs, userIdSecret, clock, onEvent })
  if (server.appId?.startsWith('vpaas-') !== true && (reservationSecret === undefined || server.endMeeting.url === undefined)) {
    log.warn('Jitsi lets people into a deleted or ended room as long as their token is valid: only JITSI_RESERVATION_SECRET and JITSI_END_MEETING_URL together prevent that')
  }
  return {
    provider,
    reservations: reservationSecret === undefined
      ? undefined
      : { names: roomNames(userIdSecret), tenant: server.tenant?.toLowerCase(), secret: reservationSecret, lobby: reservationLobby }
  }
}
