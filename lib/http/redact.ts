/** What must not stand in a log line: tokens, keys in addresses, whatever has the shape of an e-mail address. */
const PATTERNS: ReadonlyArray<readonly [RegExp, string]> = [
  [/\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*/g, '[REDACTED]'],
  [/\bBearer\s+[^\s"',]+/gi, 'Bearer [REDACTED]'],
  [/([?&;](?:[a-z_-]*(?:token|key|secret|password|authorization|code|_q))=)[^&\s"'#]*/gi, '$1[REDACTED]'],
  [/#[^\s"']{16,}/g, '#[REDACTED]'],
  // Whatever is asked for below it, a secret with a slip in it included; not the source files of that name in a stack.
  [/(\/agenda(?:\/|%2f))(?!feed(?:[\s"'?#]|$)|[a-z-]{1,40}\.[jt]s:\d)[^\s"']+/gi, '$1[REDACTED]'],
  // People's ids in a path, and what somebody looks for among sessions.
  [/(\/(?:participants|members|people)\/)(?!data(?:[\s"'?#]|$))[^\s"'/?#]+/gi, '$1[REDACTED]'],
  [/([?&](?:participant|text)=)[^&\s"'#]*/gi, '$1[REDACTED]'],
  [/\/((?:direct-)?rest-call-handler|conference)\/[^\s"'?#]+/g, '/$1/[REDACTED]'],
  [/[^\s"'<>@/:]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+/g, '[REDACTED]']
]

export const redacted = (text: string): string => PATTERNS.reduce((result, [pattern, by]) => result.replace(pattern, by), text)

interface LoggedError { [key: string]: unknown, type: string, message: string, stack: string }

/**
 * An error as it may be logged: its kind, code, sentence, stack and causes, each without secrets. None of the other fields
 * that libraries hang on their errors (requests, headers, bodies).
 */
export function loggableError (error: unknown, depth = 0): LoggedError {
  if (!(error instanceof Error)) return { type: typeof error, message: redacted(String(error)), stack: '' }
  const code: unknown = (error as { code?: unknown }).code
  return {
    type: error.name,
    ...(typeof code === 'string' ? { code } : {}),
    message: redacted(error.message),
    stack: redacted(error.stack ?? ''),
    ...(error.cause === undefined || depth >= 4 ? {} : { cause: loggableError(error.cause, depth + 1) })
  }
}
