// Proves the files of deploy/monitoring on a real Prometheus that scrapes a cluster of real
// processes: every expression of the dashboard has data, every alert is a rule that it takes, and
// every metric that they name is there.

import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { appendFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { deadlineAfter, listSettings, sleep, systemClock } from '@vectron/base'
import { Vectron } from '@vectron/client'
import type { LocalCluster } from '@vectron/local-cluster'
import { AUTH_SERVICE, gatewayService, PLACEMENT_SERVICE, WORKER_SERVICE } from '@vectron/process'
import { freePorts } from '@vectron/testkit'
import { localCluster } from '../cluster/local-cluster.ts'

const MONITORING = path.resolve(import.meta.dirname, '../../deploy/monitoring')
/** Metrics that only some clusters have, with what makes them. */
const CONDITIONAL: Readonly<Record<string, string>> = {
  vectron_rate_store_up: '../../services/gateway/src/access/shared-rates.ts',
  vectron_certificate_expiry_seconds: '../../packages/process/src/node-tls.ts',
}
/** Nothing of this kind happens in the test. */
const UNEVENTFUL = 'vectron_connections_ended_total'

interface Panel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly datasource?: { readonly type: string; readonly uid: string }
  readonly gridPos: {
    readonly h: number
    readonly w: number
    readonly x: number
    readonly y: number
  }
  readonly targets?: readonly { readonly refId: string; readonly expr: string }[]
  readonly fieldConfig?: { readonly defaults: { readonly unit: string } }
}

const dashboard = JSON.parse(readFileSync(path.join(MONITORING, 'grafana-dashboard.json'), 'utf8'))
const panels: readonly Panel[] = dashboard.panels
const expressions = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))

let folder: string
let cluster: LocalCluster
let client: Vectron
let prometheus: ChildProcess
let prometheusUrl = ''
let adminUrls: string[]

before(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'vectron-monitoring-'))
  cluster = localCluster(path.join(folder, 'cluster'))
  await cluster.create({ workers: 2, placement: 1, gateways: 1, rerankers: 1, port: 0 })
  // Every query is slow.
  const settings = path.join(cluster.folder, 'gateway-1', 'gateway.toml')
  await appendFile(settings, '\n[slowQueries]\nthresholdMs = 0\n')
  await cluster.startAll()
  const { url } = await cluster.addresses()
  client = new Vectron({ url, apiKey: await cluster.createKey('test') })
  await client.createCollection({ name: 'c', dimension: 2, shardCount: 2, replicationFactor: 2 })
  await startPrometheus()
})

after(async () => {
  prometheus?.kill()
  await cluster?.stop()
  rmSync(folder, { recursive: true, force: true })
})

async function startPrometheus(): Promise<void> {
  const states = await cluster.states()
  const targetsOf = new Map<string, string[]>()
  for (const { node } of states) {
    const targets = targetsOf.get(node.service) ?? []
    targetsOf.set(node.service, [...targets, `127.0.0.1:${node.ports.admin}`])
  }
  adminUrls = [...targetsOf.values()].flat().map((target) => `http://${target}/metrics`)
  const config = {
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: [path.join(MONITORING, 'alerts.yml')],
    scrape_configs: [...targetsOf].map(([service, targets]) => ({
      job_name: `vectron-${service}`,
      static_configs: [{ targets }],
    })),
  }
  const file = path.join(folder, 'prometheus.yml')
  // JSON is YAML.
  writeFileSync(file, JSON.stringify(config))
  const [port = 0] = await freePorts(1)
  prometheusUrl = `http://127.0.0.1:${port}`
  const flags = [
    `--config.file=${file}`,
    `--storage.tsdb.path=${path.join(folder, 'tsdb')}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ]
  prometheus = spawn('prometheus', flags, { stdio: 'ignore' })
  await once(prometheus, 'spawn')
}

// biome-ignore lint/suspicious/noExplicitAny: JSON of an answer, looked into by assertions
async function ask(pathAndQuery: string): Promise<any> {
  const answer = await fetch(`${prometheusUrl}/api/v1/${pathAndQuery}`)
  const body = await answer.text()
  assert.equal(answer.status, 200, body)
  return JSON.parse(body).data
}

/** Series that the expression has by now. */
async function seriesOf(expression: string): Promise<number> {
  const query = expression.replaceAll('$__rate_interval', '30s')
  return (await ask(`query?query=${encodeURIComponent(query)}`)).result.length
}

async function makeTraffic(): Promise<void> {
  const points = client.collection('c')
  await points.upsert([{ id: 'a', vector: [1, 0], payload: { n: 1 } }])
  await points.search({ vector: [1, 0], topK: 1 })
  await points.search({ vector: [1, 0], topK: 1, rerank: { strategy: 'mmr' } })
  await points.get('a')
  await points.search({ vector: [1, 0, 0] }).catch(() => {})
}

async function metricsThere(): Promise<Set<string>> {
  const texts = await Promise.all(adminUrls.map(async (url) => (await fetch(url)).text()))
  return new Set(texts.flatMap((text) => [...text.matchAll(/^# TYPE (\w+)/gm)].map(([, n]) => n!)))
}

function metricsIn(expression: string): string[] {
  const names = expression.match(/\b(vectron|nodejs|process)_\w+/g) ?? []
  return names.map((name) => name.replace(/_(bucket|count|sum)$/, ''))
}

test('Prometheus takes the files, and the alerts fire when they should.', () => {
  const check = (...args: string[]) =>
    execFileSync('promtool', args, { cwd: MONITORING, encoding: 'utf8', stdio: 'pipe' })
  check('check', 'config', 'prometheus.yml')
  check('check', 'rules', 'alerts.yml')
  check('test', 'rules', 'alerts.test.yml')
})

test('The example scrapes every kind of process at its port.', () => {
  const text = readFileSync(path.join(MONITORING, 'prometheus.yml'), 'utf8')
  const services = [AUTH_SERVICE, gatewayService([]), PLACEMENT_SERVICE, WORKER_SERVICE]
  for (const { name, settings } of services) {
    const port = listSettings(settings as never).find(
      ({ path: at }) => at === 'admin.port',
    )?.default
    assert.match(
      text,
      new RegExp(`job_name: vectron-${name}\\n[^-]*- targets: \\["[\\d.]+:${port}"`),
    )
  }
})

test('The dashboard is one that Grafana takes: whole panels, each in its own place.', () => {
  const { uid, title, schemaVersion, templating } = dashboard
  assert.ok(uid !== '' && title !== '' && schemaVersion >= 36)
  assert.deepEqual(
    templating.list.map(({ name, type, query }: Record<string, string>) => [name, type, query]),
    [['datasource', 'datasource', 'prometheus']],
  )
  assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length)
  const taken = new Set<string>()
  for (const { type, title: named, gridPos, targets, datasource, fieldConfig } of panels) {
    assert.ok(named !== '')
    assert.ok(gridPos.x >= 0 && gridPos.x + gridPos.w <= 24, named)
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        assert.ok(!taken.has(`${x},${y}`), `${named} lies over another panel`)
        taken.add(`${x},${y}`)
      }
    }
    if (type === 'row') continue
    assert.ok(['timeseries', 'stat'].includes(type), type)
    assert.equal(datasource?.type, 'prometheus')
    assert.match(datasource?.uid ?? '', /^\$\{datasource\}$/)
    assert.ok(fieldConfig?.defaults.unit !== '')
    const refIds = targets?.map(({ refId }) => refId) ?? []
    assert.ok(refIds.length > 0 && new Set(refIds).size === refIds.length, named)
  }
})

test('Every expression of the dashboard has data on a running cluster.', async () => {
  const deadline = deadlineAfter(systemClock, 90_000)
  let empty = expressions
  while (empty.length > 0) {
    assert.ok(!deadline.passed, `no data:\n${empty.join('\n')}`)
    await makeTraffic()
    await sleep(systemClock, 500)
    const counts = await Promise.all(empty.map((expr) => seriesOf(expr).catch(() => 0)))
    const isEmpty = (expr: string, at: number) => counts[at] === 0 && !expr.includes(UNEVENTFUL)
    empty = empty.filter(isEmpty)
  }
})

test('Every metric that dashboard and alerts name is there, and no alert fires.', async () => {
  const there = await metricsThere()
  const { groups } = await ask('rules')
  // biome-ignore lint/suspicious/noExplicitAny: JSON of an answer
  const rules: any[] = groups.flatMap(({ rules: ofGroup }: any) => ofGroup)
  assert.ok(rules.length >= 18)
  const named = [...expressions, ...rules.map(({ query }) => query)].flatMap(metricsIn)
  const missing = new Set(named.filter((name) => !there.has(name)))
  assert.deepEqual([...missing].sort(), Object.keys(CONDITIONAL).sort())
  for (const [name, file] of Object.entries(CONDITIONAL)) {
    const source = readFileSync(path.resolve(import.meta.dirname, file), 'utf8')
    assert.ok(source.includes(`name: '${name.replace('vectron_', '')}'`), name)
  }
  for (const { name, health, state, lastError } of rules) {
    assert.equal(health, 'ok', `${name}: ${lastError}`)
    assert.notEqual(state, 'firing', name)
  }
})
