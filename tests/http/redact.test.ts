import t from 'tap'
import { loggableError, redacted } from '../../lib/http/redact.ts'

const TOKEN = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl'

t.test('tokens, keys in addresses, links and e-mail addresses are taken out of texts', async (t) => {
  for (const [text, secret] of [
    [`/x?token=${TOKEN}`, TOKEN],
    [`http://h/telecons-room/r#${TOKEN}`, TOKEN],
    ['authorization: Bearer abc.def-ghi', 'abc.def-ghi'],
    ['/p?a=1&api_key=verysecret&b=2', 'verysecret'],
    ['/c/?_q=%7B%22receivedUserId%22%3A%22u1%22%7D', 'receivedUserId'],
    ['https://x.bandyer.com/eu/direct-rest-call-handler/6c1f?l=it', '6c1f'],
    ['mail to ada.rossi@clinic.example failed', 'ada.rossi']
  ] as const) t.notOk(redacted(text).includes(secret), text)
  t.equal(redacted('/teleconsultation/0123?useBackground=true'), '/teleconsultation/0123?useBackground=true', 'the rest stays')
})

t.test('an error is logged with its causes, and nothing that hangs on it', async (t) => {
  const cause = Object.assign(new Error(`refused Bearer ${TOKEN}`), { code: 'ECONNREFUSED', request: { headers: { apikey: 'k' } } })
  const logged = loggableError(Object.assign(new Error('failed', { cause }), { body: 'secret' }))
  t.match(logged, { type: 'Error', message: 'failed', cause: { code: 'ECONNREFUSED', message: 'refused Bearer [REDACTED]' } })
  t.notOk(/secret|apikey|eyJ/.test(JSON.stringify(logged)))
  t.match(loggableError('text'), { type: 'string', message: 'text' })
})

t.test('a chain of causes that goes in circles ends', async (t) => {
  const error = new Error('round')
  error.cause = error
  t.ok(JSON.stringify(loggableError(error)).length > 0)
})
