import t from 'tap'
import { durationSummary } from '../../lib/plugins/duration-summary.ts'
import { startService } from '../support/service.ts'

t.test('quantiles are within 5 %, count and sum exact', async (t) => {
  const summary = durationSummary()
  t.equal(summary.quantile(0.5), undefined)
  for (let i = 1; i <= 1000; i++) summary.observe(i / 1000)
  t.same(summary.totals().count, 1000)
  t.ok(Math.abs(summary.totals().sum - 500.5) < 1e-6)
  for (const rank of [0.01, 0.5, 0.9, 0.99, 0.999]) {
    const found = summary.quantile(rank) ?? 0
    t.ok(found >= rank && found <= rank * 1.06, `${rank}: ${found}`)
  }
})

t.test('bounds count what is at most as long', async (t) => {
  const summary = durationSummary([0.1, 1])
  for (const seconds of [0.05, 0.1, 0.5, 1, 2]) summary.observe(seconds)
  t.same(summary.atMost(), [2, 4])
})

t.test('nothing is too short or too long for it', async (t) => {
  const summary = durationSummary()
  for (const seconds of [0, 1e-9, 3600]) summary.observe(seconds)
  t.equal(summary.totals().count, 3)
  t.ok((summary.quantile(0.1) ?? 1) < 0.001)
  t.ok((summary.quantile(1) ?? 0) > 300)
})

t.test('the metrics hold both families of requests, by method, route and status', async (t) => {
  const service = await startService(t)
  for (let i = 0; i < 3; i++) await service.inject({ url: '/teleconsultation/x', headers: { miauserid: 'a' } })
  const { body } = await service.inject({ url: '/-/metrics' })
  const labels = 'method="GET",route="/teleconsultation/:roomId",status_code="404"'
  t.match(body, '# TYPE http_request_summary_seconds summary')
  t.match(body, `http_request_summary_seconds_count{${labels}} 3`)
  t.match(body, `http_request_duration_seconds_count{${labels}} 3`)
  t.match(body, `http_request_duration_seconds_bucket{${labels},le="+Inf"} 3`)
  t.match(body, new RegExp(`http_request_summary_seconds\\{${labels},quantile="0.5"\\} 0\\.`))
})
