import type { Session, Standing } from '../../lib/domain/session.ts'
import { hasUntold } from '../../lib/domain/teleconsultation.ts'
import type { TeleconsultationStore } from '../../lib/storage/teleconsultation-store.ts'
import type { Ports } from '../../lib/teleconsultations/ports.ts'
import { blindWrites, withProvider, withStore, withWritten } from './mutant-changes.ts'
import type { Mutant } from './mutants.ts'
import type { Scenario } from './scenario.ts'

/** Those that sessions notice. */
export const SESSION_MUTANTS: readonly Mutant[] = [
  { name: 'the provider is not told of permissions and removals', requests: withProvider(() => ({ setPermissions: async () => {}, removeParticipant: async () => {} })) },
  { name: 'the provider is not told of an end', requests: withProvider(() => ({ endCall: async () => {} })) },
  { name: 'what the provider was not told is not told again', requests: (ports) => ports, reconciler: withStore((store) => ({ findUnsettled: async (...args) => (await store.findUnsettled(...args)).filter(({ control }) => !hasUntold(control)) })) },
  { name: 'a removal is not looked at by access', access: withStore(readsOtherwise((session) => withStandings(session, ({ removedAt: _overlooked, ...standing }) => standing))) },
  { name: 'an end is not looked at by access', access: withStore(readsOtherwise(({ endedAt: _overlooked, ...session }) => session)) },
  { name: 'what is written of a session is written blindly', requests: withStore(blindWrites(({ control, content }, current) => content === undefined && JSON.stringify(control.session) !== JSON.stringify(current.control.session))) },
  { name: 'revocations are not counted', requests: withWrittenStandings(({ revocations: _uncounted, ...standing }) => standing) },
  { name: 'who was removed keeps his link', requests: withWrittenStandings(({ link: _same, ...standing }) => standing) },
  { name: 'a word that comes late counts as the last one', scenario: withLiveSessions, requests: withWritten(({ session, ...control }) => ({ ...control, session: session?.words === undefined ? session : { ...session, words: { until: session.words.until } } })) },
  { name: 'the provider does not learn who was invited late', requests: withWrittenStandings(({ unseated: _unknown, ...standing }) => standing) }
]

/** What is written holds the session as it is all the same. */
function readsOtherwise (change: (session: Session) => Session): (store: TeleconsultationStore) => Partial<TeleconsultationStore> {
  return (store) => ({
    get: async (...args) => {
      const read = await store.get(...args)
      return read?.control.session === undefined ? read : { ...read, control: { ...read.control, session: change(read.control.session) } }
    },
    replaceIfUnchanged: async (current, { content, control }, context) => {
      const now = await store.get(current.id, context)
      return now === undefined ? 'changed' : await store.replaceIfUnchanged(current, { content, control: { ...control, session: now.control.session } }, context)
    }
  })
}

const withStandings = (session: Session, change: (standing: Standing) => Standing): Session =>
  session.standings === undefined ? session : { ...session, standings: session.standings.map(change) }

function withWrittenStandings (change: (standing: Standing) => Standing): (ports: Ports) => Ports {
  return withWritten((control) => control.session === undefined ? control : { ...control, session: withStandings(control.session, change) })
}

/** Much is decided while the call can be entered, where the provider is told of it. */
function withLiveSessions (drawn: Scenario): Scenario {
  const { latencyMs, settings, rates } = drawn
  return {
    ...drawn,
    layout: 'declared',
    rates: { ...rates, lateEffect: 0.2, crashBeforeRequest: 0, crashBeforeAnswer: 0 },
    latestMs: latencyMs * 20,
    skewMs: 0,
    providers: ['daily'],
    nextDefault: 'daily',
    fallsBack: false,
    choosing: 0,
    replicas: 3,
    documents: 1,
    operations: 40,
    horizonMs: latencyMs * 30,
    sessions: 0.9,
    nextDay: false,
    settings: { ...settings, roomCreation: 'eager', leaseMs: latencyMs * 40, providerTimeoutMs: latencyMs * 20, choice: { default: 'daily', perRequest: false, byGroup: new Map() } }
  }
}
