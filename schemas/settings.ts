import { Type, type Static } from 'typebox'

/** The drop-in contract's shapes around uploads, credentials and the company. Field names are the original's. */

export const UploadsDeleted = Type.Object({
  total: Type.Integer({ description: 'Files that were there' }),
  deleted: Type.Integer({ description: 'Files that were deleted; calling again tries the others again' })
}, { $id: 'UploadsDeleted' })
export type UploadsDeleted = Static<typeof UploadsDeleted>

export const CredentialsWish = Type.Object({
  expiresIn: Type.Integer({ minimum: 1, maximum: 31_536_000, default: 3600, description: 'Seconds' })
}, { $id: 'CredentialsWish', additionalProperties: false })
export type CredentialsWish = Static<typeof CredentialsWish>

export const GivenCredentials = Type.Object({
  accessToken: Type.String({ description: 'A secret' }),
  expiresAt: Type.String({ format: 'date-time' }),
  bandyerUserId: Type.String()
}, { $id: 'GivenCredentials' })
export type GivenCredentials = Static<typeof GivenCredentials>

export const BackgroundImage = Type.Object({
  virtual_background: Type.Object({
    background_alias: Type.String(),
    url: Type.String(),
    creation_date: Type.String({ format: 'date-time' })
  })
}, { $id: 'BackgroundImage' })
export type BackgroundImage = Static<typeof BackgroundImage>

export const CompanyChange = Type.Object({
  background_alias: Type.String({ minLength: 1, maxLength: 256, pattern: '^[^\\p{Cc}\\p{Cs}]+$', description: 'As POST /settings/background-image answered it' })
}, { $id: 'CompanyChange', additionalProperties: false })
export type CompanyChange = Static<typeof CompanyChange>

const Nullable = (schema: ReturnType<typeof Type.String> | ReturnType<typeof Type.Number>) => Type.Union([schema, Type.Null()])

export const CompanySettings = Type.Object({
  company: Type.Object({
    name: Nullable(Type.String()),
    default_language: Nullable(Type.String()),
    default_background: Type.Union([Type.Object({ alias: Type.String(), url: Type.String(), creation_date: Type.String({ format: 'date-time' }) }), Type.Null()]),
    end_call_redirect_url: Nullable(Type.String()),
    user_details_provider_url: Nullable(Type.String()),
    end_call_redirect_timeout_ms: Nullable(Type.Number())
  })
}, { $id: 'CompanySettings' })
export type CompanySettings = Static<typeof CompanySettings>
