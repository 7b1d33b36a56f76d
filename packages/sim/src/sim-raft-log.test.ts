/** The log twin keeps what it promised and loses only what it may. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { BinaryWriter } from '@bufbuild/protobuf/wire'
import { seededRandom } from '@vectron/base'
import { raft } from '@vectron/contracts'
import { SimClock } from '@vectron/testkit'
import { type DurableLogs, SimRaftLog } from './sim-raft-log.ts'

/** An eraftpb.Entry: term = 2, index = 3, data = 4. */
function entry(index: bigint, data: string): Uint8Array {
  const writer = new BinaryWriter()
  writer.uint32((2 << 3) | 0).uint64(1n)
  writer.uint32((3 << 3) | 0).uint64(index)
  writer.uint32((4 << 3) | 2).string(data)
  return writer.finish()
}

function batchOf(...entries: Uint8Array[]): Uint8Array {
  const record = create(raft.LogRecordSchema, { group: 1n, entries })
  return toBinary(raft.LogBatchSchema, create(raft.LogBatchSchema, { records: [record] }))
}

function openLog(clock: SimClock, durable: DurableLogs, seed = 1n): SimRaftLog {
  const disk = { fsyncMsMax: 5, isFull: false }
  return new SimRaftLog({ clock, random: seededRandom(seed), disk }, durable)
}

function entriesOf(log: SimRaftLog): Uint8Array[] {
  const bytes = log.load(1n)
  return bytes === undefined ? [] : fromBinary(raft.LogRecordSchema, bytes).entries
}

test('a settled append survives a crash; of the others a prefix does', async () => {
  let sometimesLost = false
  for (let seed = 0n; seed < 20n; seed++) {
    const clock = new SimClock()
    const durable: DurableLogs = new Map()
    const log = openLog(clock, durable, seed)
    void log.append(batchOf(entry(1n, 'a')))
    await clock.advance(10)
    void log.append(batchOf(entry(2n, 'b')))
    void log.append(batchOf(entry(3n, 'c')))
    log.crash()
    const survivors = entriesOf(openLog(clock, durable))
    assert.deepEqual(
      survivors,
      [entry(1n, 'a'), entry(2n, 'b'), entry(3n, 'c')].slice(0, survivors.length),
    )
    assert.ok(survivors.length >= 1)
    if (survivors.length < 3) sometimesLost = true
  }
  assert.ok(sometimesLost)
})

test('entries supersede earlier ones from their first index on', async () => {
  const clock = new SimClock()
  const log = openLog(clock, new Map())
  void log.append(batchOf(entry(1n, 'a'), entry(2n, 'b'), entry(3n, 'c')))
  void log.append(batchOf(entry(2n, 'B')))
  await clock.advance(10)
  assert.deepEqual(entriesOf(log), [entry(1n, 'a'), entry(2n, 'B')])
})

test('compaction forgets entries and remembers where the log starts', async () => {
  const clock = new SimClock()
  const log = openLog(clock, new Map())
  void log.append(batchOf(entry(1n, 'a'), entry(2n, 'b')))
  await clock.advance(5)
  await log.compact(1n, 1n)
  const record = fromBinary(raft.LogRecordSchema, log.load(1n)!)
  assert.equal(record.snapshot?.index, 1n)
  assert.equal(record.snapshot?.term, 1n)
  assert.deepEqual(record.entries, [entry(2n, 'b')])
})
