import type { Video, VideoOptions } from './compose-video.ts'
import { systemSchedule } from './providers/embedded/schedule.ts'
import { addressesOf, browserSources } from './providers/livekit/addresses.ts'
import { livekitProvider } from './providers/livekit/provider.ts'

/** Rooms at LiveKit, the page that opens them, and the job that ends them. */
export function openLivekitVideo ({ configuration: { video }, publicUrl, clock, log, onEvent }: VideoOptions, userIdSecret: string): Video {
  const { endCallsEveryMs, ...account } = video.livekit
  return {
    provider: livekitProvider({
      ...account,
      timeoutMs: video.timeoutMs,
      userIdSecret,
      publicUrl,
      clock,
      onEvent,
      ending: { schedule: systemSchedule, everyMs: endCallsEveryMs, log }
    }),
    livekitSources: browserSources(addressesOf(account.url, account.browserUrl).signalling)
  }
}
