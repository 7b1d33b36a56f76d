import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { create } from '@bufbuild/protobuf'
import {
  type Deadline,
  deadlineAfter,
  type LogIndex,
  logIndex,
  replicaId,
  shardId,
  systemClock,
  VectronError,
} from '@vectron/base'
import { worker } from '@vectron/contracts'
import type { ReplicaHost } from '@vectron/raft'
import type { EngineHolder } from './engine-holder.ts'
import { Shard } from './shard.ts'

/** A host whose group has no leader until the test says so. */
class LeaderlessHost {
  readonly #barriers: { resolve(index: LogIndex): void; reject(error: VectronError): void }[] = []
  barriers = 0

  async createGroup(): Promise<void> {}

  async leaveGroup(): Promise<void> {}

  view() {
    return { membershipVersion: EPOCH.membership }
  }

  readBarrier(_group: bigint, _call: { readonly deadline: Deadline }): Promise<LogIndex> {
    this.barriers += 1
    return new Promise((resolve, reject) => this.#barriers.push({ resolve, reject }))
  }

  confirm(): void {
    for (const { resolve } of this.#barriers.splice(0)) resolve(logIndex(7n))
  }

  expire(): void {
    const late = () => new VectronError('DEADLINE_EXCEEDED', 'no leader confirmed the read')
    for (const { reject } of this.#barriers.splice(0)) reject(late())
  }
}

const ANSWER = Uint8Array.of(1, 2, 3)
const EPOCH = { membership: 1n, range: 1n }

async function openShard(host: LeaderlessHost, context: TestContext): Promise<Shard> {
  const engine = { search: async () => ANSWER }
  const holder = { appliedIndex: 5n, durableIndex: 5n, engine, close: async () => {} }
  const shard = await Shard.open({
    shardId: shardId(1n),
    replicaId: replicaId(1n),
    members: [],
    range: EPOCH.range,
    holder: holder as unknown as EngineHolder,
    host: host as unknown as ReplicaHost,
    clock: systemClock,
  })
  context.after(() => shard.close())
  return shard
}

const read = create(worker.ShardReadSchema, { shard: { shardId: 1n, epoch: EPOCH } })

test('A replica just opened answers no read before its leader has told what is committed.', async (t) => {
  const host = new LeaderlessHost()
  const shard = await openShard(host, t)
  let answered = false
  const search = shard.search(read, new Uint8Array(), {
    deadline: deadlineAfter(systemClock, 10_000),
  })
  const watched = search.then((answer) => {
    answered = true
    return answer
  })
  await turn()
  assert.deepEqual([answered, shard.isCaughtUp], [false, false])
  host.confirm()
  assert.equal(await watched, ANSWER)
  assert.equal(shard.isCaughtUp, true)
})

test('Once caught up, eventual reads ask nobody.', async (context) => {
  const host = new LeaderlessHost()
  const shard = await openShard(host, context)
  host.confirm()
  await turn()
  const asked = host.barriers
  await shard.search(read, new Uint8Array(), {
    deadline: deadlineAfter(systemClock, 10_000),
  })
  assert.equal(host.barriers, asked)
})

test('Catching up goes on after a deadline: a cluster may take long to elect.', async (context) => {
  const host = new LeaderlessHost()
  const shard = await openShard(host, context)
  host.expire()
  await turn()
  assert.equal(shard.isCaughtUp, false)
  host.confirm()
  await turn()
  assert.equal(shard.isCaughtUp, true)
})
