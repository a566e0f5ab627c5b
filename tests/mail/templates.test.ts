import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { LANGUAGES, WORDS } from '../../lib/mail/languages/languages.ts'
import { MESSAGE_KINDS } from '../../lib/mail/languages/words.ts'
import { loadTemplates, TemplatesError } from '../../lib/mail/load-templates.ts'
import { renderMessage } from '../../lib/mail/message.ts'
import { faultsOf } from '../../lib/mail/template.ts'
import { input, LINK, TEMPLATES } from './inputs.ts'

const OWN = { subject: 'For {{ name }}', text: 'Dear {{name}}: {{link}}', html: '<p>Dear {{name}}: <a href="{{link}}">come</a></p>' }

/** The problems of a folder that holds these files. */
function problemsOf (folder: string): readonly string[] {
  try {
    loadTemplates(folder)
    return []
  } catch (error) {
    if (!(error instanceof TemplatesError)) throw error
    return error.problems
  }
}

t.test('every shipped template keeps the rules for those of operators', async (t) => {
  for (const kind of MESSAGE_KINDS) {
    for (const language of LANGUAGES) t.same(faultsOf(TEMPLATES[kind][language], kind), [], `${kind}.${language}`)
  }
  for (const { messages } of Object.values(WORDS)) t.same(Object.keys(messages).sort(), [...MESSAGE_KINDS].sort())
})

t.test('a file takes the place of one kind in one language', async (t) => {
  const folder = t.testdir({ 'invitation.it.json': JSON.stringify(OWN), 'README.md': '{{nothing}}' })
  const templates = loadTemplates(folder)
  const own = renderMessage(input({ language: 'it-CH', recipient: { email: 'ada@example.com', name: '<b>Ada & Bo</b> {{link}}' } }), templates)
  t.equal(own.subject, 'For <b>Ada & Bo</b> {{link}}')
  t.equal(own.text, `Dear <b>Ada & Bo</b> {{link}}: ${LINK}`)
  t.equal(own.html, `<p>Dear &lt;b&gt;Ada &amp; Bo&lt;/b&gt; {{link}}: <a href="${LINK}">come</a></p>`)
  t.equal(own.calendar?.method, 'REQUEST')
  t.same(templates.invitation.de, TEMPLATES.invitation.de)
  t.same(templates.change, TEMPLATES.change)
})

t.test('a byte order mark, as editors write it, is no fault', async (t) => {
  t.same(problemsOf(t.testdir({ 'invitation.en.json': `\ufeff${JSON.stringify(OWN)}` })), [])
})

t.test('every fault of every file is told at once, by the file’s name', async (t) => {
  const file = (changes: Record<string, unknown>) => JSON.stringify({ ...OWN, ...changes })
  const folder = t.testdir({
    'cancellation.en.json': file({}),
    'change.de.json': file({ html: undefined, text: 7, footer: 'x' }),
    'change.en.json': file({ subject: 'two\r\nlines {{link}}', text: '{{link}} {{startsIn}} {{constructor}} {{__proto__}} {{}}' }),
    'change.it.json': file({ text: '{{link}} {{name', html: '{{link}} {{{name}}}' }),
    'invitation.de.json': '{ "subject": "secret',
    'invitation.en.json': '["subject"]',
    'invitation.fr.json': file({ text: 'Come!', html: '<p>Come!</p>' }),
    'invitation.pt.json': file({}),
    'reminder.es.json': file({ html: '<script>x = "{{name}}"</script><a href={{link}}>x</a><p title="{{name}}">y</p><style>p { {{what}} }</style>' })
  })
  mkdirSync(join(folder, 'reminder.it.json'))
  const unnamed = 'the name is none of <invitation|change|cancellation|reminder>.<de|en|es|fr|it>.json'
  const expected = [
    'cancellation.en.json: text has the unknown placeholder {{link}}',
    'cancellation.en.json: html has the unknown placeholder {{link}}',
    'change.de.json: "footer" is no part of a template',
    'change.de.json: text is no text',
    'change.de.json: html is missing',
    'change.en.json: subject is more than one line',
    'change.en.json: subject has {{link}}',
    'change.en.json: text has the unknown placeholder {{startsIn}}',
    'change.en.json: text has the unknown placeholder {{constructor}}',
    'change.en.json: text has the unknown placeholder {{__proto__}}',
    'change.en.json: text has the unknown placeholder {{}}',
    'change.it.json: text has a placeholder that does not end',
    'invitation.de.json: it is no valid JSON',
    'invitation.en.json: it is no object with subject, text and html',
    'invitation.fr.json: text has no {{link}}',
    'invitation.fr.json: html has no {{link}}',
    `invitation.pt.json: ${unnamed}`,
    'reminder.es.json: html has a script',
    'reminder.es.json: html has a placeholder inside <style>',
    'reminder.es.json: html has a placeholder in a tag outside quotes',
    'reminder.es.json: html has a placeholder other than {{link}} in an attribute',
    'reminder.it.json: it cannot be read (EISDIR)'
  ]
  t.same(problemsOf(folder), expected)
  t.throws(() => loadTemplates(folder), { name: 'TemplatesError', message: `The templates of messages have ${expected.length} problems:\n${expected.map((problem) => `  - ${problem}`).join('\n')}` })
})

t.test('a part that is empty, or names that only look right, are faults', async (t) => {
  const folder = t.testdir({ 'Invitation.en.json': '{}', 'invitation.en.old.json': '{}', '.json': '{}' })
  t.equal(problemsOf(folder).length, 3)
  t.same(faultsOf({ ...OWN, subject: ' ' }, 'invitation'), ['subject is no text'])
  t.same(faultsOf(null, 'invitation'), ['it is no object with subject, text and html'])
  t.same(faultsOf({ ...OWN, text: `{{link}} {{${'x'.repeat(100)}\n}}` }, 'invitation'), [`text has the unknown placeholder {{${'x'.repeat(40)}}}`])
})

t.test('a folder that is not there is told', async (t) => {
  const folder = t.testdir({})
  t.same(problemsOf(join(folder, 'none')), [`${join(folder, 'none')}: it cannot be read as a folder (ENOENT)`])
  writeFileSync(join(folder, 'file'), '')
  t.same(problemsOf(join(folder, 'file')), [`${join(folder, 'file')}: it cannot be read as a folder (ENOTDIR)`])
})
