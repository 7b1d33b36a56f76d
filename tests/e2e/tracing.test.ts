// Proves on real processes that one search is one trace: begun by the client, continued by the
// gateway and the worker over gRPC, and sent by each to a collector over OTLP/HTTP. And that the
// stages of a request are in the metrics of the process where they run.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { deadlineAfter, sleep, systemClock } from '@vectron/base'
import { Vectron } from '@vectron/client'
import type { LocalCluster } from '@vectron/local-cluster'
import { localCluster } from '../cluster/local-cluster.ts'

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736'
const CLIENT_SPAN = '00f067aa0ba902b7'
const KIND_SERVER = 2
const KIND_CLIENT = 3

/** As in OTLP's JSON. */
interface ReceivedSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly kind: number
  readonly attributes: readonly { readonly key: string; readonly value: object }[]
  /** `service.name` of the process that sent it. */
  readonly service: string
}

let collector: Server
const spans: ReceivedSpan[] = []
let cluster: LocalCluster
let url = ''
let apiKey = ''

before(async () => {
  collector = createServer(async (request, response) => {
    assert.equal(request.url, '/v1/traces')
    take(await json(request))
    response.setHeader('content-type', 'application/json').end('{}')
  })
  await new Promise<void>((resolve) => {
    collector.listen(0, '127.0.0.1', () => resolve())
  })
  const { port } = collector.address() as AddressInfo
  process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = `http://127.0.0.1:${port}`
  cluster = localCluster(mkdtempSync(join(tmpdir(), 'vectron-tracing-')))
  await cluster.create({ workers: 1, placement: 1, gateways: 1, port: 0 })
  await cluster.startAll()
  url = (await cluster.addresses()).url
  apiKey = await cluster.createKey('test')
  const vectron = new Vectron({ url, apiKey })
  await vectron.createCollection({ name: 'c', dimension: 2, shardCount: 2 })
  await vectron.collection('c').upsert([{ id: 'a', vector: [1, 0] }])
})

after(async () => {
  await cluster.stop()
  rmSync(cluster.folder, { recursive: true, force: true })
  collector.closeAllConnections()
  collector.close()
})

// biome-ignore lint/suspicious/noExplicitAny: JSON of a message, looked into by assertions
function take(body: any): void {
  for (const { resource, scopeSpans } of body.resourceSpans) {
    const named = resource.attributes.find(({ key }: { key: string }) => key === 'service.name')
    for (const { spans: received } of scopeSpans) {
      for (const span of received) spans.push({ ...span, service: named.value.stringValue })
    }
  }
}

async function search(headers: Record<string, string>): Promise<void> {
  const answer = await fetch(`${url}/v1/collections/c/points:search`, {
    method: 'POST',
    headers: { ...headers, authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ vector: [1, 0], topK: 1, cache: false }),
  })
  assert.equal(answer.status, 200, await answer.text())
}

/** The spans of a trace once they are as many as wanted. */
async function spansOf(
  isWanted: (span: ReceivedSpan) => boolean,
  count: number,
): Promise<ReceivedSpan[]> {
  const deadline = deadlineAfter(systemClock, 60_000)
  for (;;) {
    const found = spans.filter(isWanted)
    if (found.length >= count) return found
    assert.ok(!deadline.passed, JSON.stringify(found.map(({ service, name }) => [service, name])))
    await sleep(systemClock, 50)
  }
}

test('One search is one trace, from the client through the gateway to the engine of each shard.', async () => {
  await search({ traceparent: `00-${TRACE_ID}-${CLIENT_SPAN}-01` })
  const ofTrace = ({ traceId }: ReceivedSpan) => traceId === TRACE_ID
  // Two shards of one worker, asked in one request.
  await spansOf((span) => ofTrace(span) && span.name === 'ShardEngine.search', 2)
  const found = await spansOf((span) => ofTrace(span) && span.name === 'search', 1).then(() =>
    spans.filter(ofTrace),
  )
  const byId = new Map(found.map((span) => [span.spanId, span]))
  /** Names from the root of the process down to the span, with the processes. */
  const pathTo = (span: ReceivedSpan): string[] => {
    const parent = byId.get(span.parentSpanId ?? '')
    return [...(parent === undefined ? [] : pathTo(parent)), `${span.service}: ${span.name}`]
  }
  const engine = found.filter(({ name }) => name === 'ShardEngine.search')
  for (const span of engine) {
    assert.deepEqual(pathTo(span), [
      'vectron-gateway: search',
      'vectron-gateway: searchShards',
      'vectron-gateway: searchShards',
      'vectron-worker: searchShards',
      'vectron-worker: Shard.search',
      'vectron-worker: ShardEngine.search',
    ])
  }
  const kinds = found.filter(({ name }) => name === 'searchShards').map(({ kind }) => kind)
  assert.ok(kinds.includes(KIND_CLIENT) && kinds.includes(KIND_SERVER))
  const [root] = found.filter(({ name }) => name === 'search')
  assert.equal(root?.parentSpanId, CLIENT_SPAN)
  assert.equal(root?.kind, KIND_SERVER)
  const stages = found.filter(({ parentSpanId }) => parentSpanId === root?.spanId)
  const names = stages.map(({ name }) => name)
  for (const name of ['openSearchJob', 'resolveTargets', 'searchShards', 'mergeAll']) {
    assert.ok(names.includes(name), `${name} of ${names}`)
  }
  const shards = found.filter(({ name }) => name === 'Shard.search')
  const told = shards.map(({ attributes }) => JSON.stringify(attributes)).sort()
  assert.equal(new Set(told).size, 2)
  assert.ok(told.every((text) => text.includes('vectron.shard')))
})

test('A search without a trace begins one; heartbeats and routing begin none.', async () => {
  const before = new Set(spans.filter(({ name }) => name === 'search').map(({ spanId }) => spanId))
  await search({})
  const isNew = ({ name, spanId }: ReceivedSpan) => name === 'search' && !before.has(spanId)
  const [root] = await spansOf(isNew, 1)
  assert.equal(root?.parentSpanId ?? '', '')
  await spansOf(({ traceId, name }) => traceId === root?.traceId && name === 'Shard.search', 2)
  const background = spans.filter(({ name }) => name === 'heartbeat' || name === 'getRouting')
  assert.deepEqual(
    background.filter(({ parentSpanId }) => (parentSpanId ?? '') === ''),
    [],
  )
})

test('Placement and the authenticator take part where a request needs them.', async () => {
  const traceId = 'c'.repeat(32)
  const unknownKey = await cluster.createKey('another')
  const made = await fetch(`${url}/v1/collections`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${unknownKey}`,
      'content-type': 'application/json',
      traceparent: `00-${traceId}-${CLIENT_SPAN}-01`,
    },
    body: JSON.stringify({ name: 'traced', dimension: 2 }),
  })
  assert.equal(made.status, 200, await made.text())
  const isServed = (service: string, method: string) => (span: ReceivedSpan) =>
    span.traceId === traceId &&
    span.kind === KIND_SERVER &&
    span.service === `vectron-${service}` &&
    span.name === method
  await spansOf(isServed('gateway', 'createCollection'), 1)
  await spansOf(isServed('auth', 'validateKey'), 1)
  await spansOf(isServed('placement', 'createCollection'), 1)
})

test('A caller who does not want a trace gets none.', async () => {
  const traceId = 'a'.repeat(32)
  await search({ traceparent: `00-${traceId}-${CLIENT_SPAN}-00` })
  await search({ traceparent: `00-${'b'.repeat(32)}-${CLIENT_SPAN}-01` })
  await spansOf((span) => span.traceId === 'b'.repeat(32) && span.name === 'Shard.search', 2)
  assert.deepEqual(
    spans.filter((span) => span.traceId === traceId),
    [],
  )
})
