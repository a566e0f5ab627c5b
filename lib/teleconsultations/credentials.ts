import { CapabilityUnsupported, ProviderBadAnswer } from '../errors.ts'
import type { KnownPerson } from '../domain/participants.ts'
import type { Credentials } from '../providers/provider.ts'
import { identified } from './accounts.ts'
import { whereIs } from './places.ts'
import { callProvider, storedParticipants, type Context, type Ports } from './ports.ts'

/**
 * Credentials for the provider's own SDK. Somebody whom the provider does not know yet is registered and remembered.
 *
 * @throws CAPABILITY_UNSUPPORTED, CAPABILITY_LIMIT for a life that the provider does not give, STORAGE_*, PROVIDER_*
 */
export async function giveCredentials (anywhere: Ports, person: () => Promise<KnownPerson>, ttlSeconds: number, context: Context): Promise<Credentials> {
  const ports = whereIs(anywhere, 'sdkCredentials')
  if (ports === undefined) throw new CapabilityUnsupported('credentials for an SDK')
  const [account] = await identified(ports, storedParticipants(ports, [await person()]), context)
  if (account === undefined) throw new ProviderBadAnswer()
  return await callProvider(ports, async (provider, signal) => await provider.credentials(account.userBandyerId, ttlSeconds, signal), context)
}
