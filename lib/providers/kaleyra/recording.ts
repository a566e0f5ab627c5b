import { CapabilityLimit } from '../../errors.ts'
import { detailsOf, statusOf } from '../kaleyra-common/answers.ts'
import type { VendorAnswer, VendorCalls } from '../kaleyra-common/calls.ts'
import { segment } from '../kaleyra-common/dialect.ts'
import type { RoomReader } from '../kaleyra-common/room-reader.ts'
import type { RoomState, VideoProvider } from '../provider.ts'
import { refused } from '../vendor.ts'

/**
 * Recording by the vendor's operations "Start room recording" and "Stop room recording", whose answers are documented nowhere.
 * A success is believed. A refusal is understood by the room, read anew, and by a code that says that it is so already; what
 * cannot be understood is PROVIDER_BAD_ANSWER: nobody shall believe that a call is recorded, or that it is not, who does not know.
 */
export function recordingOnRequest (calls: VendorCalls, readRoomIfThere: RoomReader): Pick<VideoProvider, 'startRecording' | 'stopRecording'> {
  const ask = async (what: string, { providerRoomId }: RoomState, signal: AbortSignal): Promise<VendorAnswer | undefined> => {
    if (providerRoomId === '') return undefined
    const path = `/v2/rooms/${segment(providerRoomId)}/${what.replace(' ', '-')}`
    return await calls.call({ what, method: 'POST', path, body: {}, expect: [400, 404, 409, 422] }, signal)
  }
  /** What the room says of itself; `runs` from two people on, undefined where it does not tell. */
  const stateOf = async ({ providerRoomId }: RoomState, signal: AbortSignal) => {
    const room = await readRoomIfThere(providerRoomId, signal)
    if (room === 'missing') return { runs: false, records: false }
    const told = room.status !== undefined && room.status !== null
    return { runs: told ? statusOf(room) === 'RUNNING' : undefined, records: detailsOf(room).recording !== 'none' }
  }

  return {
    async startRecording (room, signal) {
      const answer = await ask('start recording', room, signal)
      if (answer !== undefined && answer.status < 400) return
      const { runs, records } = await stateOf(room, signal)
      if (answer === undefined || runs === false) throw new CapabilityLimit('a recording while no call runs')
      if (!records) throw new CapabilityLimit('a recording of a call whose room was made without')
      if (!says(answer, /already/)) throw refused('start recording', answer)
    },

    async stopRecording (room, signal) {
      const answer = await ask('stop recording', room, signal)
      if (answer === undefined || answer.status < 400) return
      const { runs, records } = await stateOf(room, signal)
      if (runs === false || !records || says(answer, /already|not_(started|running|recording|active|in_progress)/)) return
      throw refused('stop recording', answer)
    }
  }
}

const says = ({ code = '' }: VendorAnswer, words: RegExp) => words.test(code)
