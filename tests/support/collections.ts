import { TELECONSULTATIONS } from '../../lib/storage/collections.ts'

/** The teleconsultations' collection as the original declares it: without our optional fields. */
export const OFFICIAL_TELECONSULTATIONS = {
  ...TELECONSULTATIONS,
  fields: TELECONSULTATIONS.fields.filter(({ name }) => name !== 'revision' && name !== 'service'),
  indexes: []
}
