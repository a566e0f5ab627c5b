/** Whether it is the IANA name of a time zone: an offset is no place whose clocks change. */
export function isTimeZone (name: string): boolean {
  try {
    return !/^[+-]/.test(name) && new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}
