// Proves the files of deploy/load-balancer with a real nginx and a real Envoy before three real
// gateways: the same search meets the same gateway, over both protocols; searches are spread; when
// a gateway is killed its searches move, those of others stay (with Envoy most of them), and no
// search fails; streams go on.

import assert from 'node:assert/strict'
import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { type Collection, Vectron } from '@vectron/client'
import { vectron } from '@vectron/contracts'
import type { LocalCluster } from '@vectron/local-cluster'
import { GrpcChannel } from '@vectron/rpc'
import { localCluster } from '../cluster/local-cluster.ts'
import { type GatewayPorts, startEnvoy, startNginx } from './balancers.ts'

const GATEWAYS = 3
/** Distinct searches: a gateway with none of them is one chance in 2^40. */
const SEARCHES = 80

interface Gateway {
  readonly name: string
  readonly ports: GatewayPorts & { readonly admin: number }
}

let folder: string
let cluster: LocalCluster
let gateways: Gateway[]
let apiKey: string

before(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'vectron-balanced-'))
  cluster = localCluster(path.join(folder, 'cluster'))
  const { nodes } = await cluster.create({ workers: 1, placement: 1, gateways: GATEWAYS, port: 0 })
  gateways = nodes.filter(({ service }) => service === 'gateway') as unknown as Gateway[]
  for (const { name } of gateways) {
    const settings = path.join(cluster.folder, name, 'gateway.toml')
    // However slow the machine, an answer is kept for as long as the test.
    appendFileSync(settings, '\n[cache]\neventualAgeMs = 60000\n')
  }
  await cluster.startAll()
  apiKey = await cluster.createKey('test')
})

after(async () => {
  await cluster?.stop()
  rmSync(folder, { recursive: true, force: true })
})

/**
 * `staying`: the share of the searches of the other gateways that stay when one is killed. Envoy
 * makes a ring of its own for those that are left; were it no ring, half of them would move.
 */
const BALANCERS = {
  nginx: { start: startNginx, staying: 1 },
  Envoy: { start: startEnvoy, staying: 2 / 3 },
}

for (const [name, { start, staying }] of Object.entries(BALANCERS)) {
  test(`${name} before ${GATEWAYS} gateways`, async (t) => {
    const own = path.join(folder, name)
    mkdirSync(own)
    const balancer = await start({ gateways: gateways.map(({ ports }) => ports), folder: own })
    t.after(() => balancer.stop())
    const client = new Vectron({ url: balancer.url, apiKey, retry: { retriesMax: 0 } })
    const collection = name.toLowerCase()
    await client.createCollection({ name: collection, dimension: 2 })
    const points = client.collection(collection)
    await points.upsert([{ id: 'a', vector: [1, 0] }])
    const searches = overHttp(points)
    const channel = new GrpcChannel(balancer.grpcAddress, {
      headers: { authorization: `Bearer ${apiKey}` },
    })
    t.after(() => channel.close())

    await t.test('spreads searches, and the same one meets the same gateway', async () => {
      const counted = await countSearches(() => hitsOf(searches))
      assert.deepEqual([counted.result, counted.total], [0, SEARCHES])
      assert.ok(
        counted.ofEach.every((count) => count > 0),
        `${counted.ofEach}`,
      )
      assert.equal(await hitsOf(searches), SEARCHES)
    })

    await t.test('goes by the header, where a call has one, over gRPC too', async () => {
      const calls = overGrpc(channel, collection, true)
      const counted = await countSearches(() => hitsOf(calls))
      assert.ok(
        counted.ofEach.every((count) => count > 0),
        `${counted.ofEach}`,
      )
      assert.equal(await hitsOf(calls), SEARCHES)
    })

    await t.test('takes gRPC calls without the header', async () => {
      const calls = overGrpc(channel, collection, false)
      await hitsOf(calls)
      const again = await hitsOf(calls)
      if (balancer.grpcAddress === new URL(balancer.url).host) assert.equal(again, SEARCHES)
    })

    await t.test('lets streams through, in both directions, as they come', async () => {
      await checkStreams(channel, points, collection)
    })

    await t.test('moves the searches of a killed gateway alone, and loses none', async () => {
      // What was written meanwhile made older answers useless.
      await hitsOf(searches)
      const before = await countSearches(() => hitsOf(searches))
      assert.equal(before.result, SEARCHES)
      const killed = gateways.at(-1) as Gateway
      await cluster.kill(killed.name)
      try {
        const moved = before.ofEach.at(-1) ?? 0
        // What moves meets a gateway that has not answered it yet.
        const stayed = await hitsOf(searches)
        assert.ok(stayed <= SEARCHES - moved, `${stayed} stayed, ${moved} had to move`)
        assert.ok(stayed >= (SEARCHES - moved) * staying, `${stayed} stayed, ${moved} had to move`)
        // Until each has a gateway that knows it again.
        while ((await hitsOf(searches)) < SEARCHES);
        await fewAtOnce(
          Array.from(
            { length: 50 },
            (_, at) => () => points.upsert([{ id: `w${at}`, vector: [1, at] }]),
          ),
        )
      } finally {
        await cluster.startAll()
      }
    })
  })
}

/** Answers whether the answer was kept. */
type Search = () => Promise<boolean>

function overHttp(points: Collection): Search[] {
  return Array.from({ length: SEARCHES }, (_, at) => async () => {
    const { cache } = await points.search({ vector: [1, at], topK: 1, consistency: 'eventual' })
    return cache.hit
  })
}

function overGrpc(channel: GrpcChannel, collection: string, hasHeader: boolean): Search[] {
  const search = channel.client(vectron.Search)
  return Array.from({ length: SEARCHES }, (_, at) => async () => {
    const query = { case: 'vector' as const, value: vectorOf(hasHeader ? 2 : 3, at) }
    const consistency = vectron.Consistency.EVENTUAL
    const headers: Record<string, string> = hasHeader ? { 'x-vectron-affinity': `q${at}` } : {}
    const answer = await search.search({ collection, query, topK: 1, consistency }, { headers })
    return answer.cache?.hit ?? false
  })
}

async function hitsOf(searches: readonly Search[]): Promise<number> {
  const hits = await fewAtOnce(searches)
  return hits.filter(Boolean).length
}

/** So few that no gateway refuses one, however slow the machine. */
const AT_ONCE = 16

async function fewAtOnce<T>(calls: readonly (() => Promise<T>)[]): Promise<T[]> {
  const answers: T[] = []
  for (let at = 0; at < calls.length; at += AT_ONCE) {
    answers.push(...(await Promise.all(calls.slice(at, at + AT_ONCE).map((call) => call()))))
  }
  return answers
}

/** How many searches each gateway answered during the work. */
async function countSearches<T>(work: () => Promise<T>) {
  const counts = () => Promise.all(gateways.map(searchesAnswered))
  const before = await counts()
  const result = await work()
  const after = await counts()
  const ofEach = after.map((count, at) => count - (before[at] ?? 0))
  return { result, ofEach, total: ofEach.reduce((sum, count) => sum + count, 0) }
}

async function searchesAnswered({ ports }: Gateway): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${ports.admin}/metrics`)).text()
  const lines = text.match(/^vectron_requests_total\{.*method="Search\/Search".*$/gm) ?? []
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
}

async function checkStreams(
  channel: GrpcChannel,
  points: Collection,
  collection: string,
): Promise<void> {
  // A batch is acknowledged while the stream of requests is still open.
  const acknowledged = Promise.withResolvers<void>()
  async function* batches() {
    yield { collection, points: [{ id: 's1', vector: vectorOf(1, 1) }] }
    await acknowledged.promise
    yield { collection, points: [{ id: 's2', vector: vectorOf(1, 2) }] }
  }
  let answers = 0
  for await (const _ of channel.client(vectron.Points).upsertPointsStream(batches())) {
    answers++
    acknowledged.resolve()
  }
  assert.equal(answers, 2)
  const ending = new AbortController()
  const views = channel.client(vectron.Cluster).watchCluster({}, { signal: ending.signal })
  let seen = 0
  for await (const _ of views) {
    if (++seen === 2) break
  }
  ending.abort()
  const found = []
  for await (const answer of points.searchStream({ vector: [1, 1], topK: 5 })) found.push(answer)
  assert.ok(found.at(-1)?.complete)
}

function vectorOf(...values: number[]) {
  return { data: { case: 'floats' as const, value: { values } } }
}
