// Proves on a cluster of real processes that shards, replicas and gateways do not show: many shards
// of three replicas answer as one shard of one replica does, through whichever gateway, also when a
// worker has just been killed.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import {
  type Collection,
  type Filter,
  type ReadOptions,
  type SearchResult,
  Vectron,
} from '@vectron/client'
import type { LocalCluster, PlannedNode } from '@vectron/local-cluster'
import { localCluster } from '../cluster/local-cluster.ts'

const DIMENSION = 6
const POINTS = 600
const TENANTS = 9
const COLLECTIONS = ['one', 'many', 'tenants'] as const

interface Payload {
  readonly tenant: string
  readonly n: number
}

let cluster: LocalCluster
let apiKey = ''
let urls: string[]
/** A client of each gateway; nothing is retried on this side. */
let gateways: Vectron[]
/** By collection: what a read must have seen. */
const tokens = new Map<string, string>()

before(async () => {
  cluster = localCluster(mkdtempSync(join(tmpdir(), 'vectron-cluster-answers-')))
  const { nodes } = await cluster.create({ workers: 3, placement: 1, gateways: 2, port: 0 })
  await cluster.startAll()
  apiKey = await cluster.createKey('test')
  urls = nodes.filter(isGateway).map(({ ports }) => `http://127.0.0.1:${ports.http}`)
  gateways = urls.map((url) => new Vectron({ url, apiKey, retry: { retriesMax: 0 } }))
  await load()
})

after(async () => {
  await cluster.stop()
  rmSync(cluster.folder, { recursive: true, force: true })
})

function isGateway({ service }: PlannedNode): boolean {
  return service === 'gateway'
}

function gateway(index: number): Vectron {
  const found = gateways[index % gateways.length]
  assert.ok(found)
  return found
}

function on(index: number, name: string): Collection<Payload> {
  return gateway(index).collection<Payload>(name)
}

function vectorOf(seed: number): number[] {
  return Array.from({ length: DIMENSION }, (_, i) => Math.sin(seed * (i + 1) + i))
}

function points(from: number, count: number) {
  return Array.from({ length: count }, (_, i) => ({
    id: `p${from + i}`,
    vector: vectorOf(from + i),
    payload: { tenant: `t${(from + i) % TENANTS}`, n: from + i },
  }))
}

async function load(): Promise<void> {
  const shape = {
    dimension: DIMENSION,
    payloadSchema: { tenant: 'keyword', n: 'integer' },
  } as const
  const shapes = {
    one: { shardCount: 1, replicationFactor: 1 },
    many: { shardCount: 5, replicationFactor: 3 },
    tenants: { shardCount: 4, replicationFactor: 3, partitionKey: 'tenant' },
  }
  for (const [index, name] of COLLECTIONS.entries()) {
    await gateway(index).createCollection({ name, ...shape, ...shapes[name] })
    await write(name, 0)
  }
}

/** Writes all points through one gateway, in batches. */
async function write(name: string, through: number): Promise<void> {
  const { sessionToken } = await on(through, name).upsert(points(0, POINTS))
  tokens.set(name, sessionToken)
}

function freshnessOf(name: string, strong: boolean) {
  if (strong) return { consistency: 'strong' } as const
  return { sessionToken: tokens.get(name) ?? '' }
}

function hitsOf({ results, exact, complete, matches }: SearchResult<Payload>) {
  return { hits: results.map(({ id, score }) => [id, score]), exact, complete, matches }
}

/** What every collection must answer alike; each request through another gateway. */
async function answersOf(name: string, strong: boolean) {
  const freshness = freshnessOf(name, strong)
  const own: Filter<Payload> = { must: [{ field: 'tenant', match: 't4' }] }
  const range: Filter<Payload> = { must: [{ field: 'n', range: { gte: 100, lt: 400 } }] }
  const base = { topK: 20, exact: true, ...freshness }
  const search = { vector: vectorOf(77.5), ...base }
  const batch = await on(1, name).batchSearch([
    { ...search, filter: own },
    { ...base, id: 'p123' },
    { ...base, id: 'p124', filter: range },
  ])
  const ids = ['p599', 'nothing', 'p0', 'p321']
  const got = await on(0, name).getMany(ids, { withVector: true, ...freshness })
  return {
    all: hitsOf(await on(0, name).search(search)),
    own: hitsOf(await on(1, name).search({ ...search, filter: own })),
    range: hitsOf(await on(0, name).search({ ...search, filter: range })),
    batch: batch.map(hitsOf),
    count: await on(1, name).count({ filter: own, ...freshness }),
    got: got.points.map(({ id, payload, vector }) => [id, payload, [...(vector ?? [])]]),
    missing: got.missing,
    scrolled: await scrollByTurns(name, freshness),
  }
}

/** Page by page, each asked of another gateway than the one before. */
async function scrollByTurns(name: string, freshness: ReadOptions): Promise<string[]> {
  const ids: string[] = []
  let pageToken = ''
  for (let turn = 0; turn === 0 || pageToken !== ''; turn++) {
    const response = await fetch(`${urls[turn % 2]}/v1/collections/${name}/points:scroll`, {
      method: 'POST',
      headers: { 'x-api-key': apiKey, 'content-type': 'application/json' },
      body: JSON.stringify({ pageSize: 170, pageToken, ...freshness }),
    })
    const page = (await response.json()) as { points: { id: string }[]; nextPageToken: string }
    assert.equal(response.status, 200, JSON.stringify(page))
    ids.push(...page.points.map(({ id }) => id))
    pageToken = page.nextPageToken
  }
  return ids
}

test('Shards, replicas and gateways do not show, also when a worker has been killed.', async (t) => {
  const expected = await answersOf('one', true)

  await t.test('while all is well', async () => {
    assert.equal(expected.scrolled.length, POINTS)
    assert.equal(expected.all.hits.length, 20)
    for (const name of COLLECTIONS) {
      for (const strong of [false, true]) assert.deepEqual(await answersOf(name, strong), expected)
    }
  })

  await t.test('when a worker has just been killed', async () => {
    await cluster.kill('worker-2')
    for (const name of ['many', 'tenants'] as const) {
      assert.deepEqual(await answersOf(name, false), expected)
      await write(name, 1)
      for (const strong of [false, true]) assert.deepEqual(await answersOf(name, strong), expected)
    }
  })

  await t.test('when it is back', async () => {
    await cluster.startNode('worker-2')
    for (const name of COLLECTIONS) {
      for (const strong of [false, true]) assert.deepEqual(await answersOf(name, strong), expected)
    }
  })
})

test('A request that names a value of the partition key needs one shard.', async () => {
  const filter: Filter<Payload> = { must: [{ field: 'tenant', match: 't4' }] }
  const search = { vector: vectorOf(1), filter }
  const { shardsTotal, complete } = await on(0, 'tenants').search(search)
  assert.deepEqual([shardsTotal, complete], [1, true])
  assert.equal((await on(0, 'many').search(search)).shardsTotal, 5)
})
