import type { Theme } from '../../config/configuration.ts'

/**
 * The configured colours as custom properties. Colours were checked to be hexadecimal ones; the logo's address is
 * written as a CSS string.
 */
export function themeStylesheet (theme: Theme, logoUrl: string | undefined): string {
  const colours = ({ primaryColor, accentColor }: Theme['light']) => `--primary-color: ${primaryColor}; --accent-color: ${accentColor};`
  const logo = logoUrl === undefined ? '' : ` --company-logo: url("${logoUrl.replace(/["\\\n\r\f<]/g, (character) => `\\${character.codePointAt(0)?.toString(16) ?? ''} `)}");`
  return `:root { ${colours(theme.light)}${logo} }
@media (prefers-color-scheme: dark) { :root { ${colours(theme.dark)} } }
`
}
