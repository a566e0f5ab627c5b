import { leastCapabilities, withoutExtras, type Capabilities, type RoomState, type VideoProvider } from '../../lib/providers/provider.ts'
import { isUnsettled, type Content, type Control, type Teleconsultation } from '../../lib/domain/teleconsultation.ts'
import type { KnownPerson } from '../../lib/domain/participants.ts'
import type { TeleconsultationStore } from '../../lib/storage/teleconsultation-store.ts'
import type { UserMapStore } from '../../lib/storage/user-map-store.ts'
import { backgroundWork } from '../../lib/teleconsultations/background.ts'
import { systemDeadline } from '../../lib/teleconsultations/deadline.ts'
import type { Context, Ports, Settings } from '../../lib/teleconsultations/ports.ts'
import { after, NOON } from './service.ts'

/** A store in memory with the port's promises; `fail` makes the next calls of a method lose their answer. */
export function memoryStore () {
  const documents = new Map<string, { content: Content, control: Control, revision: number, trashed: boolean }>()
  const faults = new Map<string, Array<{ error: Error, afterwards: boolean }>>()
  const copy = <T> (value: T): T => structuredClone(value)
  const view = (id: string): Teleconsultation | undefined => {
    const document = documents.get(id)
    return document === undefined || document.trashed ? undefined : copy({ id, content: document.content, control: document.control, version: { revision: document.revision } })
  }
  const guarded = async <T> (method: string, work: () => T): Promise<T> => {
    const fault = faults.get(method)?.shift()
    await Promise.resolve()
    if (fault !== undefined && !fault.afterwards) throw fault.error
    const result = work()
    if (fault !== undefined) throw fault.error
    return result
  }
  const withKey = (key: string): Teleconsultation[] => [...documents].flatMap(([id, { content, control, revision }]) =>
    control.idempotency?.key === key ? [copy({ id, content, control, version: { revision } })] : [])
  const everything = (): Teleconsultation[] => [...documents].map(([id, { content, control, revision }]) => copy({ id, content, control, version: { revision } }))
    .sort((a, b) => a.id < b.id ? -1 : 1)
  const store: TeleconsultationStore = {
    insert: (content, control) => guarded('insert', () => {
      if (control.idempotency !== undefined && withKey(control.idempotency.key).length > 0) return 'duplicate' as const
      const id = `doc-${documents.size + 1}`
      documents.set(id, { ...copy({ content, control }), revision: 1, trashed: false })
      return view(id) as Teleconsultation
    }),
    findByKey: (key) => guarded('findByKey', () => withKey(key)),
    isFailing: () => false,
    keepsSessions: async () => true,
    findToTell: (now, limit) => guarded('findToTell', () => [...documents.keys()].flatMap((id) => view(id) ?? []).filter(({ control }) => (control.mail?.due ?? Infinity) <= now.getTime()).slice(0, limit)),
    replaceMail: (current, mail) => guarded('replaceMail', () => {
      const document = documents.get(current.id)
      if (document === undefined || !('revision' in current.version) || document.revision !== current.version.revision) return 'changed' as const
      document.control.mail = copy(mail)
      document.revision++
      return view(current.id) as Teleconsultation
    }),
    getAnywhere: (id) => guarded('getAnywhere', () => view(id)),
    hasRoom: (providerRoomId) => guarded('hasRoom', () => [...documents.values()].some(({ control, trashed }) => !trashed && control.phase !== 'DELETING' && control.room?.providerRoomId === providerRoomId)),
    releaseKey: (current) => guarded('releaseKey', () => {
      const document = documents.get(current.id)
      if (document !== undefined) delete document.control.idempotency
    }),
    get: (id) => guarded('get', () => view(id)),
    list: () => guarded('list', () => [...documents.keys()].flatMap((id) => view(id) ?? [])),
    sessions: ({ limit = 25 }) => guarded('sessions', () => [...documents.keys()].flatMap((id) => view(id) ?? []).slice(0, limit)),
    searchesTexts: true,
    countSessions: () => guarded('countSessions', () => documents.size),
    findApplied: (operationId) => guarded('findApplied', () => [...documents.keys()].map(view).find((document) => document?.control.applied.includes(operationId) === true)),
    replaceIfUnchanged: (current, changes) => guarded('replaceIfUnchanged', () => {
      const document = documents.get(current.id)
      if (document === undefined || document.trashed || !('revision' in current.version) || document.revision !== current.version.revision) return 'changed' as const
      document.content = copy(changes.content ?? document.content)
      document.control = copy(changes.control)
      document.revision++
      return view(current.id) as Teleconsultation
    }),
    ofPerson: (externalId, { after = '', limit }) => guarded('ofPerson', () =>
      everything().filter(({ id, content }) => id > after && content.participants.some(({ userExternalId }) => userExternalId === externalId)).slice(0, limit)),
    walk: ({ after = '', limit }) => guarded('walk', () => everything().filter(({ id }) => id > after).slice(0, limit)),
    replaceAnywhere: (current, changes) => guarded('replaceAnywhere', () => {
      const document = documents.get(current.id)
      if (document === undefined || !('revision' in current.version) || document.revision !== current.version.revision) return 'changed' as const
      document.content = copy(changes.content ?? document.content)
      document.control = copy(changes.control)
      document.revision++
      return { ...current, ...copy(changes), content: copy(document.content), version: { revision: document.revision } }
    }),
    findUnsettled: (now, limit) => guarded('findUnsettled', () =>
      [...documents.keys()].flatMap((id) => view(id) ?? []).filter(({ control }) => isUnsettled(control, now)).slice(0, limit)),
    appendWhileIncomplete: (id, participant) => guarded('appendWhileIncomplete', () => {
      const document = documents.get(id)
      if (document === undefined || document.trashed || document.control.phase !== 'INCOMPLETE' || document.control.operation !== undefined) return 'unmet' as const
      const { participants, number } = document.content
      if (participants.length + 1 >= number || participants.some(({ userExternalId }) => userExternalId === participant.userExternalId)) return 'unmet' as const
      participants.push(copy(participant))
      document.revision++
      return view(id) as Teleconsultation
    }),
    decideDeletion: (id) => guarded('decideDeletion', () => {
      const document = documents.get(id)
      if (document === undefined || document.trashed || document.control.phase === 'DELETING') return 'unmet' as const
      document.control.phase = 'DELETING'
      document.revision++
      return view(id) as Teleconsultation
    }),
    trash: (id) => guarded('trash', () => {
      const document = documents.get(id)
      if (document !== undefined) document.trashed = true
    })
  }
  return {
    store,
    documents,
    /** @param afterwards the effect happens and only the answer is lost */
    fail: (method: keyof TeleconsultationStore, error: Error, afterwards = false) => {
      faults.set(method, [...faults.get(method) ?? [], { error, afterwards }])
    }
  }
}

const CAPABILITIES: Capabilities = {
  ...leastCapabilities,
  needsPlusParticipant: true,
  maxParticipants: 25,
  access: 'vendor-link',
  tools: new Set(),
  toolScope: 'participant',
  liveFlag: true,
  endCall: true,
  listsRooms: true
}

/** A user map in memory, without a unique index: a person who is remembered twice is there twice. */
export function memoryUserMap () {
  const rows: Array<{ externalId: string, providerUserId: string }> = []
  const userMap: UserMapStore = {
    find: async (externalIds) => new Map(rows.filter(({ externalId }) => externalIds.includes(externalId)).reverse().map(({ externalId, providerUserId }) => [externalId, providerUserId])),
    remember: async (externalId, providerUserId) => { rows.push({ externalId, providerUserId }) },
    accountsOf: async (wanted) => rows.filter(({ externalId }) => externalId === wanted).map(({ providerUserId }) => providerUserId),
    forget: async (wanted) => { rows.splice(0, rows.length, ...rows.filter(({ externalId }) => externalId !== wanted)) }
  }
  return { userMap, rows }
}

/** A vendor that makes links with the room, has no idempotent creation, and lists rooms by marker. */
export function memoryProvider () {
  const rooms = new Map<string, RoomState & { marker: string }>()
  const calls: string[] = []
  const hooks: { create?: (make: () => RoomState) => Promise<RoomState>, remove?: () => Promise<void> } = {}
  let made = 0
  const provider: VideoProvider = {
    ...withoutExtras,
    name: 'memory',
    capabilities: CAPABILITIES,
    check: async () => {},
    accountOf: ({ externalId }) => `usr_${externalId}`,
    ensureUser: async ({ externalId }) => ({ providerUserId: `usr_${externalId}` }),
    createRoom: async (spec) => {
      calls.push('createRoom')
      const make = () => {
        const providerRoomId = `room-${++made}`
        const links = Object.fromEntries(spec.participants.map(({ providerUserId }) => [providerUserId, `https://vendor.example/${providerRoomId}/${providerUserId}`]))
        const room = { providerRoomId, marker: spec.marker, links }
        rooms.set(providerRoomId, room)
        return room
      }
      return hooks.create === undefined ? make() : await hooks.create(make)
    },
    getRoom: async ({ providerRoomId }) => rooms.has(providerRoomId) ? { status: 'NOT_RUNNING' } : 'missing',
    changeRoom: async () => 'must-replace',
    accessFor: async (room, { providerUserId }) => ({ kind: 'url', url: room.links?.[providerUserId] ?? 'none' }),
    deleteRoom: async ({ providerRoomId }) => {
      calls.push('deleteRoom')
      await hooks.remove?.()
      rooms.delete(providerRoomId)
    },
    findRooms: async (marker) => [...rooms.values()].filter((room) => room.marker === marker || room.marker.startsWith(`${marker}|`)),
    close: async () => {}
  }
  return { provider, rooms, calls, hooks }
}

export const person = (externalId: string, privilege: KnownPerson['privilege'] = 'basic'): KnownPerson =>
  ({ externalId, groups: [privilege], privilege, fullName: externalId.toUpperCase() })

export const PAIR = { number: 2, people: [person('doctor', 'plus'), person('patient')] }
export const DATES = { start_date: after(NOON, 60).toISOString(), duration_in_seconds: 1800 }

export function world (settings: Partial<Settings> = {}) {
  const memory = memoryStore()
  const vendor = memoryProvider()
  const people = memoryUserMap()
  const background = backgroundWork()
  const log: string[] = []
  const time = { now: NOON }
  let operations = 0
  const note = (fields: object, message: string) => { log.push(`${message} ${JSON.stringify(fields)}`) }
  const ports: Ports = {
    store: memory.store,
    userMap: people.userMap,
    provider: vendor.provider,
    clock: {
      now: () => time.now,
      deadline: systemDeadline
    },
    ids: { operation: () => `op-${++operations}` },
    inBackground: background.run,
    settings: {
      deployment: 'test',
      window: { periodMs: 0, skewMs: 0 },
      leaseMs: 30_000,
      roomCreation: 'eager',
      unlimited: true,
      live: true,
      providerTimeoutMs: 1000,
      detailsBudgetMs: 20,
      privileges: { basic: { groups: new Set(['basic']), tools: new Set() }, plus: { groups: new Set(['plus']), tools: new Set() } },
      recording: 'none',
      deletesOrphans: true,
      groupsWithBackground: new Set(),
      ...settings
    }
  }
  const context: Context = { headers: {}, log: { info: note, warn: note, error: note } }
  return { ...memory, people, vendor, ports, context, log, time, quiet: () => background.finished() }
}
