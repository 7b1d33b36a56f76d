import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { type Random, seededRandom, testSeed } from '@vectron/base'
import { placement } from '@vectron/contracts'
import { Catalog, type CatalogResult } from './catalog.ts'
import { versionOf } from './catalog-members.ts'
import { tileRanges } from './plan-collection.ts'
import { buildAssignments, buildPeers } from './routing-message.ts'

type Command = NonNullable<MessageInitShape<typeof placement.CatalogCommandSchema>['command']>

/** A catalog driven command by command. */
class Driven {
  catalog = new Catalog()
  #index = 0n

  run(command: Command): CatalogResult {
    this.#index += 1n
    const message = create(placement.CatalogCommandSchema, { command })
    return this.catalog.apply(this.#index, message)
  }

  refused(command: Command): string {
    const result = this.run(command)
    assert.equal(result.kind, 'refused')
    return result.kind === 'refused' ? result.reason : ''
  }

  /** The same from its snapshot. */
  reopen(): void {
    const bytes = toBinary(placement.CatalogStateSchema, this.catalog.snapshot())
    this.catalog = new Catalog(fromBinary(placement.CatalogStateSchema, bytes))
  }

  shard(shardId: bigint): string {
    const { shard } = this.catalog.shards.get(shardId)!
    const replicas = shard.replicas.map((replica) => {
      const { replicaId, workerId, learner, searchOnly, leaving } = replica
      const kind = searchOnly ? ' search-only' : learner ? ' learner' : ''
      return `${replicaId}@${workerId}${kind}${leaving ? ' leaving' : ''}`
    })
    return `v${versionOf(shard)}: ${replicas.join(', ')}`
  }

  /** What a worker is told, as bytes. */
  told(workerId: bigint): string {
    const assignments = buildAssignments(this.catalog, workerId)
    assignments.sort((a, b) => Number(a.shardId - b.shardId))
    const peers = buildPeers(this.catalog, workerId)
    const answer = create(placement.HeartbeatResponseSchema, { assignments, peers })
    return Buffer.from(toBinary(placement.HeartbeatResponseSchema, answer)).toString('hex')
  }
}

function withShard(workers: number): Driven {
  const driven = new Driven()
  for (let i = 0; i < workers; i++) driven.run({ case: 'addWorker', value: { address: `w${i}` } })
  const shards = tileRanges(1).map((range) => ({ ...range, workerIds: [1n, 2n] }))
  driven.run({ case: 'addCollection', value: { collection: { name: 'c' }, shards } })
  return driven
}

test('A replica joins as a learner, is promoted, and leaves in two steps.', () => {
  const driven = withShard(3)
  assert.equal(driven.shard(1n), 'v1: 1@1, 2@2')
  const added = driven.run({
    case: 'addReplica',
    value: { shardId: 1n, membershipVersion: 1n, workerId: 3n },
  })
  assert.deepEqual(added, { kind: 'replica', replicaId: 3n })
  assert.equal(driven.shard(1n), 'v2: 1@1, 2@2, 3@3 learner')
  driven.run({
    case: 'promoteReplica',
    value: { shardId: 1n, membershipVersion: 2n, replicaId: 3n },
  })
  assert.equal(driven.shard(1n), 'v3: 1@1, 2@2, 3@3')
  driven.run({
    case: 'removeReplica',
    value: { shardId: 1n, membershipVersion: 3n, replicaId: 1n },
  })
  assert.equal(driven.shard(1n), 'v4: 1@1 leaving, 2@2, 3@3')
  const [assignment] = buildAssignments(driven.catalog, 1n)
  assert.equal(assignment?.replicaId, 1n)
  assert.deepEqual(
    assignment?.members.map(({ replicaId }) => replicaId),
    [2n, 3n],
  )
  driven.run({ case: 'forgetReplica', value: { shardId: 1n, replicaId: 1n } })
  assert.equal(driven.shard(1n), 'v4: 2@2, 3@3')
  assert.deepEqual(buildAssignments(driven.catalog, 1n), [])
})

test('A search-only replica is a learner from the beginning, and votes only when it is promoted.', () => {
  const driven = withShard(4)
  const range = tileRanges(1)[0]!
  const shards = [{ ...range, workerIds: [1n], searchWorkerIds: [2n, 3n] }]
  const collection = { name: 'searched', replicationFactor: 1, searchReplicas: 2 }
  driven.run({ case: 'addCollection', value: { collection, shards } })
  assert.equal(driven.shard(2n), 'v1: 3@1, 4@2 search-only, 5@3 search-only')
  driven.reopen()
  const [assignment] = buildAssignments(driven.catalog, 3n).filter((one) => one.shardId === 2n)
  assert.deepEqual(
    assignment?.members.map(({ learner, searchOnly }) => [learner, searchOnly]),
    [
      [false, false],
      [true, true],
      [true, true],
    ],
  )
  const at = (membershipVersion: bigint) => ({ shardId: 2n, membershipVersion })
  driven.run({ case: 'addReplica', value: { ...at(1n), workerId: 4n, searchOnly: true } })
  driven.run({ case: 'promoteReplica', value: { ...at(2n), replicaId: 4n } })
  assert.equal(driven.shard(2n), 'v3: 3@1, 4@2, 5@3 search-only, 6@4 search-only')
  driven.run({ case: 'changeCollection', value: { name: 'searched', searchReplicas: 3 } })
  assert.equal(driven.catalog.collections.get('searched')?.collection?.searchReplicas, 3)
  driven.run({ case: 'changeCollection', value: { name: 'searched', description: 'new' } })
  assert.equal(driven.catalog.collections.get('searched')?.collection?.searchReplicas, 3)
})

test('A change is refused when it was planned from another version, or breaks a rule.', () => {
  const driven = withShard(3)
  const shardId = 1n
  const at = (membershipVersion: bigint) => ({ shardId, membershipVersion })
  const add = (version: bigint, workerId: bigint): Command => {
    return { case: 'addReplica', value: { ...at(version), workerId } }
  }
  const promote = (version: bigint, replicaId: bigint): Command => {
    return { case: 'promoteReplica', value: { ...at(version), replicaId } }
  }
  const remove = (version: bigint, replicaId: bigint): Command => {
    return { case: 'removeReplica', value: { ...at(version), replicaId } }
  }
  assert.equal(driven.refused(add(0n, 3n)), 'STALE_EPOCH')
  assert.equal(driven.refused(add(1n, 2n)), 'CONFLICT')
  assert.equal(driven.refused(add(1n, 9n)), 'WORKER_NOT_FOUND')
  assert.equal(driven.refused(promote(1n, 1n)), 'CONFLICT')
  assert.equal(driven.refused(promote(1n, 9n)), 'CONFLICT')
  assert.equal(driven.refused(remove(2n, 1n)), 'STALE_EPOCH')
  driven.run(remove(1n, 1n))
  assert.equal(driven.refused(remove(2n, 2n)), 'CONFLICT')
  assert.equal(driven.refused(add(2n, 1n)), 'CONFLICT')
  assert.equal(
    driven.refused({ case: 'forgetReplica', value: { shardId, replicaId: 2n } }),
    'CONFLICT',
  )
  assert.equal(driven.refused({ case: 'removeWorker', value: { workerId: 2n } }), 'CONFLICT')
  const unknown = { shardId: 9n, replicaId: 1n }
  assert.equal(driven.refused({ case: 'forgetReplica', value: unknown }), 'SHARD_NOT_FOUND')
  assert.equal(driven.shard(1n), 'v2: 1@1 leaving, 2@2')
})

test('A worker that hosts nothing goes, and its id with it.', () => {
  const driven = withShard(3)
  driven.run({ case: 'setDraining', value: { workerId: 3n, draining: true } })
  assert.equal(driven.catalog.workers.get(3n)?.draining, true)
  driven.run({ case: 'removeWorker', value: { workerId: 3n } })
  const next = driven.run({ case: 'addWorker', value: { address: 'new' } })
  assert.deepEqual(next, { kind: 'worker', workerId: 4n })
})

test('A member of placement is seated anew under an id that nobody had.', () => {
  const driven = withShard(1)
  const seat = (memberId: bigint, presentReplicaId: bigint) =>
    driven.run({ case: 'seatMember', value: { memberId, presentReplicaId } })
  assert.equal(driven.catalog.seatOf(2n), 2n)
  assert.deepEqual(seat(2n, 2n), { kind: 'replica', replicaId: 6n })
  assert.equal(seat(2n, 2n).kind, 'refused')
  assert.deepEqual(seat(3n, 3n), { kind: 'replica', replicaId: 7n })
  driven.reopen()
  assert.deepEqual(seat(2n, 6n), { kind: 'replica', replicaId: 8n })
  assert.deepEqual(
    [1n, 2n, 3n].map((id) => driven.catalog.seatOf(id)),
    [1n, 8n, 7n],
  )
})

test('A snapshot of a release without versions of assignments opens; all may be new to workers.', () => {
  const driven = withShard(2)
  const state = driven.catalog.snapshot()
  for (const worker of state.workers) worker.assignmentsVersion = 0n
  const opened = new Catalog(state)
  assert.equal(opened.workers.get(1n)?.assignmentsVersion, opened.version)
})

test('Whatever is commanded: ids are new, ranges tile, replicas stand apart, news are told.', () => {
  const seed = testSeed()
  const random = seededRandom(seed)
  for (let round = 0; round < 10; round++) {
    const driven = withShard(4)
    const seen = { workers: 4n, shards: 1n, replicas: 2n }
    for (let i = 0; i < 80; i++) {
      const before = new Map(
        [...driven.catalog.workers.values()].map((worker) => {
          return [worker.workerId, { ...worker, told: driven.told(worker.workerId) }]
        }),
      )
      const result = driven.run(randomCommand(random))
      if (result.kind === 'worker' && result.workerId > seen.workers) seen.workers += 1n
      checkIds(driven.catalog, seen, `VECTRON_SEED=${seed}`)
      checkShards(driven.catalog, `VECTRON_SEED=${seed}`)
      for (const { workerId, assignmentsVersion } of driven.catalog.workers.values()) {
        const was = before.get(workerId)
        if (was === undefined || was.told === driven.told(workerId)) continue
        assert.ok(assignmentsVersion > was.assignmentsVersion, `VECTRON_SEED=${seed}`)
      }
      if (random.nextBelow(10) === 0) driven.reopen()
    }
  }
})

function randomCommand(random: Random): Command {
  const some = (below: number) => BigInt(1 + random.nextBelow(below))
  const target = { shardId: some(4), membershipVersion: some(6), replicaId: some(12) }
  const name = `c${random.nextBelow(3)}`
  switch (random.nextBelow(11)) {
    case 0:
      return { case: 'addWorker', value: { raftAddress: 'r' } }
    case 1:
      return { case: 'dropCollection', value: { name } }
    case 2: {
      const workerIds = [1n, 2n, 3n].slice(random.nextBelow(3))
      const shards = tileRanges(1 + random.nextBelow(3)).map((range) => ({ ...range, workerIds }))
      return { case: 'addCollection', value: { collection: { name }, shards } }
    }
    case 3:
    case 4:
      return { case: 'addReplica', value: { ...target, workerId: some(6) } }
    case 5:
      return { case: 'promoteReplica', value: target }
    case 6:
      return { case: 'removeReplica', value: target }
    case 7:
      return { case: 'forgetReplica', value: target }
    case 8:
      return { case: 'removeWorker', value: { workerId: some(6) } }
    case 9:
      return { case: 'changeCollection', value: { name, description: `${some(9)}` } }
    default:
      return { case: 'setWorkerAddress', value: { workerId: some(6), raftAddress: `${some(9)}` } }
  }
}

interface Seen {
  workers: bigint
  shards: bigint
  replicas: bigint
}

/** Every id is one that was seen, or the next one. */
function checkIds(catalog: Catalog, seen: Seen, replay: string): void {
  const { nextWorkerId, nextShardId, nextReplicaId } = catalog.snapshot()
  assert.ok(nextWorkerId > seen.workers && nextShardId > seen.shards, replay)
  assert.ok(nextReplicaId > seen.replicas, replay)
  for (const workerId of catalog.workers.keys()) assert.ok(workerId < nextWorkerId, replay)
  const replicaIds = new Set<bigint>()
  for (const { shard } of catalog.shards.values()) {
    assert.ok(shard.shardId < nextShardId, replay)
    for (const { replicaId } of shard.replicas) {
      assert.ok(replicaId < nextReplicaId && !replicaIds.has(replicaId), replay)
      replicaIds.add(replicaId)
    }
  }
  Object.assign(seen, { shards: nextShardId - 1n, replicas: nextReplicaId - 1n })
}

function checkShards(catalog: Catalog, replay: string): void {
  for (const { shards } of catalog.collections.values()) {
    let end = 0n
    for (const { rangeStart, rangeEnd, replicas } of shards) {
      assert.equal(rangeStart, end, replay)
      end = rangeEnd
      const workers = new Set(replicas.map(({ workerId }) => workerId))
      assert.equal(workers.size, replicas.length, replay)
      assert.ok(
        replicas.some(({ learner, leaving }) => !learner && !leaving),
        replay,
      )
    }
    assert.equal(end, 0n, replay)
  }
  for (const workerId of catalog.workers.keys()) {
    const hosted = [...catalog.shards.values()].filter(({ shard }) => {
      return shard.replicas.some((replica) => replica.workerId === workerId)
    })
    assert.equal(catalog.hostedBy(workerId).size, hosted.length, replay)
  }
}
