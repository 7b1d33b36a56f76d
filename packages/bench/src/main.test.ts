import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

// Smoke runs over 11,800 vectors, without peers: that the benchmarks run to their closing lines and
// find what they search for. No time is asserted.
const folder = mkdtempSync(join(tmpdir(), 'vectron-bench-test-'))
after(() => rmSync(folder, { recursive: true }))

function closingLinesOf(bench: string): Map<string, string> {
  const script = join(import.meta.dirname, 'main.ts')
  const out = join(folder, bench)
  const flags = ['--size', 'small', '--cache', join(folder, 'cache'), '--out', out]
  const output = execFileSync(process.execPath, [script, bench, ...flags], { encoding: 'utf8' })
  const lines = output.trim().split('\n')
  const [file] = readdirSync(out)
  const report = JSON.parse(readFileSync(join(out, file!), 'utf8'))
  assert.equal(Object.keys(report.figures).length, lines.length)
  assert.equal(report.parameters.size, 'small')
  return new Map(lines.map((line) => line.split('=') as [string, string]))
}

test('bench index closes with speeds, bytes and the build', () => {
  const figures = closingLinesOf('index')
  for (const name of ['qps.r95', 'qps.r98', 'bytes_per_vector', 'build_per_s']) {
    assert.ok(Number(figures.get(`index.words.${name}`)) > 0, name)
  }
})

test('bench server closes with latencies, loads and a recall near the one aimed at', () => {
  const figures = closingLinesOf('server')
  for (const name of ['grpc.c1.p50_us', 'grpc.c1.engine_p50_us', 'grpc.c16.qps', 'http.c16.qps']) {
    assert.ok(Number(figures.get(`server.${name}`)) > 0, name)
  }
  assert.ok(Number(figures.get('server.recall')) > 0.95)
  assert.ok(Number(figures.get('server.remembered.share')) > 0)
  for (const protocol of ['grpc', 'http']) {
    const figure = (name: string) => Number(figures.get(`server.overload.${protocol}.${name}`))
    assert.ok(figure('answered_per_s') > 0, protocol)
    assert.equal(figure('failed'), 0)
    assert.equal(figure('terms'), 0)
  }
})

test('bench relevance closes with nDCG without reranking, by rules and by a model', () => {
  const figures = closingLinesOf('relevance')
  for (const name of ['none', 'rules', 'linear']) {
    const ndcg = Number(figures.get(`relevance.ndcg10.${name}`))
    assert.ok(ndcg > 0 && ndcg <= 1, `${name}: ${ndcg}`)
  }
})

test('bench ingest closes with both rates', () => {
  const figures = closingLinesOf('ingest')
  assert.ok(Number(figures.get('ingest.acked_per_s')) > 0)
  assert.ok(Number(figures.get('ingest.indexed_per_s')) > 0)
})

test('bench restart finds every point again', () => {
  assert.ok(Number(closingLinesOf('restart').get('restart.first_answer_ms')) > 0)
})

test('bench planner plans for a dead worker', () => {
  const figures = closingLinesOf('planner')
  assert.ok(Number(figures.get('planner.round_ms')) > 0)
  assert.equal(figures.get('planner.dead_worker.under_replicated'), '150')
})

test('bench failover closes with the times until writes and replicas are back', () => {
  const figures = closingLinesOf('failover')
  for (const name of ['write.p99_ms', 'rebuild.seconds', 'ingest.three_replicas_per_s']) {
    assert.ok(Number(figures.get(`failover.${name}`)) > 0, name)
  }
})

test('bench auth closes with what identity costs, and sprays', () => {
  const figures = closingLinesOf('auth')
  for (const name of ['cached_us', 'log_ins_per_s', 'spraying.p99_ratio', 'spraying.tries_per_s']) {
    assert.ok(Number(figures.get(`auth.${name}`)) > 0, name)
  }
  for (const store of ['sqlite', 'etcd']) {
    assert.ok(Number(figures.get(`auth.revocation.${store}.p99_ms`)) >= 0, store)
  }
})

test('bench idle closes with the cores that unused shards take', () => {
  const figures = closingLinesOf('idle')
  assert.equal(figures.get('idle.groups_per_worker'), '20')
  assert.ok(Number(figures.get('idle.worker_core_percent')) > 0)
})

test('bench tracing closes with what traces cost, and the collector has them', () => {
  const figures = closingLinesOf('tracing')
  for (const name of ['off.qps', 'off.cpu_us', 'all.cpu_ratio', 'collected_bytes']) {
    assert.ok(Number(figures.get(`tracing.${name}`)) > 0, name)
  }
})
