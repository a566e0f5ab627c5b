import t from 'tap'
import { startPlatform } from '../support/platform.ts'
import { booking, open } from '../support/service.ts'

t.test('a restriction of rows counts for teleconsultations, and for nothing else that a request asks', async (t) => {
  const { service, auth } = await startPlatform(t, {
    users: [{ user_id: 'auth0|1', name: 'A', app_metadata: { groups: ['doctor'] } }, { user_id: 'auth0|2', name: 'B', app_metadata: { groups: ['patient'] } }]
  })
  const headers = { acl_rows: '{"participantsNumber":2}' }
  const booked = await service.inject({ method: 'POST', url: '/teleconsultation', payload: booking({ participants: ['auth0|1', 'auth0|2'] }), headers })
  t.equal(booked.statusCode, 201)
  t.ok((auth?.seen.length ?? 0) > 0)
  t.notOk(auth?.seen.some(({ headers: seen }) => 'acl_rows' in seen))
  const { roomId } = booked.json<{ roomId: string }>()
  t.equal((await open(service, roomId, 'auth0|1')).statusCode, 200)
  const restricted = await service.inject({ url: `/teleconsultation/${roomId}`, headers: { miauserid: 'auth0|1', acl_rows: '{"participantsNumber":9}' } })
  t.equal(restricted.statusCode, 404)
  t.equal(restricted.json().code, 'TELECONSULTATION_NOT_FOUND')
})
