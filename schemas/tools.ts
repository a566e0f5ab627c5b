import { Type, type Static } from 'typebox'

/** The tools of a call that a privilege may switch, by their names in the service configuration file. */
export const TOOL_NAMES = [
  'chat', 'screen_sharing', 'file_upload', 'whiteboard', 'snapshot', 'live_edit', 'live_pointer', 'present_to_everyone'
] as const

export const ToolName = Type.Enum([...TOOL_NAMES])
export type ToolName = (typeof TOOL_NAMES)[number]

export const Privilege = Type.Enum(['basic', 'plus'], { description: 'plus users organise and hold a call, basic users take part in it' })
export type Privilege = Static<typeof Privilege>
