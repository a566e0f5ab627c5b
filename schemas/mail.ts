import { Type, type Static } from 'typebox'

export const BouncesNoted = Type.Object({
  noted: Type.Integer({ description: 'Failures that stand on a participant now; those that were handed in before count as well' }),
  ignored: Type.Integer({ description: 'Failures of messages that are none of ours, or went to an address that the person has no more' })
}, { $id: 'BouncesNoted', description: 'Both 0: the message reports no failure' })
export type BouncesNoted = Static<typeof BouncesNoted>
