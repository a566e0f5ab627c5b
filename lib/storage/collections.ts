import type { CollectionDefinition, FieldDefinition, IndexDefinition } from './embedded/collection-definition.ts'

const required = (name: string, type: FieldDefinition['type']): FieldDefinition => ({ name, type, required: true, nullable: false })
const optional = (name: string, type: FieldDefinition['type']): FieldDefinition => ({ name, type, required: false, nullable: false })

/** Keeps what has nothing at the path out of an index. */
const wherePresent = (path: string) => ({ usePartialFilter: true, partialFilterExpression: JSON.stringify({ [path]: { $exists: true } }) })

/** For the teleconsultations with one value at the path, or all of them, in the order of their start from any place on. */
const byStart = (name: string, ...path: string[]): IndexDefinition => ({
  name,
  type: 'normal',
  unique: false,
  fields: [...path, 'startDate', '_id'].map(field => ({ name: field, order: 1 })),
})

/**
 * The collection of teleconsultations. Its first seven fields are those of the original service, to the letter, and
 * `bandyerRoomId` is an empty text while there is no room. `revision` (counted up by every write, for compare-and-set) and
 * `service` (what the service keeps beside) are this service's own; it runs without them.
 */
export const TELECONSULTATIONS: CollectionDefinition = {
  name: 'teleconsultations',
  endpointBasePath: '/teleconsultations',
  defaultState: 'PUBLIC',
  fields: [
    required('bandyerRoomId', 'string'),
    { ...required('participants', 'Array'), items: { type: 'RawObject' } },
    required('participantsNumber', 'number'),
    required('startDate', 'Date'),
    optional('endDate', 'Date'),
    optional('duration', 'number'),
    optional('teleconsultationState', 'string'),
    optional('revision', 'number'),
    optional('service', 'RawObject'),
  ],
  indexes: [
    byStart('startDate_id'),
    byStart('participants_startDate', 'participants.userExternalId'),
    { ...byStart('service_session_owner_startDate', 'service.session.owner'), ...wherePresent('service.session.owner') },
    { ...byStart('service_session_organisation_startDate', 'service.session.organisation'), ...wherePresent('service.session.organisation') },
    {
      name: 'teleconsultationState_updatedAt',
      type: 'normal',
      unique: false,
      fields: [{ name: 'teleconsultationState', order: 1 }, { name: 'updatedAt', order: 1 }],
    },
    {
      name: 'service_pending',
      type: 'normal',
      unique: false,
      fields: [{ name: 'service.pending', order: 1 }],
      ...wherePresent('service.pending'),
    },
    {
      name: 'service_mail_due',
      type: 'normal',
      unique: false,
      fields: [{ name: 'service.mail.due', order: 1 }],
      ...wherePresent('service.mail.due'),
    },
    {
      name: 'service_idempotency_key',
      type: 'normal',
      unique: true,
      fields: [{ name: 'service.idempotency.key', order: 1 }],
      ...wherePresent('service.idempotency.key'),
    },
  ],
}

/** Which user of the provider stands for which user of the caller; one map a user, which the unique index keeps so. */
export const USER_ID_MAPS: CollectionDefinition = {
  name: 'userid_maps',
  endpointBasePath: '/userid-maps',
  defaultState: 'PUBLIC',
  fields: [
    required('bandyerId', 'string'),
    required('receivedUserId', 'string'),
  ],
  indexes: [
    { name: 'receivedUserId', type: 'normal', unique: true, fields: [{ name: 'receivedUserId', order: 1 }] },
  ],
}

/**
 * The addresses of people's agendas, one document a person for ever: `tokenHash` and `issuedAt` come and go with the address, and
 * `revision` counts, so that a late write changes nothing.
 */
export const AGENDA_FEEDS: CollectionDefinition = {
  name: 'agenda_feeds',
  endpointBasePath: '/agenda-feeds',
  defaultState: 'PUBLIC',
  fields: [
    required('userId', 'string'),
    required('revision', 'number'),
    optional('tokenHash', 'string'),
    optional('issuedAt', 'Date'),
  ],
  indexes: [
    { name: 'userId', type: 'normal', unique: true, fields: [{ name: 'userId', order: 1 }] },
    { name: 'tokenHash', type: 'normal', unique: false, fields: [{ name: 'tokenHash', order: 1 }], ...wherePresent('tokenHash') },
  ],
}

/**
 * Who is a member of which organisation, one document for both of them: the unique index keeps it so, and without it two
 * invitations at once make two. `state` is INVITED, ACCEPTED or REMOVED; `adminEnding` says that ADMIN is being taken from him.
 */
export const ORGANISATION_MEMBERS: CollectionDefinition = {
  name: 'organisation_members',
  endpointBasePath: '/organisation-members',
  defaultState: 'PUBLIC',
  fields: [
    required('organisation', 'string'),
    required('userId', 'string'),
    { ...required('roles', 'Array'), items: { type: 'string' } },
    required('state', 'string'),
    required('revision', 'number'),
    optional('invitedBy', 'string'),
    optional('fullName', 'string'),
    optional('adminEnding', 'boolean'),
  ],
  indexes: [
    { name: 'organisation_userId', type: 'normal', unique: true, fields: [{ name: 'organisation', order: 1 }, { name: 'userId', order: 1 }] },
    {
      name: 'userId_state_organisation',
      type: 'normal',
      unique: false,
      fields: [{ name: 'userId', order: 1 }, { name: 'state', order: 1 }, { name: 'organisation', order: 1 }],
    },
  ],
}

/** Erasures of people that are not finished: the one place where who is erased is known until nothing of him is left. */
export const ERASURES: CollectionDefinition = {
  name: 'erasures',
  endpointBasePath: '/erasures',
  defaultState: 'PUBLIC',
  fields: [
    required('userId', 'string'),
    required('requestedAt', 'Date'),
    { ...optional('outstanding', 'Array'), items: { type: 'RawObject' } },
  ],
  indexes: [
    { name: 'userId', type: 'normal', unique: true, fields: [{ name: 'userId', order: 1 }] },
  ],
}

/** E-mails that no SMTP server took because none is configured, for the clinic's page. Of the embedded storage only. */
export const OUTBOX: CollectionDefinition = {
  name: 'outbox',
  endpointBasePath: '/outbox',
  defaultState: 'PUBLIC',
  fields: [
    required('to', 'string'),
    required('subject', 'string'),
    required('text', 'string'),
    required('messageId', 'string'),
    required('at', 'Date'),
    optional('recipientId', 'string'),
  ],
  indexes: [
    { name: 'messageId', type: 'normal', unique: true, fields: [{ name: 'messageId', order: 1 }] },
    { name: 'at', type: 'normal', unique: false, fields: [{ name: 'at', order: 1 }] },
    { name: 'recipientId', type: 'normal', unique: false, fields: [{ name: 'recipientId', order: 1 }] },
  ],
}
