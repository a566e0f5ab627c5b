import type { Configuration } from './config/configuration.ts'
import type { HttpEventListener } from './http/client.ts'
import type { BearerTokens } from './identity/bearer-tokens.ts'

/** The issuer whose bearer tokens are taken. Loaded only where there is one. */
export async function openTokens (tokens: NonNullable<Configuration['identity']['tokens']>, { clock, onEvent }: { clock: () => Date, onEvent?: HttpEventListener | undefined }): Promise<BearerTokens> {
  const { bearerTokens } = await import('./identity/bearer-tokens.ts')
  const { jwksUrl, jwksCacheMs, ...rest } = tokens
  return bearerTokens({ ...rest, jwks: jwksUrl === undefined ? undefined : { url: jwksUrl, cacheMs: jwksCacheMs }, clock, onEvent })
}
