import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { create, toBinary } from '@bufbuild/protobuf'
import { type Clock, deadlineAfter, logIndex, systemClock, VectronError } from '@vectron/base'
import { engine } from '@vectron/contracts'
import type { ApplyEntry, CommittedEntry } from '@vectron/native'
import type { EngineHolder } from './engine-holder.ts'
import { ShardMachine } from './shard-machine.ts'

/** An engine that only counts, and fails when told to. */
class CountingEngine {
  readonly engine = this
  appliedIndex = 0n
  durableIndex = 0n
  readonly batches: ApplyEntry[][] = []
  readonly failures: VectronError[] = []

  async apply(entries: readonly ApplyEntry[]): Promise<Uint8Array> {
    const failure = this.failures.shift()
    if (failure !== undefined) throw failure
    this.batches.push([...entries])
    this.appliedIndex = entries.at(-1)?.index ?? this.appliedIndex
    const results = entries.map(() => ({ affected: 1n }))
    return toBinary(engine.ApplyResultSchema, create(engine.ApplyResultSchema, { results }))
  }

  async checkpoint(): Promise<bigint> {
    this.durableIndex = this.appliedIndex
    return this.durableIndex
  }
}

/** A clock whose timers fire at once. */
const hasty: Clock = { ...systemClock, setTimer: (_, fire) => systemClock.setTimer(0, fire) }

function entry(index: bigint, kind: CommittedEntry['kind'] = 'command'): CommittedEntry {
  return { index, term: 1n, kind, data: Uint8Array.of(1) }
}

function machineOf(counting: CountingEngine, clock: Clock = systemClock): ShardMachine {
  return new ShardMachine(counting as unknown as EngineHolder, clock)
}

test('Entries without a command go in empty, so that the applied index moves with each.', async () => {
  const counting = new CountingEngine()
  const machine = machineOf(counting)
  const results = await machine.apply([entry(1n, 'empty'), entry(2n), entry(3n, 'conf-change')])
  assert.equal(results.length, 3)
  assert.deepEqual(
    counting.batches[0]?.map(({ command }) => command.length),
    [0, 1, 0],
  )
  assert.equal(machine.appliedIndex, 3n)
  assert.equal(machine.durableIndex, 0n)
  assert.equal(await machine.checkpoint(), 3n)
})

test('Whoever waits for an index goes on when it is applied, and not before.', async () => {
  const machine = machineOf(new CountingEngine())
  const deadline = deadlineAfter(systemClock, 10_000)
  let reached = 0
  const waiting = [1n, 2n, 3n].map((index) =>
    machine.waitApplied(logIndex(index), deadline).then(() => reached++),
  )
  await machine.apply([entry(1n), entry(2n)])
  await turn()
  assert.equal(reached, 2)
  await machine.apply([entry(3n)])
  await Promise.all(waiting)
  await machine.waitApplied(logIndex(3n), deadline)
})

test('Waiting ends at the deadline and says how far the replica is.', async () => {
  const machine = machineOf(new CountingEngine())
  await assert.rejects(machine.waitApplied(logIndex(9n), deadlineAfter(systemClock, 5)), {
    reason: 'DEADLINE_EXCEEDED',
    message: /applied 0, asked for 9/,
  })
})

test('A full disk is waited out: the same entries are applied when there is room.', async () => {
  const counting = new CountingEngine()
  const full = new VectronError('DISK_FULL', 'full')
  counting.failures.push(full, full, full)
  const machine = machineOf(counting, hasty)
  assert.equal((await machine.apply([entry(1n)])).length, 1)
  assert.equal(machine.failure, undefined)
  assert.equal(counting.failures.length, 0)
})

test('A machine that is closed no longer waits for room.', async () => {
  const counting = new CountingEngine()
  counting.failures.push(new VectronError('DISK_FULL', 'full'))
  const machine = machineOf(counting, hasty)
  machine.close()
  await assert.rejects(machine.apply([entry(1n)]), { reason: 'DISK_FULL' })
})

test('Any other failure is final and remembered.', async () => {
  const counting = new CountingEngine()
  counting.failures.push(new VectronError('DATA_CORRUPT', 'store.redb is damaged'))
  const machine = machineOf(counting)
  await assert.rejects(machine.apply([entry(1n)]), { reason: 'DATA_CORRUPT' })
  assert.equal(machine.failure?.message, 'store.redb is damaged')
})
