import { Type } from 'typebox'

/** What a participant may do in and to a session. The first six are Proximie's, the others this service's own. */
export const PERMISSION_NAMES = [
  'canEditSession', 'canInviteParticipants', 'canCloseVideoFeed', 'canEndSession', 'canClearAllDrawings', 'canRecordSession',
  'canScreenShare', 'canChat', 'canUploadFiles', 'canAdmit'
] as const

export const PermissionName = Type.Enum([...PERMISSION_NAMES])
export type PermissionName = (typeof PERMISSION_NAMES)[number]

/** What the caller is in an organisation. Everybody is SELF. */
export const ROLE_NAMES = ['SELF', 'STANDARD', 'ADMIN'] as const
export const RoleName = Type.Enum([...ROLE_NAMES])
export type RoleName = (typeof ROLE_NAMES)[number]
