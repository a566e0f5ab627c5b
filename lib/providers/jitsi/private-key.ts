import { createPrivateKey, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'

const LEAST_BITS = 2048

/** A private key as it is configured: as a PEM text or by the path of a file with one. */
export interface ConfiguredKey {
  privateKey?: string | undefined
  privateKeyPath?: string | undefined
}

/**
 * The RSA key in PEM, or undefined where none is configured or a problem was found. Problems name the variable that is
 * to be mended and tell nothing of the key.
 *
 * @param variable of the inline key; the path's has `_PATH` behind it
 */
export function privateKeyOf ({ privateKey, privateKeyPath }: ConfiguredKey, variable: string, problems: string[]): string | undefined {
  if (privateKey === undefined && privateKeyPath === undefined) return undefined
  if (privateKey !== undefined && privateKeyPath !== undefined) {
    problems.push(`Give one of ${variable} and ${variable}_PATH`)
    return undefined
  }
  const about = privateKey === undefined ? `${variable}_PATH` : variable
  // Where variables hold one line, line breaks come as \n.
  const pem = privateKey?.replaceAll('\\n', '\n') ?? textOf(privateKeyPath ?? '', about, problems)
  if (pem === undefined) return undefined
  const key = keyOf(pem)
  if (key === undefined) problems.push(`${about} must hold a private key in PEM, without passphrase`)
  else if (key.asymmetricKeyType !== 'rsa') problems.push(`${about} must hold an RSA key`)
  else if ((key.asymmetricKeyDetails?.modulusLength ?? 0) < LEAST_BITS) problems.push(`${about} must hold an RSA key of ${LEAST_BITS} bits at least`)
  else return key.export({ type: 'pkcs8', format: 'pem' }).toString()
  return undefined
}

function textOf (path: string, about: string, problems: string[]): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    problems.push(`${about} names a file that cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown reason'})`)
    return undefined
  }
}

function keyOf (pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem)
  } catch {
    return undefined
  }
}
