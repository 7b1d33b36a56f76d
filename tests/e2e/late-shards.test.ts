// Proves on a cluster of real processes, one of whose workers is paused, that a search answers
// within its time: with what there is, naming the shards that were late, where the caller takes
// that; and otherwise with an error that names them.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type Collection, Vectron, VectronApiError } from '@vectron/client'
import type { LocalCluster } from '@vectron/local-cluster'
import { localCluster } from '../cluster/local-cluster.ts'

const POINTS = 100
const TENANTS = 8
/** Less than it takes to notice that a worker is silent: the time runs out before. */
const TIMEOUT_MS = 300

let cluster: LocalCluster
let points: Collection
/** Points of tenants, each on one shard. */
let tenants: Collection
/** The shards of the worker that is paused. */
let late: string[]

before(async () => {
  cluster = localCluster(mkdtempSync(join(tmpdir(), 'vectron-late-shards-')))
  await cluster.create({ workers: 2, placement: 1, gateways: 1, port: 0 })
  await cluster.startAll()
  const { url } = await cluster.addresses()
  const apiKey = await cluster.createKey('test')
  const client = new Vectron({ url, apiKey, retry: { retriesMax: 0 } })
  await client.createCollection({
    name: 'c',
    dimension: 2,
    shardCount: 2,
    replicationFactor: 1,
  })
  points = client.collection('c')
  const batch = Array.from({ length: POINTS }, (_, at) => ({
    id: `p${at}`,
    vector: [1, at],
    payload: { tenant: `t${at % TENANTS}` },
  }))
  await points.upsert(batch)
  await client.createCollection({
    name: 'tenants',
    dimension: 2,
    shardCount: 2,
    replicationFactor: 1,
    payloadSchema: { tenant: 'keyword' },
    partitionKey: 'tenant',
  })
  tenants = client.collection('tenants')
  await tenants.upsert(batch)
  const [shards, workers] = [await client.cluster.shards('c'), await client.cluster.workers()]
  const paused = workers.at(-1)
  assert.ok(paused)
  late = shards
    .filter(({ leaderWorkerId }) => `${leaderWorkerId}` === `${paused.workerId}`)
    .map(({ shardId }) => `${shardId}`)
  assert.equal(late.length, 1)
  const { nodes } = (await cluster.read()) ?? assert.fail('the cluster is there')
  const port = Number(paused.address.split(':').at(-1))
  const node = nodes.find(({ ports }) => ports.grpc === port)
  await cluster.pause(node?.name ?? assert.fail(`a worker at ${paused.address}`))
})

after(async () => {
  await cluster.stop()
  rmSync(cluster.folder, { recursive: true, force: true })
})

const query = { vector: [1, 0], topK: POINTS, timeoutMs: TIMEOUT_MS, exact: true }

test('With allowPartial the other shard answers, and the late one is named.', async () => {
  const answer = await points.search({ ...query, allowPartial: true, explain: true })
  assert.ok(answer.results.length > 0 && answer.results.length < POINTS)
  assert.deepEqual([answer.complete, answer.exact], [false, false])
  assert.deepEqual(
    answer.missing.map(({ shardId }) => `${shardId}`),
    late,
  )
  assert.equal(answer.completeness.kind, 'truncated')
  assert.match(
    answer.completeness.truncatedBy.join(),
    new RegExp(`^shard ${late[0]} did not answer`),
  )
  assert.match(answer.explanation?.text ?? '', new RegExp(`shard ${late[0]}: no answer`))
})

test('Otherwise the search fails before its time is over, naming the late shard.', async () => {
  await assert.rejects(points.search(query), (error) => {
    assert.ok(error instanceof VectronApiError)
    assert.ok(['DEADLINE_EXCEEDED', 'UNAVAILABLE'].includes(error.reason), error.message)
    assert.match(error.message, new RegExp(`1 of 2 shards did not answer \\(${late[0]}\\)`))
    return true
  })
})

test('A field that nobody knows is named in a warning; shards that are late may know it.', async () => {
  const misspelt = { must: [{ field: 'misspelt', match: 1 }] }
  const partial = { ...query, allowPartial: true, filter: misspelt }
  const { vector: _, ...others } = partial
  const searches = [
    points.search(partial),
    points.search({ ...partial, groupBy: { field: 'tenant' } }),
    points.search({ ...others, fused: { legs: [{ vector: [1, 0], filter: misspelt }] } }),
  ]
  for (const { results, warnings, missing } of await Promise.all(searches)) {
    assert.deepEqual(results, [])
    assert.equal(missing.length, 1)
    assert.match(warnings.join(), /knows the field "misspelt"/)
  }
})

test('A search of one tenant does not wait for the shards of others, whatever it names.', async () => {
  const ofTenant = (tenant: string, ...conditions: object[]) => {
    const filter = { must: [{ field: 'tenant', match: tenant }, ...conditions] }
    return tenants.search({ ...query, filter: filter as never })
  }
  const names = Array.from({ length: TENANTS }, (_, at) => `t${at}`)
  const tried = await Promise.allSettled(names.map((name) => ofTenant(name)))
  const served = names.find((_, at) => tried[at]?.status === 'fulfilled')
  assert.ok(served !== undefined, 'the other worker has some tenant')
  const { results, warnings, complete } = await ofTenant(served, { field: 'misspelt', match: 1 })
  assert.deepEqual([results, complete], [[], true])
  assert.match(warnings.join(), /knows the field "misspelt"/)
})
