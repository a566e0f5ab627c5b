import { Ajv } from 'ajv'
import { ClientMessage } from '../../../schemas/signalling.ts'

const check = new Ajv({ strict: true, discriminator: false }).compile<ClientMessage>(ClientMessage)

/** What a browser said; undefined where it is no JSON or not of the protocol. */
export function readClientMessage (text: string): ClientMessage | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  return check(value) ? value : undefined
}
