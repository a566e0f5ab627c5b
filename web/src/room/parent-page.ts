/**
 * Tells the page that embeds the room what happens, so that it can go on. Whoever embeds it may listen: nothing here
 * is secret.
 */
export function tellParent (type: 'joined' | 'left' | 'closed', reason = ''): void {
  if (window.parent !== window) window.parent.postMessage({ source: 'teleconsultation-room', type, reason }, '*')
}
