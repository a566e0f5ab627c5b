import { ConfigurationError } from './config/load.ts'
import type { Configuration } from './config/configuration.ts'
import { fieldCipher, type FieldCipher } from './privacy/field-cipher.ts'
import { generatedKeys, parseKeys } from './privacy/keys.ts'

const GENERATED = 'generated'

/**
 * What encrypts personal data in the storage; without keys nothing is, and what was is not shown as if it were a name.
 *
 * @throws ConfigurationError
 */
export function openCipher ({ personalDataKeys, dataPath }: Pick<Configuration, 'personalDataKeys' | 'dataPath'>): FieldCipher {
  if (personalDataKeys === GENERATED) return fieldCipher({ keys: generatedKeys(dataPath) })
  try {
    return fieldCipher({ keys: personalDataKeys === undefined ? [] : parseKeys(personalDataKeys) })
  } catch (error) {
    throw new ConfigurationError([`PII_ENCRYPTION_KEYS: ${(error as Error).message}`])
  }
}
