import { Type } from 'typebox'

const Claim = (example: string, description: string) => Type.String({ default: example, minLength: 1, maxLength: 256, description })

/** The variables that say how callers prove who they are. */
export const identityEnvironment = {
  TOKEN_SECRET: Type.Optional(Type.String({ minLength: 32, description: 'Secret shared with the issuer of bearer tokens (HS256); either this or TOKEN_JWKS_URL' })),
  TOKEN_JWKS_URL: Type.Optional(Type.String({ pattern: '^(https://|http://(localhost|127\\.0\\.0\\.1|\\[::1\\])[:/])[^\\s]*$', description: 'Address of the issuer’s JSON Web Key Set; https, unless it is on this machine' })),
  TOKEN_ALGORITHMS: Type.Optional(Type.String({ pattern: '^(HS|RS|PS|ES)(256|384|512)(,(HS|RS|PS|ES)(256|384|512))*$|^EdDSA$', description: 'Algorithms of bearer tokens that are taken, separated by commas. Default: HS256 with TOKEN_SECRET, RS256,ES256 with TOKEN_JWKS_URL' })),
  TOKEN_ISSUER: Type.Optional(Type.String({ minLength: 1, description: 'Bearer tokens must be of this issuer (iss)' })),
  TOKEN_AUDIENCE: Type.Optional(Type.String({ minLength: 1, description: 'Bearer tokens must be for one of these (aud), separated by commas; required with TOKEN_JWKS_URL' })),
  TOKEN_CLOCK_TOLERANCE_SEC: Type.Integer({ default: 5, minimum: 0, maximum: 300, description: 'Seconds by which the issuer’s clock may differ' }),
  TOKEN_JWKS_CACHE_SEC: Type.Integer({ default: 600, minimum: 30, maximum: 86_400, description: 'Seconds after which the issuer’s keys are read again; an unknown key has them read at once' }),
  TOKEN_USER_ID_CLAIM: Claim('sub', 'Claim with the caller’s id: a name, or names with dots between that lead into objects'),
  TOKEN_GROUPS_CLAIM: Claim('groups', 'Claim with the caller’s groups'),
  TOKEN_ORGANISATION_CLAIM: Claim('organisation', 'Claim with the caller’s organisation: a text, several, or an object with the roles in each'),
  TOKEN_ROLES_CLAIM: Claim('roles', 'Claim with the caller’s roles: STANDARD, ADMIN'),
  IDENTITY_HEADERS: Type.Boolean({ default: false, description: 'Where AUTHORIZATION is sessions: a gateway in front has authenticated everybody, and USERID_HEADER_KEY, ORGANISATION_HEADER_KEY and ROLES_HEADER_KEY say who is calling' }),
  ORGANISATION_HEADER_KEY: Type.String({ default: 'x-organisation', pattern: '^[A-Za-z0-9_-]+$', description: 'Header with the caller’s organisation, where IDENTITY_HEADERS is true' }),
  ROLES_HEADER_KEY: Type.String({ default: 'x-roles', pattern: '^[A-Za-z0-9_-]+$', description: 'Header with the caller’s roles in it, separated by commas' }),
  DEFAULT_ORGANISATION: Type.String({ default: 'default', pattern: '^[^\\p{Cc}\\p{Cs}]{1,256}$', description: 'Organisation of the clinic, and of sessions that name none' })
}
