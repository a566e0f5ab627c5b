import type { Words } from './words.ts'

export const english: Words = {
  event: 'Video appointment',
  kinds: { teleconsultation: 'Teleconsultation', televisit: 'Video visit', session: 'Video session' },
  greeting: { named: 'Hello {{name}},', unnamed: 'Hello,' },
  soon: 'soon',
  moved: 'Before, it was planned for {{previousWhen}}. That time no longer holds.',
  notMoved: 'Date and time are as they were.',
  openLink: 'A few minutes before it begins, please open this link. It works in your browser, and you need no account:',
  button: 'Open the appointment',
  keepLink: 'The link is for you alone: please do not pass it on.',
  messages: {
    invitation: {
      subject: '{{what}}: {{start}}',
      heading: 'Your video appointment',
      opening: '{{organiser}} invites you to a video appointment.',
      closing: 'If you cannot come, please let {{organiser}} know.'
    },
    change: {
      subject: 'Changed – {{what}}: {{start}}',
      heading: 'Your video appointment has changed',
      opening: 'Something about your video appointment has changed. This is how it stands now:',
      closing: 'If this does not suit you, please let {{organiser}} know.'
    },
    cancellation: {
      subject: 'Cancelled – {{what}}: {{start}}',
      heading: 'Your video appointment is cancelled',
      opening: 'We are sorry: this video appointment will not take place. There is nothing that you need to do.',
      closing: 'If you have a question or would like another date, please get in touch with {{organiser}}.'
    },
    reminder: {
      subject: 'Reminder – {{what}}: {{start}}',
      heading: 'Your video appointment is coming up',
      opening: 'A short reminder: your video appointment begins {{startsIn}}.',
      closing: 'If you cannot come, please let {{organiser}} know.'
    }
  }
}
