// Proves that a Vectron of which too much is asked at once refuses some of it, of each kind and
// over both protocols, with the reason and when to come again, answers all that it let in, and is
// still there for who looks after it. The server is started as people start it.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { isVectronError } from '@vectron/base'
import { vectron } from '@vectron/contracts'
import { GrpcChannel } from '@vectron/rpc'
import { VectronProcess } from '@vectron/testkit'

/** Far more than can be answered within `limits.queueMs`, whatever the machine. */
const AT_ONCE = 900
const POINTS = 2000
const DIMENSION = 64

let data: string
let running: VectronProcess
let channel: GrpcChannel

before(async () => {
  data = mkdtempSync(path.join(tmpdir(), 'vectron-overload-'))
  running = await VectronProcess.start({ data, env: { VECTRON__LIMITS__QUEUE_MS: '10' } })
  channel = new GrpcChannel(running.grpc, {
    headers: { authorization: `Bearer ${running.apiKey}` },
  })
  const collection = { name: 'busy', dimension: DIMENSION }
  assert.equal((await running.request('POST', '/v1/collections', collection)).status, 200)
  const points = Array.from({ length: POINTS }, (_, at) => ({
    id: `p${at}`,
    vector: Array.from({ length: DIMENSION }, (_, axis) => Math.sin((at + 1) * (axis + 1))),
  }))
  const put = await running.request('POST', '/v1/collections/busy/points:upsert', { points })
  assert.equal(put.status, 200)
})

after(async () => {
  channel?.close()
  await running?.stop()
  rmSync(data, { recursive: true, force: true })
})

const query = {
  collection: 'busy',
  query: { case: 'id', value: 'p7' },
  topK: 500,
  exact: true,
  cache: false,
} as const

/** Each throws unless its answer is right. */
const CALLS: Readonly<Record<string, () => Promise<void>>> = {
  search: async () => {
    const { results } = await channel.client(vectron.Search).search(query)
    assert.equal(results.length, 500)
  },
  'search as a stream': async () => {
    let results = 0
    for await (const answer of channel.client(vectron.Search).searchStream(query)) {
      results = answer.results.length
    }
    assert.equal(results, 500)
  },
  read: async () => {
    const page = { collection: 'busy', pageSize: 1000, withVector: true }
    const { points } = await channel.client(vectron.Points).scrollPoints(page)
    assert.equal(points.length, 1000)
  },
  write: async () => {
    const update = { collection: 'busy', ids: ['p1'], set: '{"seen":true}' }
    await channel.client(vectron.Points).updatePayload(update)
  },
}

for (const [name, call] of Object.entries(CALLS)) {
  test(`${name}: what is too much is refused, the rest answered`, async () => {
    const kind = name.split(' ')[0] ?? name
    const before = await refused(kind)
    const attempts = Array.from({ length: AT_ONCE }, call)
    const health = channel.client(vectron.Cluster).getHealth({})
    const outcomes = await Promise.allSettled(attempts)
    const failures = outcomes.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []))
    for (const failure of failures) {
      assert.ok(isVectronError(failure, 'OVERLOADED'), String(failure))
      assert.equal(failure.retryAfterMs, 1000)
    }
    assert.ok(failures.length > 0, 'some are refused')
    assert.ok(failures.length < AT_ONCE, 'some are answered')
    assert.equal((await refused(kind)) - before, failures.length)
    await health
    await call()
  })
}

test('HTTP says 429 and when to come again; health and management answer meanwhile', async () => {
  const { url, apiKey } = running
  const search = () =>
    fetch(`${url}/v1/collections/busy/points:search`, {
      method: 'POST',
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ id: 'p7', topK: 500, exact: true, cache: false }),
    })
  const attempts = Promise.all(Array.from({ length: 300 }, search))
  const open = ['/livez', '/readyz', '/metrics', '/v1/collections']
  const meanwhile = open.map((route) =>
    fetch(url + route, { headers: { authorization: `Bearer ${apiKey}` } }),
  )
  for (const response of await Promise.all(meanwhile)) assert.equal(response.status, 200)
  const counts = new Map<number, number>()
  for (const response of await attempts) {
    counts.set(response.status, (counts.get(response.status) ?? 0) + 1)
    if (response.status === 429) assert.equal(response.headers.get('retry-after'), '1')
    await response.arrayBuffer()
  }
  assert.deepEqual([...counts.keys()].sort(), [200, 429], JSON.stringify([...counts]))
})

/** Calls of a kind that were refused so far. */
async function refused(kind: string): Promise<number> {
  const text = await (await fetch(`${running.url}/metrics`)).text()
  const [, count] = new RegExp(`^vectron_calls_refused_total\\{kind="${kind}"\\} (\\d+)`, 'm').exec(
    text,
  ) ?? ['', 'none']
  return Number(count)
}
