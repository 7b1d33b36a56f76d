// Proves on a cluster of real processes what search-only replicas are for: one voter and two of
// them on three workers. They answer when nobody else does, no write waits for them, and one whose
// worker is lost is made anew on another.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { appendFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { deadlineAfter, sleep, systemClock } from '@vectron/base'
import { type Collection, type ShardInfo, Vectron } from '@vectron/client'
import type { LocalCluster } from '@vectron/local-cluster'
import { localCluster } from '../cluster/local-cluster.ts'
import { vectron as command } from './vectron-command.ts'

const POINTS = 300
/** So that a killed worker is given up within the test. */
const DRIVER = '\n[driver]\nsilentMs = 5000\ndeadMs = 15000\n'

let cluster: LocalCluster
let env: Readonly<Record<string, string>>
let client: Vectron
let points: Collection

before(async () => {
  cluster = localCluster(mkdtempSync(join(tmpdir(), 'vectron-search-only-')))
  await cluster.create({ workers: 3, placement: 1, gateways: 1, port: 0 })
  await appendFile(join(cluster.folder, 'placement-1', 'placement.toml'), DRIVER)
  await cluster.startAll()
  const { url } = await cluster.addresses()
  const apiKey = await cluster.createKey('test')
  env = { VECTRON_URL: url, VECTRON_API_KEY: apiKey }
  client = new Vectron({ url, apiKey, retry: { retriesMax: 0 } })
  points = client.collection('c')
})

after(async () => {
  await cluster.stop()
  rmSync(cluster.folder, { recursive: true, force: true })
})

async function run(...args: string[]) {
  const { code, stdout, stderr } = await command(args, { env })
  return { code, text: stdout + stderr }
}

async function theShard(): Promise<ShardInfo> {
  const [shard] = await client.cluster.shards()
  assert.ok(shard)
  return shard
}

/** Settles with the shard once it is as wanted. */
async function until(what: string, isThere: (shard: ShardInfo) => boolean): Promise<ShardInfo> {
  const deadline = deadlineAfter(systemClock, 120_000)
  for (;;) {
    const shard = await theShard()
    if (isThere(shard)) return shard
    assert.ok(!deadline.passed, `never came true: ${what}; ${JSON.stringify(shard)}`)
    await sleep(systemClock, 100)
  }
}

/** The local cluster's name of a worker. */
async function nameOf(workerId: number | string): Promise<string> {
  const workers = await client.cluster.workers()
  const address = workers.find((worker) => worker.workerId === workerId)?.address
  const states = await cluster.states()
  const found = states.find(({ node }) => address === `127.0.0.1:${node.ports.grpc}`)
  assert.ok(found, `worker ${workerId} at ${address}`)
  return found.node.name
}

function rolesOf({ replicas }: ShardInfo): string[] {
  return replicas.map(({ role }) => role).sort()
}

function isWhole({ problems, changing, replicas }: ShardInfo): boolean {
  const isSettled = replicas.every(({ lag, leaving }) => lag === 0 && !leaving)
  return problems.length === 0 && !changing && isSettled
}

function batch(from: number) {
  return Array.from({ length: POINTS }, (_, i) => {
    return { id: `p${from + i}`, vector: [Math.sin(from + i), Math.cos(from + i)] }
  })
}

async function nearest(sessionToken: string): Promise<string[]> {
  const { results, complete } = await points.search({ vector: [1, 0], topK: 5, sessionToken })
  assert.ok(complete)
  return results.map(({ id }) => id)
}

test('Search-only replicas answer alone, cost writes nothing, and are made anew.', async (t) => {
  let voter = ''
  let learners: string[] = []
  let found: string[] = []

  await t.test('a collection is made with them', async () => {
    const create = ['collection', 'create', 'c', '--dimension', '2', '--shards', '1']
    const many = await run(...create, '--replicas', '2', '--search-replicas', '2')
    assert.match(many.text, /searchReplicas is 2 beside a replicationFactor of 2/)
    assert.notEqual(many.code, 0)
    const made = await run(...create, '--replicas', '1', '--search-replicas', '2')
    assert.equal(made.code, 0, made.text)
    const { sessionToken } = await points.upsert(batch(0))
    const shard = await until('all have all', isWhole)
    assert.deepEqual(rolesOf(shard), ['leader', 'search-only', 'search-only'])
    assert.match((await run('shard', 'list')).text, /\(search-only\).*\(search-only\)/)
    const [leader, ...others] = shard.replicas.toSorted((a, b) => (a.role < b.role ? -1 : 1))
    assert.ok(leader)
    voter = await nameOf(leader.workerId)
    learners = await Promise.all(others.map(({ workerId }) => nameOf(workerId)))
    found = await nearest(sessionToken)
    assert.equal(found.length, 5)
  })

  await t.test('they answer while the only voter is gone, which takes no writes', async () => {
    const { sessionToken } = await points.upsert(batch(0))
    await cluster.kill(voter)
    for (let i = 0; i < 10; i++) assert.deepEqual(await nearest(sessionToken), found)
    assert.equal(await points.count({ consistency: 'eventual' }), POINTS)
    await assert.rejects(points.upsert(batch(0), { timeoutMs: 2000 }))
    await cluster.startNode(voter)
    await until('the voter leads again', ({ leaderWorkerId }) => String(leaderWorkerId) !== '0')
    await points.upsert(batch(POINTS))
  })

  await t.test('writes go on without them, and one is made anew on a new worker', async () => {
    const [lost = '', other = ''] = learners
    await cluster.kill(lost)
    await cluster.kill(other)
    const { sessionToken } = await points.upsert(batch(2 * POINTS))
    assert.equal(await points.count({ sessionToken }), 3 * POINTS)
    await cluster.startNode(other)
    const lack = '1 of 2 search-only replicas are ready'
    await until('the loss is told', ({ problems }) => problems[0] === lack)

    const { name } = await cluster.addWorker()
    const shard = await until('another is there', isWhole)
    assert.deepEqual(rolesOf(shard), ['leader', 'search-only', 'search-only'])
    const names = await Promise.all(shard.replicas.map(({ workerId }) => nameOf(workerId)))
    assert.deepEqual(names.toSorted(), [voter, other, name].toSorted())
    const hasAll = ({ pointsCount }: ShardInfo['replicas'][number]) => pointsCount === 3 * POINTS
    await until('each says that it has all', ({ replicas }) => replicas.every(hasAll))
    // Nobody but the new one is left to answer.
    const expected = await nearest(sessionToken)
    await cluster.kill(voter)
    await cluster.kill(other)
    for (let i = 0; i < 5; i++) assert.deepEqual(await nearest(sessionToken), expected)
    await cluster.startNode(voter)
    await cluster.startNode(other)
  })

  await t.test('fewer are asked for, and the surplus goes', async () => {
    await until('all is well again', isWhole)
    const fewer = await run('collection', 'update', 'c', '--search-replicas', '0')
    assert.equal(fewer.code, 0, fewer.text)
    await until('the voter is alone', (shard) => rolesOf(shard).join() === 'leader')
    const { sessionToken } = await points.upsert(batch(0))
    assert.equal(await points.count({ sessionToken }), 3 * POINTS)
  })
})
