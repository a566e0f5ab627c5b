import { html, nothing } from 'lit'

/** The clinic's logo, where theme.css names one. The host's styles give `.logo` its size. */
export function companyLogo () {
  const logo = getComputedStyle(document.documentElement).getPropertyValue('--company-logo').trim()
  return logo === '' || logo === 'none' ? nothing : html`<div class="logo" aria-hidden="true"></div>`
}
