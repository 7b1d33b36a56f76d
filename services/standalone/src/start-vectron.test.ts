import assert from 'node:assert/strict'
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { fromBinary } from '@bufbuild/protobuf'
import { createLogger, f32ToBytes, loadConfig } from '@vectron/base'
import { encodeVector, vectron, wire } from '@vectron/contracts'
import { STANDALONE_SETTINGS } from '@vectron/process'
import { GrpcChannel } from '@vectron/rpc'
import { type RunningVectron, startVectron } from './start-vectron.ts'

const DIMENSION = 4

/** A real Vectron in this process, over real files, and a gRPC client of it. */
class Node {
  readonly folder: string
  readonly #t: TestContext
  #running: RunningVectron | undefined
  #channel: GrpcChannel | undefined
  #key = ''

  constructor(t: TestContext) {
    this.#t = t
    const parent = mkdtempSync(join(tmpdir(), 'vectron-standalone-'))
    this.folder = join(parent, 'data')
    t.after(async () => {
      await this.stop()
      rmSync(parent, { recursive: true })
    })
  }

  async start(): Promise<RunningVectron> {
    const flag = (path: string, value: string) => ({ path, flag: path, value })
    const { values: config } = loadConfig(STANDALONE_SETTINGS, {
      flags: [flag('data.folder', this.folder), flag('http.port', '0'), flag('grpc.port', '0')],
    })
    const logger = createLogger({ name: 'test', write: (line) => this.#t.diagnostic(line) })
    const onFatal = (error: unknown) => assert.fail(`fatal: ${error}`)
    this.#running = await startVectron({ config, embedders: [], version: '1', logger, onFatal })
    this.#key ||= (await this.#running.auth.createOwnerKey('test')).text
    this.#channel = new GrpcChannel(this.#running.grpcAddress, {
      headers: { authorization: `Bearer ${this.#key}` },
    })
    return this.#running
  }

  async stop(): Promise<void> {
    this.#channel?.close()
    await this.#running?.close()
    this.#running = undefined
  }

  get channel(): GrpcChannel {
    assert.ok(this.#channel)
    return this.#channel
  }

  get collections() {
    return this.channel.client(vectron.Collections)
  }

  get points() {
    return this.channel.shadowClient({ open: vectron.Points, shadow: wire.Points })
  }

  get search() {
    return this.channel.client(vectron.Search)
  }

  get cluster() {
    return this.channel.client(vectron.Cluster)
  }
}

function vectorOf(i: number): Uint8Array {
  return f32ToBytes([Math.cos(i), Math.sin(i), i % 7, 1])
}

function pointsOf(from: number, count: number) {
  return Array.from({ length: count }, (_, index) => {
    const i = from + index
    return {
      id: `p${i}`,
      vector: encodeVector(vectorOf(i)),
      payload: Buffer.from(JSON.stringify({ n: i, even: i % 2 === 0 })),
    }
  })
}

const byVector = (i: number) => ({
  case: 'vector' as const,
  value: { data: { case: 'f32' as const, value: vectorOf(i) } },
})

const fieldIs = (field: string, value: boolean) => ({
  must: [
    {
      field,
      test: { case: 'match' as const, value: { kind: { case: 'boolValue' as const, value } } },
    },
  ],
})

test('A second start has everything that the first acknowledged, and the same identity.', async (t) => {
  const node = new Node(t)
  const first = await node.start()
  await node.collections.createCollection({ name: 'c', dimension: DIMENSION })
  const { affected, sessionToken } = await node.points.upsertPoints({
    collection: 'c',
    points: pointsOf(0, 100),
  })
  assert.equal(affected, 100n)
  await node.stop()

  const second = await node.start()
  assert.equal(second.clusterId, first.clusterId)
  const count = await node.points.countPoints({
    collection: 'c',
    consistency: vectron.Consistency.SESSION,
    sessionToken,
  })
  assert.equal(count.count, 100n)
  const found = await node.search.search({ collection: 'c', query: byVector(42), topK: 1 })
  assert.equal(found.results[0]?.id, 'p42')
  assert.equal(found.results[0]?.payload, '{"n":42,"even":true}')
})

test('Over several shards, reads and writes answer as over one.', async (t) => {
  const node = new Node(t)
  await node.start()
  await node.collections.createCollection({ name: 'one', dimension: DIMENSION })
  await node.collections.createCollection({ name: 'many', dimension: DIMENSION, shardCount: 5 })
  for (const collection of ['one', 'many']) {
    await node.points.upsertPoints({ collection, points: pointsOf(0, 300) })
    const even = fieldIs('even', true)
    const change = await node.points.updatePayload({ collection, filter: even, set: '{"m":true}' })
    assert.equal(change.affected, 150n)
    const gone = await node.points.deletePoints({ collection, ids: ['p1', 'p2', 'nobody'] })
    assert.equal(gone.affected, 2n)
  }
  const { shards } = await node.cluster.listShards({ collection: 'many' })
  assert.equal(shards.length, 5)

  const answers = async (collection: string) => {
    const filter = fieldIs('m', true)
    const search = await node.search.search({ collection, query: byVector(7), topK: 20, filter })
    const byId = await node.search.search({ collection, query: { case: 'id', value: 'p9' } })
    const { responses } = await node.search.batchSearch({
      collection,
      searches: [{ query: byVector(3) }, { query: { case: 'id', value: 'p11' }, exact: true }],
    })
    const got = await node.points.batchGetPoints({ collection, ids: ['p5', 'p1', 'p4'] })
    const ids = (response: vectron.SearchResponse) => response.results.map(({ id }) => id)
    return {
      count: (await node.points.countPoints({ collection, filter })).count,
      search: ids(search),
      matches: search.matches,
      byId: ids(byId),
      batch: responses.map(ids),
      got: got.points.map((point) => Buffer.from(point).toString('hex')),
      missing: got.missing,
      scrolled: await scrollIds(node, collection, 37),
    }
  }
  const many = await answers('many')
  assert.deepEqual(many, await answers('one'))
  assert.equal(many.count, 149n)
  assert.equal(many.byId.includes('p9'), false)
  assert.deepEqual(many.missing, ['p1'])
  assert.deepEqual(many.scrolled, [...many.scrolled].sort())
  assert.equal(many.scrolled.length, 298)
})

async function scrollIds(node: Node, collection: string, pageSize: number): Promise<string[]> {
  const ids: string[] = []
  let pageToken = ''
  do {
    const page = await node.points.scrollPoints({ collection, pageSize, pageToken })
    ids.push(...page.points.map((point) => fromBinary(wire.PointSchema, point).id))
    pageToken = page.nextPageToken
  } while (pageToken !== '')
  return ids
}

test('A stream of batches is acknowledged in order, each batch as it is applied.', async (t) => {
  const node = new Node(t)
  await node.start()
  await node.collections.createCollection({ name: 'c', dimension: DIMENSION, shardCount: 3 })
  async function* batches() {
    for (let i = 0; i < 20; i++) yield { collection: 'c', points: pointsOf(i * 10, i + 1) }
  }
  const affected: bigint[] = []
  for await (const ack of node.points.upsertPointsStream(batches())) affected.push(ack.affected)
  assert.deepEqual(
    affected,
    Array.from({ length: 20 }, (_, i) => BigInt(i + 1)),
  )
})

test('Concurrent writers and readers see their own writes under session and strong reads.', async (t) => {
  const node = new Node(t)
  await node.start()
  await node.collections.createCollection({ name: 'c', dimension: DIMENSION, shardCount: 2 })
  const write = async (writer: number) => {
    for (let i = 0; i < 20; i++) {
      const id = `w${writer}`
      const payload = Buffer.from(`{"v":${i}}`)
      const point = { id, vector: encodeVector(vectorOf(i)), payload }
      const { sessionToken } = await node.points.upsertPoints({ collection: 'c', points: [point] })
      const freshness = i % 2 === 0 ? { sessionToken } : { consistency: vectron.Consistency.STRONG }
      const read = await node.points.getPoint({ collection: 'c', id, ...freshness })
      assert.equal(Buffer.from(read.payload).toString(), `{"v":${i}}`)
    }
  }
  await Promise.all(Array.from({ length: 8 }, (_, writer) => write(writer)))
})

test('Fields added to the schema are checked at once, and still after a restart.', async (t) => {
  const node = new Node(t)
  await node.start()
  await node.collections.createCollection({
    name: 'c',
    dimension: DIMENSION,
    shardCount: 2,
    payloadSchema: { n: vectron.FieldType.INTEGER },
  })
  await node.collections.updateCollection({
    collection: 'c',
    payloadSchema: { tag: vectron.FieldType.KEYWORD },
  })
  const wrong = () =>
    node.points.upsertPoints({
      collection: 'c',
      points: [{ id: 'x', vector: encodeVector(vectorOf(1)), payload: Buffer.from('{"tag":1}') }],
    })
  await assert.rejects(wrong(), { reason: 'PAYLOAD_TYPE_MISMATCH' })
  await assert.rejects(
    node.collections.updateCollection({
      collection: 'c',
      payloadSchema: { n: vectron.FieldType.BOOL },
    }),
    { reason: 'SCHEMA_CONFLICT' },
  )
  await node.stop()
  await node.start()
  await assert.rejects(wrong(), { reason: 'PAYLOAD_TYPE_MISMATCH' })
  const { payloadSchema } = await node.collections.getCollection({ collection: 'c' })
  assert.deepEqual(Object.keys(payloadSchema).sort(), ['n', 'tag'])
})

test('A deleted collection leaves nothing: its name is free and its folders are gone.', async (t) => {
  const node = new Node(t)
  await node.start()
  const shardsFolder = join(node.folder, 'worker', 'shards')
  for (let round = 0; round < 3; round++) {
    await node.collections.createCollection({ name: 'c', dimension: DIMENSION, shardCount: 2 })
    await node.points.upsertPoints({ collection: 'c', points: pointsOf(0, round + 1) })
    assert.equal((await node.points.countPoints({ collection: 'c' })).count, BigInt(round + 1))
    await node.collections.deleteCollection({ collection: 'c' })
    await assert.rejects(node.points.countPoints({ collection: 'c' }), {
      reason: 'COLLECTION_NOT_FOUND',
    })
  }
  await node.stop()
  await node.start()
  assert.deepEqual(readdirSync(shardsFolder), [])
})

test('One folder is open in one place at a time.', async (t) => {
  const node = new Node(t)
  await node.start()
  const other = new Node(t)
  Object.defineProperty(other, 'folder', { value: node.folder })
  await assert.rejects(other.start(), { reason: 'DATA_IN_USE' })
})

test('A lost catalog is not replaced by a new cluster over the data of the old one.', async (t) => {
  const node = new Node(t)
  await node.start()
  await node.collections.createCollection({ name: 'c', dimension: DIMENSION })
  await node.stop()
  const placement = join(node.folder, 'placement')
  cpSync(placement, `${placement}.kept`, { recursive: true })
  rmSync(placement, { recursive: true })
  await assert.rejects(node.start(), { reason: 'WRONG_CLUSTER' })
  assert.ok(existsSync(join(node.folder, 'worker', 'shards', '1')))

  rmSync(placement, { recursive: true })
  cpSync(`${placement}.kept`, placement, { recursive: true })
  await node.start()
  assert.equal((await node.points.countPoints({ collection: 'c' })).count, 0n)
})

test('A shard whose file is damaged is refused by name; others go on, and it comes back.', async (t) => {
  const node = new Node(t)
  await node.start()
  for (const name of ['broken', 'sound']) {
    await node.collections.createCollection({ name, dimension: DIMENSION })
    await node.points.upsertPoints({ collection: name, points: pointsOf(0, 50) })
  }
  const { shards } = await node.cluster.listShards({ collection: 'broken' })
  await node.stop()
  const store = join(node.folder, 'worker', 'shards', `${shards[0]?.shardId}`, 'store.redb')
  cpSync(store, `${store}.kept`)
  writeFileSync(store, 'no store at all')

  await node.start()
  const count = (collection: string) => node.points.countPoints({ collection })
  await assert.rejects(count('broken'), { reason: 'DATA_CORRUPT', message: /store\.redb/ })
  assert.equal((await count('sound')).count, 50n)
  const health = await node.cluster.getHealth({})
  assert.equal(health.status, vectron.HealthStatus.UNAVAILABLE)
  assert.match(health.problems.join(), /broken/)

  renameSync(`${store}.kept`, store)
  for (;;) {
    const found = await count('broken').catch(() => undefined)
    if (found?.count === 50n) break
    await pause(50)
  }
})

test('A revoked key is refused soon; another goes on.', async (t) => {
  const node = new Node(t)
  const running = await node.start()
  const other = await running.auth.createOwnerKey('other')
  const channel = new GrpcChannel(running.grpcAddress, { headers: { 'x-api-key': other.text } })
  t.after(() => channel.close())
  const collections = channel.client(vectron.Collections)
  await collections.listCollections({})
  await running.auth.revokeOwnerKey(other.key.id)
  await assert.rejects(
    async () => {
      for (;;) await collections.listCollections({})
    },
    { reason: 'WRONG_KEY' },
  )
  await node.collections.listCollections({})
})
