import type { Privilege } from '../../schemas/tools.ts'
import type { StoredParticipant, Teleconsultation } from '../domain/teleconsultation.ts'
import { atHome } from './places.ts'
import { callProvider, privilegeOfStored, unhurried, type Context, type Ports } from './ports.ts'

/** The people's ids at the provider, as far as they are known without registering anybody. */
export type KnownAccounts = ReadonlyMap<string, string>

const nobody: KnownAccounts = new Map()

/** The map's answer, begun early so that it comes beside another request's; a failure shows where it is awaited. */
export const lookUpIfRegistering = (ports: Ports, participants: readonly StoredParticipant[], context: Context): Promise<KnownAccounts> | undefined =>
  ports.provider.capabilities.registersPeople ? lookUp(ports, participants, context) : undefined

function lookUp (ports: Ports, participants: readonly StoredParticipant[], context: Context): Promise<KnownAccounts> {
  const answer = ports.userMap.find(participants.flatMap(unidentified), context)
  answer.catch(() => {})
  return answer
}

/** Whether everybody has an id at the provider. */
export const areIdentified = (participants: readonly StoredParticipant[]) => participants.every(({ userBandyerId }) => userBandyerId !== '')

const unidentified = ({ userBandyerId, userExternalId }: StoredParticipant) =>
  userBandyerId === '' && userExternalId !== undefined ? [userExternalId] : []

/**
 * Gives every participant his id at the provider. Somebody whom the map knows is never registered again; somebody new
 * is registered and remembered, and where the provider takes ids these are deterministic, so that two first uses at once
 * are one person. Where the provider registers nobody this is computation.
 *
 * @throws PROVIDER_*, STORAGE_*
 */
export async function identified (ports: Ports, participants: readonly StoredParticipant[], context: Context, known?: Promise<KnownAccounts>): Promise<StoredParticipant[]> {
  if (areIdentified(participants)) return [...participants]
  const accounts = ports.provider.capabilities.registersPeople ? await (known ?? lookUp(ports, participants, context)) : nobody
  return await Promise.all(participants.map(async (participant) => {
    const { userBandyerId, userExternalId } = participant
    if (userBandyerId !== '' || userExternalId === undefined) return participant
    const privilege = privilegeOfStored(ports, participant) ?? 'basic'
    const account = accounts.get(userExternalId)
    if (account !== undefined && !isOfOtherPrivilege(ports, account, userExternalId, privilege)) return { ...participant, userBandyerId: account }
    const { providerUserId } = await callProvider(ports, async (provider, signal) => await provider.ensureUser({
      externalId: userExternalId,
      privilege,
      fullName: participant.fullName,
      language: participant.language
    }, signal), context)
    if (ports.provider.capabilities.registersPeople && account === undefined) {
      ports.inBackground('remember a registered person', () => ports.userMap.remember(userExternalId, providerUserId, unhurried(context)), context.log)
    }
    return { ...participant, userBandyerId: providerUserId }
  }))
}

/**
 * A provider may give a person one account for each privilege, and the map has room for one: which of them it is can be told
 * of those that we registered. Others, of the original's time, are taken as they are.
 */
function isOfOtherPrivilege ({ provider }: Ports, account: string, externalId: string, privilege: Privilege): boolean {
  return account !== provider.accountOf({ externalId, privilege }) &&
    account === provider.accountOf({ externalId, privilege: privilege === 'plus' ? 'basic' : 'plus' })
}

/**
 * Registers who is not registered yet, and writes the ids down.
 *
 * @returns the document as it is then; where somebody else's write came first, as it was given: whoever makes the room sees
 *   to what is missing
 */
export async function storeIdentities (ports: Ports, document: Teleconsultation, context: Context): Promise<Teleconsultation> {
  const { content, control } = document
  if (content.participants.every(({ userBandyerId }) => userBandyerId !== '')) return document
  const participants = await identified(ports, content.participants, context)
  const written = await ports.store.replaceIfUnchanged(document, { content: { ...content, participants }, control }, context)
  return written === 'changed' ? document : written
}

/**
 * People are registered as soon as they are known, though nobody waits for it: a document without a room has no use for their
 * ids yet.
 */
export function identifyInBackground (anywhere: Ports, document: Teleconsultation, context: Context): void {
  const ports = atHome(anywhere, document.control, document.content)
  if (document.content.participants.every(({ userBandyerId }) => userBandyerId !== '')) return
  ports.inBackground('register people', async () => { await storeIdentities(ports, document, unhurried(context)) }, context.log)
}
