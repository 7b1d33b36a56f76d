/** Proves what the SDK asks of a cluster, and how it reads the answers. */
import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { json, problem, startTestServer } from './test-server.ts'
import { Vectron } from './vectron.ts'

const server = await startTestServer()
const { cluster } = new Vectron({ url: server.url, apiKey: 'k', retry: { baseMs: 1, capMs: 2 } })

beforeEach(() => {
  ;(server.asked as unknown[]).length = 0
})

function asked(): string[] {
  return server.asked.map(({ method, path, body }) => `${method} ${path} ${body}`.trim())
}

test('lists are unwrapped, and their filters stand in the query', async () => {
  server.answers = [
    json(200, { workers: [{ workerId: 1 }] }),
    json(200, { shards: [{ shardId: 2 }] }),
    json(200, { events: [] }),
  ]
  assert.deepEqual(await cluster.workers(), [{ workerId: 1 }])
  assert.deepEqual(await cluster.shards('a b'), [{ shardId: 2 }])
  assert.deepEqual(await cluster.events('18446744073709551615'), [])
  assert.deepEqual(asked(), [
    'GET /v1/cluster/workers',
    'GET /v1/cluster/shards?collection=a%20b',
    'GET /v1/cluster/events?afterEventId=18446744073709551615',
  ])
})

test('a drain is sent again when the server was away; a move is not', async () => {
  const away = problem(503, 'UNAVAILABLE')
  server.answers = [away, json(200, { replicas: 4 }), away]
  assert.equal(await cluster.drainWorker(3), 4)
  await assert.rejects(cluster.moveReplica({ shardId: 7, fromWorkerId: 3 }), { status: 503 })
  assert.deepEqual(asked(), [
    'POST /v1/cluster/workers/3:drain {}',
    'POST /v1/cluster/workers/3:drain {}',
    'POST /v1/cluster/shards/7:moveReplica {"fromWorkerId":3}',
  ])
})

test('a watch yields each view', async () => {
  server.answers = [(response) => response.end('{"time":"a"}\n{"time":"b"}\n')]
  const times: string[] = []
  for await (const { time } of cluster.watch({ intervalMs: 200 })) times.push(time)
  assert.deepEqual(times, ['a', 'b'])
  assert.deepEqual(asked(), ['GET /v1/cluster/watch?intervalMs=200'])
})
