import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Clock } from './clock.ts'
import { createMetrics } from './metrics.ts'
import { Stages } from './stages.ts'
import type { SpanOptions, Tracer } from './tracer.ts'

function fixture(tracer?: Tracer) {
  let us = 0
  const metrics = createMetrics()
  const stages = new Stages({
    name: 'work_stage_seconds',
    help: 'Time of each stage.',
    functions: { plan: 'planWork', act: 'act' },
    metrics,
    clock: { monotonicUs: () => us } as Clock,
    tracer,
  })
  const taking = (tookUs: number, error?: Error) => async () => {
    us += tookUs
    if (error !== undefined) throw error
    return tookUs
  }
  return { stages, metrics, taking }
}

test('A stage is timed under its name, also when it fails, and its outcome is passed on.', async () => {
  const { stages, metrics, taking } = fixture()
  assert.equal(await stages.run('plan', taking(2_000)), 2_000)
  await assert.rejects(stages.run('plan', taking(1_000, new Error('no'))), /^Error: no$/)
  await stages.run('act', taking(500_000))
  const text = await metrics.expose()
  assert.match(text, /vectron_work_stage_seconds_sum\{stage="plan"\} 0\.003\n/)
  assert.match(text, /vectron_work_stage_seconds_count\{stage="plan"\} 2\n/)
  assert.match(text, /vectron_work_stage_seconds_sum\{stage="act"\} 0\.5\n/)
})

test('Where requests are traced a stage is a span with the name of its function.', async () => {
  const spans: SpanOptions[] = []
  const tracer = {
    part: (span: SpanOptions, work: () => Promise<unknown>) => {
      spans.push(span)
      return work()
    },
  } as unknown as Tracer
  const { stages, taking } = fixture(tracer)
  await stages.run('plan', taking(1))
  await stages.run('act', taking(1), { shard: '7' })
  assert.deepEqual(spans, [{ name: 'planWork' }, { name: 'act', attributes: { shard: '7' } }])
})
