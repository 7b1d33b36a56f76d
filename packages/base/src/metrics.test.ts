import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMetrics } from './metrics.ts'

test('metrics carry the prefix and their labels, and registries are apart', async () => {
  const metrics = createMetrics()
  metrics
    .counter({ name: 'requests_total', help: 'Requests.', labels: ['code'] })
    .inc({ code: 'OK' })
  const latency = metrics.histogram({ name: 'request_duration_seconds', help: 'Latency.' })
  latency.observe(0.0002)
  metrics.gauge({ name: 'points', help: 'Points.' }).set(7)
  const text = await metrics.expose()
  assert.match(text, /vectron_requests_total\{code="OK"\} 1/)
  assert.match(text, /vectron_request_duration_seconds_bucket\{le="0.00025"\} 1/)
  assert.match(text, /vectron_points 7/)
  assert.doesNotMatch(await createMetrics().expose(), /vectron_/)
})
