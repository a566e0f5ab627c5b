import type { Configuration } from './config/configuration.ts'
import { httpClient, type HttpClient, type HttpEventListener } from './http/client.ts'
import { authServiceDirectory } from './identity/auth-service.ts'
import { peopleOfAuthService } from './identity/auth-service-people.ts'
import { customIds } from './identity/custom-ids.ts'
import { peopleOfBody } from './identity/people.ts'
import type { People } from './routes/services.ts'

export interface OpenPeople {
  people: People
  /** Whether an auth service knows groups and names. */
  knowsPeople: boolean
  close (): Promise<void>
}

/** Who tells groups and names of participants: the auth service where there is one, else the request. */
export function openPeople ({ identity, headers, privileges }: Pick<Configuration, 'identity' | 'headers' | 'privileges'>, { clock, onEvent }: { clock: () => Date, onEvent?: HttpEventListener | undefined }): OpenPeople {
  const { authService } = identity
  if (authService === undefined) return { people: peopleOfBody(privileges), knowsPeople: false, close: async () => {} }
  const { timeoutMs, defaultClientType, customIds: custom } = authService
  const clients: HttpClient[] = []
  const client = (name: string, baseUrl: string) => {
    const opened = httpClient({ baseUrl, timeoutMs, name, now: () => clock().getTime(), onEvent })
    clients.push(opened)
    return opened
  }
  return {
    people: peopleOfAuthService({
      directory: authServiceDirectory({ http: client('auth-service', authService.url), defaultClientType, clientTypeHeader: headers.clientType }),
      customIds: custom === undefined ? undefined : customIds({ http: client('custom-ids', custom.origin), path: custom.path, source: custom.source, target: custom.target }),
      privileges
    }),
    knowsPeople: true,
    close: async () => { await Promise.all(clients.map((opened) => opened.close())) }
  }
}
