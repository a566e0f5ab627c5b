import { accessCases } from './cases-access.ts'
import { callerCases } from './cases-callers.ts'
import { changeCases } from './cases-change.ts'
import { companyCases } from './cases-company.ts'
import { createCases } from './cases-create.ts'
import type { Case, Setting } from './replay.ts'

/** The original's two generations, with and without its auth service, on its own collections and on those with this service's fields. */
export const SETTINGS: readonly Setting[] = (['bandyer', 'kaleyra'] as const).flatMap((generation) =>
  (['auth', 'body'] as const).flatMap((identity) => [false, true].map((declared) => ({ generation, identity, declared }))))

export const casesOf = (setting: Setting): Case[] =>
  [createCases, changeCases, accessCases, companyCases, callerCases].flatMap((cases) => cases(setting))

export const titleOf = ({ generation, identity, declared }: Setting) =>
  `${generation === 'bandyer' ? '1.x' : '2.x'} ${identity === 'auth' ? 'with' : 'without'} AUTH_SERVICE, ${declared ? 'extended' : 'official'} collections`
