import type { FieldCipher } from './field-cipher.ts'

/** Which texts of a collection's documents are personal. */
export interface ProtectedFields {
  /** The collection's name: part of the place of every text. */
  collection: string
  /** `[]` stands for every element of an array. */
  paths: readonly string[]
  /** Paths inside fields whose text is a word, a semicolon and JSON. Filters may compare these fields as a whole. */
  records?: Readonly<Record<string, readonly string[]>> | undefined
}

/** What a node of the tree of paths has below it: a text, the record inside a text, elements, or fields. */
type Node =
  | { place: string }
  | { record: Node }
  | { elements: Node }
  | { fields: Map<string, Node> }

/** What becomes of one text. `alike`: of a text inside a record. */
type TextChange = (text: string, place: string, alike: boolean) => string

export interface DocumentCipher {
  sealed <Value> (document: Value): Value
  opened <Value> (document: Value): Value
  /** What is to be set at a path of the wire: `service`, `participants.0.fullName`, `participants.$.replace`. */
  sealedAt (path: string, value: unknown): unknown
  /** What is to be added to the array at this path. */
  sealedElement (path: string, value: unknown): unknown
  /** Every form in which a field that holds a record may be stored with this text; one where there is nothing personal in it. */
  formsOf (field: string, text: string): string[]
  /** Under the key that seals now, or readable where none does. What is readable stays so, unless `plain`. The same object where nothing is to be done. @throws PII_KEY_LOST */
  rotated <Value> (document: Value, options: { plain: boolean }): Value
}

/**
 * Seals and opens the personal texts of whole documents. What is not a text, not there, or not protected stays as it is;
 * nothing that is given is changed.
 */
export function documentCipher (fields: ProtectedFields, cipher: FieldCipher): DocumentCipher {
  const root = treeOf(fields)
  const seal: TextChange = (text, place, alike) => alike ? cipher.sealAlike(text, place) : cipher.seal(text, place)
  const open: TextChange = (text, place) => cipher.open(text, place)

  return {
    sealed: (document) => changed(root, document, seal),
    opened: (document) => changed(root, document, open),
    sealedAt: (path, value) => changed(nodeAt(root, path), value, seal),
    sealedElement (path, value) {
      const node = nodeAt(root, path)
      const below = node !== undefined && 'elements' in node ? node.elements : undefined
      const each = isRecord(value) ? value['$each'] : undefined
      return Array.isArray(each) ? { ...value as object, $each: each.map((element) => changed(below, element, seal)) } : changed(below, value, seal)
    },
    formsOf (field, text) {
      const node = nodeAt(root, field)
      if (node === undefined || !('record' in node)) return [text]
      const forms = cipher.keyIds.map((keyId) => changed(node, text, (part, place) => cipher.sealAlike(part, place, keyId)))
      return [...new Set([...forms, text])]
    },
    rotated: (document, { plain }) => changed(root, document, (text, place, alike) => {
      const keeping = cipher.keepingOf(text)
      return keeping === 'current' || (keeping === 'plain' && !plain) ? text : seal(cipher.open(text, place), place, alike)
    })
  }
}

const withoutElements = (path: string) => path.replaceAll('[]', '')

function treeOf ({ collection, paths, records = {} }: ProtectedFields): Node {
  const root = fieldsNode(paths, `${collection} `)
  for (const [field, inside] of Object.entries(records)) root.fields.set(field, { record: fieldsNode(inside, `${collection} ${field} `) })
  return root
}

function fieldsNode (paths: readonly string[], prefix: string) {
  const root = { fields: new Map<string, Node>() }
  for (const path of paths) {
    let { fields } = root
    const names = path.split('.')
    for (const [index, name] of names.entries()) {
      const isArray = name.endsWith('[]')
      const key = isArray ? name.slice(0, -2) : name
      const isLast = index === names.length - 1
      const below: Node = isLast ? { place: prefix + withoutElements(path) } : fieldsBelow(fields.get(key))
      fields.set(key, isArray ? { elements: below } : below)
      if ('fields' in below) fields = below.fields
    }
  }
  return root
}

function fieldsBelow (node: Node | undefined): Node {
  if (node === undefined) return { fields: new Map() }
  return 'elements' in node ? node.elements : node
}

/** Where `merge` and `replace` stand for the element that a filter found. */
function nodeAt (root: Node, path: string): Node | undefined {
  let node: Node | undefined = root
  for (const name of path.split('.')) {
    if (node === undefined) return undefined
    if ('elements' in node) {
      if (name !== '$' && !/^\d+$/.test(name)) return undefined
      node = node.elements
    } else if (path.endsWith(`.$.${name}`) && (name === 'replace' || name === 'merge')) return node
    else node = 'fields' in node ? node.fields.get(name) : undefined
  }
  return node
}

/** A copy along the paths that changed; all else is the same object. */
function changed <Value> (node: Node | undefined, value: Value, change: TextChange, alike = false): Value {
  return node === undefined ? value : changedAt(node, value, change, alike) as Value
}

function changedAt (node: Node, value: unknown, change: TextChange, alike: boolean): unknown {
  if ('place' in node) return typeof value === 'string' ? change(value, node.place, alike) : value
  if ('record' in node) return typeof value === 'string' ? changedRecord(node.record, value, change) : value
  if ('elements' in node) {
    if (!Array.isArray(value)) return value
    const elements = value.map((element: unknown) => changedAt(node.elements, element, change, alike))
    return elements.some((element, index) => element !== value[index]) ? elements : value
  }
  if (!isRecord(value)) return value
  let copy: Record<string, unknown> | undefined
  for (const [name, below] of node.fields) {
    const before = value[name]
    if (before === undefined) continue
    const after = changedAt(below, before, change, alike)
    if (after === before) continue
    copy ??= { ...value }
    copy[name] = after
  }
  return copy ?? value
}

function changedRecord (node: Node, text: string, change: TextChange): string {
  const at = text.indexOf(';') + 1
  if (at === 0 || text[at] !== '{') return text
  let record: unknown
  try {
    record = JSON.parse(text.slice(at))
  } catch {
    return text
  }
  const after = changedAt(node, record, change, true)
  return after === record ? text : text.slice(0, at) + JSON.stringify(after)
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)
