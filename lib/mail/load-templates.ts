import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isLanguage, LANGUAGES, type Language } from './languages/languages.ts'
import { MESSAGE_KINDS, type MessageKind } from './languages/words.ts'
import { shippedTemplate } from './layout.ts'
import { faultsOf, type Template, type Templates } from './template.ts'

/** Every fault of every file of the folder, each with the file's name. */
export class TemplatesError extends Error {
  readonly problems: readonly string[]

  constructor (problems: readonly string[]) {
    super(`The templates of messages have ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`)
    this.name = 'TemplatesError'
    this.problems = problems
  }
}

/**
 * The shipped templates, and instead of them those of a folder's files `<kind>.<language>.json`. Other files than `.json` are left alone.
 *
 * @throws TemplatesError
 */
export function loadTemplates (folder: string | undefined): Templates {
  const own = folder === undefined ? new Map<string, Template>() : readFolder(folder)
  const byLanguage = (kind: MessageKind) => Object.fromEntries(LANGUAGES.map((language) =>
    [language, own.get(`${kind}.${language}`) ?? shippedTemplate(kind, language)])) as Record<Language, Template>
  return Object.fromEntries(MESSAGE_KINDS.map((kind) => [kind, byLanguage(kind)])) as Record<MessageKind, Record<Language, Template>>
}

function readFolder (folder: string): Map<string, Template> {
  const found = new Map<string, Template>()
  const problems: string[] = []
  for (const file of filesOf(folder)) {
    const [kind = '', language = '', ...rest] = file.split('.')
    const { template, faults } = !isKind(kind) || !isLanguage(language) || rest.join('.') !== 'json'
      ? { template: undefined, faults: [`the name is none of <${MESSAGE_KINDS.join('|')}>.<${LANGUAGES.join('|')}>.json`] }
      : readTemplate(join(folder, file), kind)
    if (template !== undefined) found.set(`${kind}.${language}`, template)
    problems.push(...faults.map((fault) => `${file}: ${fault}`))
  }
  if (problems.length > 0) throw new TemplatesError(problems)
  return found
}

const isKind = (text: string): text is MessageKind => (MESSAGE_KINDS as readonly string[]).includes(text)

function filesOf (folder: string): string[] {
  try {
    return readdirSync(folder).filter((file) => file.endsWith('.json')).sort()
  } catch (error) {
    throw new TemplatesError([`${folder}: it cannot be read as a folder (${(error as NodeJS.ErrnoException).code})`])
  }
}

function readTemplate (path: string, kind: MessageKind): { template?: Template, faults: string[] } {
  let text: string
  try {
    text = readFileSync(path, 'utf8').replace(/^\uFEFF/, '')
  } catch (error) {
    return { faults: [`it cannot be read (${(error as NodeJS.ErrnoException).code})`] }
  }
  let read: unknown
  try {
    read = JSON.parse(text)
  } catch {
    return { faults: ['it is no valid JSON'] }
  }
  const faults = faultsOf(read, kind)
  return faults.length > 0 ? { faults } : { template: read as Template, faults }
}
