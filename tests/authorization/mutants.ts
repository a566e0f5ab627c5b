import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

/** A fault written into a copy of the rule, which the sequences must notice. */
export interface Mutant {
  name: string
  file: 'lib/domain/authorization.ts' | 'lib/domain/session.ts'
  from: string
  to: string
}

const AUTHORIZATION = 'lib/domain/authorization.ts'
const SESSION = 'lib/domain/session.ts'

export const MUTANTS: readonly Mutant[] = [
  { name: 'an owner who left the organisation stays in charge', file: AUTHORIZATION, from: 'roles !== undefined && (roles.has(\'ADMIN\') || sessionOf(document).owner === actor.id)', to: 'roles?.has(\'ADMIN\') === true || sessionOf(document).owner === actor.id' },
  { name: 'any member is in charge', file: AUTHORIZATION, from: '(roles.has(\'ADMIN\') || sessionOf(document).owner === actor.id)', to: 'roles.has(\'STANDARD\')' },
  { name: 'administrators are in charge everywhere', file: AUTHORIZATION, from: 'const roles = actor.organisations.get(organisation)\n      return', to: 'const roles = [...actor.organisations.values()].find((his) => his.has(\'ADMIN\')) ?? actor.organisations.get(organisation)\n      return' },
  { name: 'the owner’s link is the owner', file: AUTHORIZATION, from: 'case \'link\': return false', to: 'case \'link\': return sessionOf(document).owner === actor.id' },
  { name: 'a link opens the other sessions of its person', file: AUTHORIZATION, from: '(actor.kind === \'link\' && actor.room !== document.id)', to: 'false' },
  { name: 'who was removed still has his seat', file: AUTHORIZATION, from: ': seatOf(document, actor.id)', to: ': document.content.participants.find(({ userExternalId }) => userExternalId === actor.id)' },
  { name: 'the permissions of one are another’s', file: AUTHORIZATION, from: 'permissionsOf(sessionOf(document), seat,', to: 'permissionsOf(sessionOf(document), { userExternalId: sessionOf(document).standings?.[0]?.externalId ?? seat.userExternalId },' },
  { name: 'one permission is as good as another', file: AUTHORIZATION, from: 'end: \'canEndSession\'', to: 'end: \'canEditSession\'' },
  { name: 'participants rule over permissions', file: AUTHORIZATION, from: 'action === \'open\' ||', to: 'action === \'open\' || action === \'rule\' ||' },
  { name: 'anybody inside removes anybody', file: AUTHORIZATION, from: ' && about === actor.id', to: '' },
  { name: 'outsiders learn that it is there', file: AUTHORIZATION, from: 'if (seat === undefined) return \'hidden\'', to: 'if (seat === undefined) return \'forbidden\'' },
  { name: 'guests have the organisation’s defaults', file: SESSION, from: 'isGuest ? undefined : defaults', to: 'defaults' },
  { name: 'what was taken comes back by default', file: SESSION, from: 'standing?.permissions?.[name] ?? (usual', to: 'standing?.permissions?.[name] === true || (usual' },
  { name: 'void links open', file: SESSION, from: '(standingOf(session, externalId)?.link ?? 0) === number', to: '(standingOf(session, externalId)?.link ?? 0) >= number' },
  { name: 'a way in that was taken by a new list is given back by the next', file: SESSION, from: '...withNextLink(standing), revocations', to: '...standing, revocations' }
]

type Sequences = typeof import('./sequences.ts')

/** The same sequences over a copy of the service with the fault in it; the folder has to be a fresh one. */
export async function mutated ({ file, from, to, name }: Mutant, folder: string): Promise<Sequences> {
  const text = readFileSync(file, 'utf8')
  if (text.split(from).length !== 2) throw new Error(`${file} holds no place, or several, for the fault "${name}"`)
  for (const part of ['lib', 'schemas', 'tests/authorization', 'tests/support', 'tests/simulation/random.ts', 'package.json']) cpSync(part, `${folder}/${part}`, { recursive: true })
  symlinkSync(`${process.cwd()}/node_modules`, `${folder}/node_modules`)
  writeFileSync(`${folder}/${file}`, text.replace(from, to))
  return await import(pathToFileURL(`${folder}/tests/authorization/sequences.ts`).href) as Sequences
}
