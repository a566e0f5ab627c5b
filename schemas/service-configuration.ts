import { Type, type Static } from 'typebox'
import { TaxonomyConfiguration } from './taxonomies.ts'
import { PermissionName } from './permissions.ts'
import { TOOL_NAMES } from './tools.ts'

/** The JSON service configuration file. Unknown keys are tolerated: old files carry some. */

const FIELD_PATH = '^[A-Za-z_][A-Za-z0-9_]*(\\.[A-Za-z0-9_]+)*$'
const Colour = Type.String({ pattern: '^#([0-9a-fA-F]{3,4}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})$', description: 'Hexadecimal colour' })
const ThemeVariant = Type.Object({ primaryColor: Type.Optional(Colour), accentColor: Type.Optional(Colour) })

const Tools = Type.Object(
  Object.fromEntries(TOOL_NAMES.map((name) => [name, Type.Optional(Type.Boolean())])) as Record<(typeof TOOL_NAMES)[number], ReturnType<typeof Type.Optional<ReturnType<typeof Type.Boolean>>>>,
  { description: 'Which tools of the call these users have. Without this object: all. In it, a tool that is not mentioned is off' }
)

const PrivilegeGroups = Type.Object({
  groups: Type.Array(Type.String({ minLength: 1 }), { description: 'Users of any of these groups have the privilege' }),
  tools: Type.Optional(Tools)
})

export const ServiceConfiguration = Type.Object({
  $schema: Type.Optional(Type.String()),
  privileges: Type.Object({
    basic: PrivilegeGroups,
    plus: PrivilegeGroups
  }, { description: 'Who takes part (basic) and who organises and holds calls (plus). Somebody in groups of both is plus' }),
  theme: Type.Optional(Type.Object({ light: Type.Optional(ThemeVariant), dark: Type.Optional(ThemeVariant) }, { description: 'Colours of the pages' })),
  companyLogo: Type.Optional(Type.Object({ url: Type.Optional(Type.String({ description: 'Shown on the pages' })) })),
  environment: Type.Optional(Type.String({ description: 'Of the 1.x generation; accepted and not used' })),
  mode: Type.Optional(Type.String({ description: 'Of the 1.x generation; accepted and not used' })),
  organisations: Type.Optional(Type.Record(Type.String({ minLength: 1, maxLength: 256 }), Type.Object({
    name: Type.Optional(Type.String({ minLength: 1, maxLength: 256, description: 'As people know it' })),
    defaultPermissions: Type.Optional(Type.Array(PermissionName, { description: 'What a member may do in and to every session of the organisation in which he takes part, beside the tools of his privilege. Default: nothing' }))
  }), { description: 'Organisations by their ids, as far as there is something to say of them' })),
  groupsWithBackgroundList: Type.Optional(Type.Array(Type.String(), { description: 'Members of these groups join with the company’s background' })),
  videoProviders: Type.Optional(Type.Object({
    byGroup: Type.Optional(Type.Record(Type.String(), Type.Enum(['embedded', 'bandyer', 'kaleyra', 'daily', 'livekit', 'jitsi']), { description: 'The provider of teleconsultations in which a member of this group is plus; of several groups the first in this object counts' })),
    perRequest: Type.Optional(Type.Boolean({ description: 'Whether a booking may name its provider (videoProvider)' }))
  }, { description: 'Who chooses another provider than VIDEO_PROVIDER. Only those in use can be chosen: VIDEO_PROVIDERS_ALSO, VIDEO_FALLBACK' })),
  taxonomies: Type.Optional(TaxonomyConfiguration),
  customUserId: Type.Optional(Type.Object({
    source: Type.Optional(Type.String({ default: '_id', pattern: FIELD_PATH, description: 'The user record’s field that holds the custom id' })),
    target: Type.Optional(Type.String({ default: 'authUserId', pattern: FIELD_PATH, description: 'The user record’s field that holds the auth service’s id' }))
  })),
  userIdPathInRequest: Type.Optional(Type.Array(Type.Object({
    from: Type.Enum(['object', 'json', 'array'], { description: 'How to read the value of the step before: an object, a text that holds JSON, or an array' }),
    extract: Type.Union([Type.String(), Type.Integer({ minimum: 0 })], { description: 'The key or index to take from it' })
  }), { minItems: 1, description: 'Where the caller’s id is: steps from the request object on. Default: the header named by USERID_HEADER_KEY' }))
}, { $id: 'ServiceConfiguration', title: 'Service configuration of the teleconsultation backend' })
export type ServiceConfiguration = Static<typeof ServiceConfiguration>
