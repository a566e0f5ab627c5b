import type { CollectionDefinition, FieldDefinition } from './embedded/collection-definition.ts'

const required = (name: string, type: FieldDefinition['type']): FieldDefinition => ({ name, type, required: true, nullable: false })
const optional = (name: string, type: FieldDefinition['type']): FieldDefinition => ({ name, type, required: false, nullable: false })

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
    { name: 'startDate', type: 'normal', unique: false, fields: [{ name: 'startDate', order: 1 }] },
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
      usePartialFilter: true,
      partialFilterExpression: '{"service.pending":{"$exists":true}}',
    },
    {
      name: 'service_idempotency_key',
      type: 'normal',
      unique: true,
      fields: [{ name: 'service.idempotency.key', order: 1 }],
      usePartialFilter: true,
      partialFilterExpression: '{"service.idempotency.key":{"$exists":true}}',
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
