// Proves on a cluster of real processes that a row rule holds on every replica and through every
// gateway, also while others move points into the rule and out of it.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { sleep, systemClock } from '@vectron/base'
import { clusterSecretPath, type LocalCluster } from '@vectron/local-cluster'
import { channelOptions, openClusterSecret } from '@vectron/process'
import { GrpcChannel } from '@vectron/rpc'
import { findDifferences, lookIntoReplicas } from '../chaos/replica-checks.ts'
import { localCluster } from '../cluster/local-cluster.ts'
import type { Answer } from '../conformance/exchanges.ts'
import {
  CASES,
  createRuledKey,
  outsideOf,
  PROTOCOLS,
  type Ruled,
  type RuledVectron,
  restore,
  Voice,
} from '../conformance/row-rule-matrix.ts'

const SHAPES = {
  replicated: { shardCount: 3, replicationFactor: 3 },
  partitioned: { shardCount: 4, replicationFactor: 3, partitionKey: 'tenant' },
}
/** Of all collections of these tests. */
const SHARDS = 2 * (3 + 4) + 3
const ROUNDS = 20
const TRIES = 100

let cluster: LocalCluster
/** One for each gateway. */
let vectrons: RuledVectron[]

before(async () => {
  cluster = localCluster(mkdtempSync(join(tmpdir(), 'vectron-row-rules-')))
  const { nodes } = await cluster.create({ workers: 3, placement: 1, gateways: 2, port: 0 })
  await cluster.startAll()
  const key = await cluster.createKey('test')
  vectrons = nodes
    .filter(({ service }) => service === 'gateway')
    .map(({ ports }) => ({
      url: `http://127.0.0.1:${ports.http}`,
      grpcAddress: `127.0.0.1:${ports.grpc}`,
      key,
    }))
})

after(async () => {
  await cluster.stop()
  rmSync(cluster.folder, { recursive: true, force: true })
})

function gateway(number: number): RuledVectron {
  const found = vectrons[number]
  assert.ok(found)
  return found
}

test('every operation keeps the rule, whichever gateway its key and the owner speak to', async (t) => {
  for (const [number, protocol] of PROTOCOLS.entries()) {
    const owner = await Voice.open(gateway(number), protocol, gateway(number).key)
    const other = gateway(1 - number)
    const ruled = await Voice.open(other, protocol, await createRuledKey(owner, 'writer'))
    for (const [shape, request] of Object.entries(SHAPES)) {
      const collection = `${shape}-${protocol}`
      await owner.ask('createCollection', { name: collection, dimension: 2, ...request })
      const on: Ruled = { collection, isPartitioned: shape === 'partitioned', owner, ruled }
      for (const [operation, prove] of Object.entries(CASES)) {
        await t.test(`${operation} in ${shape} over ${protocol}`, async () => {
          await restore(on)
          const before = await outsideOf(on)
          await prove(on)
          assert.deepEqual(await outsideOf(on), before)
        })
      }
    }
    owner.close()
    ruled.close()
  }
})

test('a point that leaves the rule is out of reach from that moment, however many write to it', async (t) => {
  const collection = 'contended'
  const owner = await Voice.open(gateway(0), 'grpc', gateway(0).key)
  const key = await createRuledKey(owner, 'writer')
  const ruled = await Promise.all(vectrons.map((each) => Voice.open(each, 'grpc', key)))
  t.after(() => {
    for (const voice of [owner, ...ruled]) voice.close()
  })
  await owner.ask('createCollection', { name: collection, dimension: 2, ...SHAPES.replicated })
  const id = 'contended'
  const upsert = (tenant: string, by: string) => ({
    collection,
    points: [{ id, vector: [1, 0], payload: { tenant, by } }],
  })
  const tally = new Map<string, number>()
  let over = false
  const contend = async (voice: Voice, who: number): Promise<void> => {
    for (let round = 0; !over; round++) {
      const outcome = await voice.attempt('upsertPoints', upsert('mine', `ruled ${who}`))
      tally.set(outcome, (tally.get(outcome) ?? 0) + 1)
      const selected = { collection, ids: [id] }
      if (round % 2 === 0) await voice.ask('updatePayload', { ...selected, set: { by: 'ruled' } })
      else await voice.ask('deletePoints', selected)
    }
  }
  const contending = ruled.map(contend)
  const untilTally = async (outcome: string): Promise<void> => {
    const before = tally.get(outcome) ?? 0
    while ((tally.get(outcome) ?? 0) === before) await sleep(systemClock, 1)
  }
  try {
    for (let round = 0; round < ROUNDS; round++) {
      await owner.ask('upsertPoints', upsert('theirs', `owner ${round}`))
      await untilTally('OUTSIDE_ROW_RULE')
      const { payload } = await owner.ask('getPoint', { collection, id, consistency: 'strong' })
      assert.deepEqual(payload, { tenant: 'theirs', by: `owner ${round}` })
      await owner.ask('upsertPoints', upsert('mine', `owner ${round}`))
      await untilTally('')
    }
  } finally {
    over = true
    await Promise.all(contending)
  }
  assert.deepEqual([...tally.keys()].sort(), ['', 'OUTSIDE_ROW_RULE'])
})

test('all replicas decided alike what was within the rule', async (t) => {
  const owner = await Voice.open(gateway(0), 'http', gateway(0).key)
  t.after(() => owner.close())
  const { workers } = await owner.ask('listWorkers', {})
  const addressOf = (id: number | string) =>
    workers.find(({ workerId }: Answer) => workerId === id)?.address ?? ''
  const secret = openClusterSecret(clusterSecretPath(cluster.folder))
  const trust = { kind: 'secret', secret } as const
  const connect = (address: string) =>
    new GrpcChannel(address, channelOptions(trust, { address, role: 'worker' }))
  let differences: string[] = []
  for (let tries = 0; tries < TRIES; tries++) {
    const { shards } = await owner.ask('listShards', {})
    const facts = await lookIntoReplicas(shards, { addressOf, connect, withRecall: () => false })
    assert.equal(facts.length, 3 * SHARDS)
    differences = findDifferences(facts)
    // What a shard is reported to have applied may be of a moment ago.
    if (differences.length === 0) return
  }
  assert.deepEqual(differences, [])
})
