import { Type } from 'typebox'

/** The variables of the e-mails that people are sent. */
export const mailEnvironment = {
  SMTP_URL: Type.Optional(Type.String({ pattern: '^smtps?://[^\\s]+$', description: 'SMTP server that takes the e-mails, with user and password: smtps://user:password@mail.example.org. Without it, beside the embedded storage, they are kept in the outbox of the page at /; beside a CRUD Service nobody is sent any' })),
  MAIL_FROM: Type.Optional(Type.String({ minLength: 3, maxLength: 320, description: 'Sender of e-mails, e.g. "Clinic" <visits@example.org>; required with SMTP_URL' })),
  MAIL_REMINDERS_MIN: Type.String({ default: '1440,10', pattern: '^([0-9]{1,5}(,[0-9]{1,5}){0,7})?$', description: 'Minutes before the start at which people are reminded, separated by commas; empty: never' }),
  MAIL_TEMPLATES_PATH: Type.Optional(Type.String({ description: 'Folder with texts of your own: <kind>.<language>.json (docs/e-mail.md)' })),
  MAIL_SHOWS_TITLE: Type.Boolean({ default: false, description: 'Whether e-mails and their calendar entries hold the title of a session. It may be about somebody’s health, and leaves the house with them' }),
  MAIL_EVERY_SEC: Type.Integer({ default: 10, minimum: 1, maximum: 3600, description: 'Seconds between two looks for e-mails that are due' })
}
