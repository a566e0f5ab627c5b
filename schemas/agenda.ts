import { Type, type Static } from 'typebox'

const createdAt = { format: 'date-time' }

export const NewAgendaFeed = Type.Object({
  url: Type.String({ description: 'For calendar programs. A secret that is shown this once: whoever has it reads the agenda, and every personal link in it' }),
  createdAt: Type.String(createdAt)
}, { $id: 'NewAgendaFeed', description: 'The address of somebody’s agenda' })
export type NewAgendaFeed = Static<typeof NewAgendaFeed>

export const AgendaFeed = Type.Object({
  exists: Type.Boolean(),
  createdAt: Type.Union([Type.String(createdAt), Type.Null()], { description: 'Of the address that works now; null where there is none' })
}, { $id: 'AgendaFeed', description: 'Whether somebody’s agenda has an address. Not the address: it is not kept' })
export type AgendaFeed = Static<typeof AgendaFeed>

export const AgendaParams = Type.Object({ token: Type.String({ description: 'The secret part of the address' }) })
