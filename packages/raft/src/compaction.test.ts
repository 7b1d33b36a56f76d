/** What the log forgets, and what it keeps for others. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { logIndex } from '@vectron/base'
import { Compaction, type KeepRule } from './compaction.ts'
import { ListMachine } from './testing/list-machine.ts'

const KIB = 1024
const turn = () => new Promise((resolve) => setImmediate(resolve))

interface Rig {
  readonly machine: ListMachine
  readonly compaction: Compaction
  readonly forgotten: bigint[]
  keep: readonly KeepRule[]
  /** Applies entries of 64 KiB up to an index. */
  apply(to: bigint): Promise<void>
}

function rig(): Rig {
  const machine = new ListMachine()
  const forgotten: bigint[] = []
  const made: Rig = {
    machine,
    forgotten,
    keep: [],
    async apply(to) {
      while (machine.appliedIndex < to) {
        machine.appliedIndex = logIndex(machine.appliedIndex + 1n)
        made.compaction.add(machine.appliedIndex, 64 * KIB)
      }
      await turn()
    },
    compaction: new Compaction({
      stateMachine: machine,
      checkpointLogBytes: 640 * KIB,
      compactLogBytes: 256 * KIB,
      keep: () => made.keep,
      forget: async (index) => {
        forgotten.push(index)
      },
      onFailed: (error) => assert.fail(String(error)),
    }),
  }
  return made
}

const rule = (after: bigint, kib: number): KeepRule => ({
  after: logIndex(after),
  bytesMax: kib * KIB,
})

test('what is durable is forgotten, once that is worth a write', async () => {
  const { machine, forgotten, apply } = rig()
  await apply(9n)
  assert.equal(machine.checkpoints, 0)
  await apply(10n)
  assert.equal(machine.checkpoints, 1)
  await apply(12n)
  assert.deepEqual(forgotten, [10n])
})

test('what a member lacks is kept within its limit, and looked at again with each tick', async () => {
  const made = rig()
  made.keep = [rule(2n, 512)]
  await made.apply(10n)
  assert.deepEqual(made.forgotten, [], 'two entries are not worth a write')
  made.keep = [rule(6n, 512)]
  made.compaction.onTick()
  await turn()
  assert.deepEqual(made.forgotten, [6n])
  made.keep = [rule(6n, 256)]
  await made.apply(20n)
  made.compaction.onTick()
  await turn()
  assert.deepEqual(made.forgotten, [6n, 16n], 'the member that stays behind gets a snapshot')
})

test('a recovered log is forgotten in pieces', async () => {
  const made = rig()
  made.machine.appliedIndex = logIndex(100n)
  await made.machine.checkpoint()
  made.keep = [rule(50n, 10_000)]
  made.compaction.addRecovered(logIndex(1n), logIndex(101n), 1000 * KIB)
  await turn()
  assert.deepEqual(made.forgotten, [50n])
})

test('nothing is under way while a snapshot is installed, and the log is empty after it', async () => {
  const made = rig()
  await made.apply(8n)
  let isInstalling = false
  made.machine.checkpoint = async () => {
    assert.ok(!isInstalling)
    return made.machine.durableIndex
  }
  await made.compaction.restart(async () => {
    isInstalling = true
    await made.apply(10n)
    isInstalling = false
  })
  await turn()
  made.compaction.add(logIndex(11n), 64 * KIB)
  await turn()
  assert.deepEqual(made.forgotten, [])
})
