/**
 * A process of its own with a fake of the video vendor. Tells its parent the base URL and, whenever it is sent something,
 * what it keeps. Ends with its parent.
 */
import { startFakeBandyer } from '../support/fake-bandyer.ts'
import { FOREIGN_MARKERS, type VendorState } from './vendor-state.ts'

if (process.send === undefined) throw new Error('to be forked')
const tell = process.send.bind(process)

if (!process.connected) process.exit()
process.once('disconnect', () => { process.exit() })
const vendor = await startFakeBandyer({ teardown: () => {} })
Object.defineProperty(vendor.time, 'now', { get: () => new Date() })
for (const description of FOREIGN_MARKERS) vendor.plantRoom({ description })

process.on('message', () => {
  // What was asked for is looked at by nobody, and would be all that grows.
  vendor.requests.length = 0
  const state: VendorState = {
    users: [...vendor.users.keys()],
    rooms: vendor.rooms.map(({ id, description, deleted, duration, createdAt, seats }) => ({
      id,
      marker: description ?? undefined,
      deleted,
      durationSeconds: duration === 0 ? undefined : duration,
      createdAt: createdAt.getTime(),
      seats: seats.map(({ userId, token }) => ({ userId, token }))
    }))
  }
  tell(state)
})
tell(vendor.baseUrl)
