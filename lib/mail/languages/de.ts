import type { Words } from './words.ts'

export const german: Words = {
  event: 'Videotermin',
  kinds: { teleconsultation: 'Telekonsil', televisit: 'Videosprechstunde', session: 'Videositzung' },
  greeting: { named: 'Guten Tag {{name}},', unnamed: 'Guten Tag,' },
  soon: 'in Kürze',
  moved: 'Vorher war er so geplant: {{previousWhen}}. Diese Zeit gilt nicht mehr.',
  notMoved: 'Datum und Uhrzeit bleiben gleich.',
  openLink: 'Bitte öffnen Sie einige Minuten vor Beginn diesen Link. Er funktioniert in Ihrem Browser, ein Konto brauchen Sie nicht:',
  button: 'Termin öffnen',
  keepLink: 'Der Link ist nur für Sie: Bitte geben Sie ihn nicht weiter.',
  messages: {
    invitation: {
      subject: '{{what}}: {{start}}',
      heading: 'Ihr Videotermin',
      opening: '{{organiser}} lädt Sie zu einem Videotermin ein.',
      closing: 'Wenn Sie nicht kommen können, sagen Sie bitte {{organiser}} Bescheid.'
    },
    change: {
      subject: 'Geändert – {{what}}: {{start}}',
      heading: 'Ihr Videotermin hat sich geändert',
      opening: 'An Ihrem Videotermin hat sich etwas geändert. So ist er jetzt geplant:',
      closing: 'Wenn Ihnen das nicht passt, sagen Sie bitte {{organiser}} Bescheid.'
    },
    cancellation: {
      subject: 'Abgesagt – {{what}}: {{start}}',
      heading: 'Ihr Videotermin ist abgesagt',
      opening: 'Es tut uns leid: Dieser Videotermin findet nicht statt. Sie müssen nichts tun.',
      closing: 'Bei Fragen oder für einen anderen Termin wenden Sie sich bitte an {{organiser}}.'
    },
    reminder: {
      subject: 'Erinnerung – {{what}}: {{start}}',
      heading: 'Ihr Videotermin steht an',
      opening: 'Eine kurze Erinnerung: Ihr Videotermin beginnt {{startsIn}}.',
      closing: 'Wenn Sie nicht kommen können, sagen Sie bitte {{organiser}} Bescheid.'
    }
  }
}
