// Proves on two gateways of a real cluster, which keep answers for each other in a real Redis, that
// no search is given an older answer than its consistency allows, whoever wrote and whoever reads;
// that answers are shared; and that nothing fails while Redis is killed.

import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { assertDefined, seededRandom, sleep, systemClock, testSeed } from '@vectron/base'
import { Vectron } from '@vectron/client'
import type { LocalCluster } from '@vectron/local-cluster'
import { RedisProcess } from '@vectron/testkit'
import { localCluster } from '../cluster/local-cluster.ts'

const COLLECTION = 'kept'
/** Half of the searches of each round may meet an answer that was kept. */
const ROUNDS = 400

interface Payload {
  readonly written: number
}
type Points = ReturnType<Vectron['collection']>
type Consistency = 'eventual' | 'session' | 'strong'

let cluster: LocalCluster
let redis: RedisProcess
let gateways: Points[]

before(async () => {
  redis = await RedisProcess.start()
  cluster = localCluster(mkdtempSync(join(tmpdir(), 'vectron-shared-results-')))
  const { nodes } = await cluster.create({ workers: 3, placement: 1, gateways: 2, port: 0 })
  const planned = nodes.filter(({ service }) => service === 'gateway')
  for (const { name } of planned) {
    const file = join(cluster.folder, name, 'gateway.toml')
    appendFileSync(file, `\n[redis]\naddress = "${redis.address}"\n`)
  }
  await cluster.startAll()
  const key = await cluster.createKey('test')
  const clients = planned.map(
    ({ ports }) => new Vectron({ url: `http://127.0.0.1:${ports.http}`, apiKey: key }),
  )
  const [first] = clients
  await first?.createCollection({ name: COLLECTION, dimension: 2, shardCount: 2 })
  gateways = clients.map((client) => client.collection(COLLECTION))
})

after(async () => {
  await cluster.stop()
  await redis.remove()
  rmSync(cluster.folder, { recursive: true, force: true })
})

/** What the search finds of the one point: the number of the write that it saw. */
async function seen(points: Points, how: object = {}) {
  const found = await points.search({ vector: [1, 0], topK: 1, ...how })
  const payload = assertDefined(found.results[0]?.payload, 'the point') as unknown as Payload
  return { written: payload.written, cache: found.cache }
}

async function write(points: Points, written: number): Promise<string> {
  const { sessionToken } = await points.upsert([{ id: 'p', vector: [1, 0], payload: { written } }])
  return sessionToken
}

function either(random: { nextBelow(bound: number): number }): Points {
  return assertDefined(gateways[random.nextBelow(gateways.length)], 'a gateway')
}

test('a search that one gateway answered is known to the other', async () => {
  const [one, two] = gateways
  assert.ok(one && two)
  await write(one, 0)
  while ((await seen(one)).cache.hit) await sleep(systemClock, 50)
  // The answer goes to the store behind the reply.
  for (;;) {
    const { cache } = await seen(two)
    if (cache.hit && cache.shared) break
    await sleep(systemClock, 100)
    await seen(one, { cache: false })
    await seen(one)
  }
})

test('writes and searches through both gateways in any order', async (t) => {
  const seed = testSeed()
  t.diagnostic(`replay: VECTRON_SEED=${seed}`)
  const random = seededRandom(seed)
  const hits: Record<Consistency, number> = { eventual: 0, session: 0, strong: 0 }
  let last = 0
  let writer = either(random)
  let token = await write(writer, last)
  for (let round = 0; round < ROUNDS; round++) {
    if (random.nextBelow(4) === 0) {
      last++
      writer = either(random)
      token = await write(writer, last)
    }
    const consistency = (['eventual', 'session', 'strong'] as const)[random.nextBelow(3)]
    assert.ok(consistency)
    const reader = either(random)
    const how = consistency === 'session' ? { sessionToken: token } : { consistency }
    const { written, cache } = await seen(reader, how)
    const what = `round ${round}: ${consistency}, ${JSON.stringify(cache)}`
    if (cache.hit) hits[consistency]++
    assert.ok(written <= last, what)
    if (consistency === 'eventual') {
      assert.ok(cache.ageMs <= 1000, what)
      if (reader === writer && cache.hit) assert.equal(written, last, what)
    } else {
      assert.equal(written, last, what)
    }
  }
  for (const [consistency, count] of Object.entries(hits)) {
    assert.ok(count > 0, `no ${consistency} search met a kept answer`)
  }
})

test('cache: false asks the shards', async () => {
  const [one] = gateways
  assert.ok(one)
  await seen(one)
  assert.equal((await seen(one, { cache: false })).cache.hit, false)
  assert.equal((await seen(one, { explain: true })).cache.hit, false)
})

test('no search fails when Redis is killed, and each gateway goes on alone', async () => {
  const [one] = gateways
  assert.ok(one)
  await redis.kill()
  for (let round = 0; round < 50; round++) {
    await Promise.all(gateways.map((points) => seen(points)))
  }
  await seen(one)
  assert.equal((await seen(one)).cache.hit, true)
})
