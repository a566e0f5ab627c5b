import t from 'tap'
import { startPlatform } from '../support/platform.ts'
import { after, book, booking, NOON, PATIENT } from '../support/service.ts'

for (const declared of [true, false]) {
  t.test(`with ${declared ? 'our optional fields' : 'the original’s collections'}`, async (t) => {
    t.test('what the vendor refused to delete is deleted by the next run, and metrics and check-up tell', async (t) => {
      const { service, vendor, rows } = await startPlatform(t, { declared, variables: { DEPLOYMENT_ID: 'clinic-a', RECONCILE_EVERY_SEC: '0' } })
      const roomId = await book(service)
      vendor.fail('failing', { on: /^DELETE/ })
      t.equal((await service.inject({ method: 'DELETE', url: `/teleconsultation/${roomId}` })).statusCode, 204)
      t.equal(vendor.rooms.filter(({ deleted }) => !deleted).length, 1)
      t.match(await service.app.reconciler.run(), { backlog: 1, deletionsFinished: 0 })
      t.equal((await service.inject({ url: '/-/check-up' })).json().unsettled, 1)
      vendor.recover()
      t.match(await service.app.reconciler.run(), { deletionsFinished: 1, failed: 0 })
      t.ok(vendor.rooms.every(({ deleted }) => deleted))
      t.equal((await rows('bk-ts-teleconsultations'))[0]?.__STATE__, 'TRASH')
      t.match(await service.app.reconciler.run(), { backlog: 0, failed: 0 })
      t.match((await service.inject({ url: '/-/metrics' })).body, /teleconsultation_reconciled_total\{kind="deletionsFinished"\} 1/)
    })

    t.test('a booking whose vendor never answered is undone after its lease', async (t) => {
      const { service, vendor, rows } = await startPlatform(t, { declared, variables: { PROVIDER_TIMEOUT_MS: '200', DEPLOYMENT_ID: 'clinic-a', RECONCILE_EVERY_SEC: '0' } })
      vendor.fail('silent', { on: /^POST .*rooms/, times: 1 })
      const answer = await service.inject({ method: 'POST', url: '/teleconsultation', payload: booking() })
      t.equal(answer.statusCode, 504)
      service.setClock(after(NOON, 1))
      await service.app.reconciler.run()
      t.ok((await rows('bk-ts-teleconsultations')).every(({ __STATE__: state }) => state === 'TRASH'))
      t.ok(vendor.rooms.every(({ deleted }) => deleted))
    })

    t.test('documents at rest are not even read one by one', async (t) => {
      const { service, gate } = await startPlatform(t, { declared, variables: { RECONCILE_EVERY_SEC: '0' } })
      for (let index = 0; index < 3; index++) await book(service, booking({ participants: { number: 3, data: [PATIENT] } }))
      const { rounds, result } = await gate.count(() => service.app.reconciler.run())
      t.equal(rounds, 1)
      t.equal(result.backlog, 0)
    })
  })
}
