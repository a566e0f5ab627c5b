import { html, svg, type SVGTemplateResult } from 'lit'

const stroke = (paths: SVGTemplateResult) => html`<svg viewBox="0 0 24 24" width="24" height="24" fill="none" stroke="currentColor"
  stroke-width="1.9" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">${paths}</svg>`

const slash = svg`<path d="M4 4l16 16"/>`
const microphonePaths = svg`<rect x="9" y="3" width="6" height="11" rx="3"/><path d="M5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3"/>`
const cameraPaths = svg`<rect x="3" y="6.5" width="12" height="11" rx="2.5"/><path d="M15 11l6-3.5v9L15 13z"/>`

/** Line drawings for buttons; decoration only, the buttons carry the words. */
export const icons = {
  microphone: stroke(microphonePaths),
  microphoneOff: stroke(svg`${microphonePaths}${slash}`),
  camera: stroke(cameraPaths),
  cameraOff: stroke(svg`${cameraPaths}${slash}`),
  screen: stroke(svg`<rect x="3" y="4" width="18" height="12" rx="2"/><path d="M12 13V7M9 9.5L12 7l3 2.5M8 20h8"/>`),
  file: stroke(svg`<path d="M20 11l-8.5 8.5a5 5 0 0 1-7-7L13 4a3.5 3.5 0 0 1 5 5l-8.5 8.5a1.8 1.8 0 0 1-2.5-2.5L15 7"/>`),
  panel: stroke(svg`<path d="M4 5h16v11H10l-5 4v-4H4z"/>`),
  leave: stroke(svg`<path d="M3 14c5-5 13-5 18 0l-2.5 3-4-1.5v-2.7a12 12 0 0 0-5 0v2.7l-4 1.5z"/>`),
  present: stroke(svg`<path d="M9 4h6l-.8 6 3.8 3.5H6L9.8 10zM12 13.5V21"/>`),
  picture: stroke(svg`<path d="M3 8h4l2-3h6l2 3h4v11H3z"/><circle cx="12" cy="13" r="3.5"/>`),
  close: stroke(svg`<path d="M6 6l12 12M18 6L6 18"/>`)
}
