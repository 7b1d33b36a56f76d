import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Disk, type LogIndex, logIndex, shardId } from '@vectron/base'
import type { SnapshotManifest, SnapshotReceiver, StateSnapshot } from '@vectron/raft'
import { EngineHolder } from './engine-holder.ts'
import { ShardFolder, shardOfFolder } from './shard-folder.ts'
import { CrashDisk } from './testing/crash-disk.ts'
import { FILE_NAMES, openFileEngine } from './testing/file-engine.ts'
import { MemoryDisk } from './testing/memory-disk.ts'

const SHARDS = '/shards'
const OLD = 3n
const NEW = 9n
/** Small, so that a file comes in several parts. */
const PART_BYTES = 5

/** `disk` may fail; what the engine itself writes goes to `machine`. */
function openHolder(machine: Disk, disk: Disk = machine): Promise<EngineHolder> {
  const folder = new ShardFolder({ shardsFolder: SHARDS, shardId: shardId(7n), disk })
  return EngineHolder.open({ folder, openEngine: (path) => openFileEngine(machine, path) })
}

/** A replica that has applied entries up to an index. */
async function openAt(machine: Disk, index: bigint, disk?: Disk): Promise<EngineHolder> {
  await machine.makeFolder(SHARDS)
  const holder = await openHolder(machine, disk)
  await holder.engine.apply([{ index, command: new Uint8Array() }])
  return holder
}

function manifestOf({ appliedIndex, files }: StateSnapshot): SnapshotManifest {
  return { index: appliedIndex, files }
}

/** Sends all files, and leaves the rest to the caller. */
async function send(snapshot: StateSnapshot, to: EngineHolder): Promise<SnapshotReceiver> {
  const receiver = await to.receiveSnapshot(manifestOf(snapshot))
  for (const { name, bytes } of snapshot.files) {
    for (let offset = 0; offset < bytes; offset += PART_BYTES) {
      await receiver.write(name, await snapshot.read(name, offset, PART_BYTES))
    }
  }
  return receiver
}

async function takeNew(): Promise<StateSnapshot> {
  return (await openAt(new MemoryDisk(), NEW)).takeSnapshot()
}

/** The same disk, but for some calls. */
function withChange(disk: Disk, change: Partial<Disk>): Disk {
  return new Proxy(disk, {
    get: (target, name: keyof Disk) => change[name] ?? target[name].bind(target),
  })
}

/** Nothing is left beside the engine's own files. */
async function checkTidy(machine: Disk): Promise<void> {
  assert.deepEqual(await machine.names(SHARDS), ['7'])
  const names = await machine.names(join(SHARDS, '7'))
  assert.deepEqual(names.sort(), [...FILE_NAMES].sort())
}

const newIndex: LogIndex = logIndex(NEW)

test('A snapshot is sent, prepared and installed, and nothing is left beside it.', async () => {
  const [from, to] = [new MemoryDisk(), new MemoryDisk()]
  const sender = await openAt(from, NEW)
  const receiver = await openAt(to, OLD)
  const snapshot = await sender.takeSnapshot()
  await (await send(snapshot, receiver)).finish()
  assert.equal(receiver.appliedIndex, OLD)
  await receiver.installSnapshot(newIndex)
  assert.equal(receiver.appliedIndex, NEW)
  await receiver.installSnapshot(newIndex)
  await checkTidy(to)
  await snapshot.release()
  await snapshot.release()
  await sender.close()
  await checkTidy(from)
})

test('While the engine is replaced there is none, and what is known is still told.', async () => {
  const machine = new MemoryDisk()
  await (await openAt(machine, OLD)).close()
  let opened = 0
  let refused = 0
  const holder = await EngineHolder.open({
    folder: new ShardFolder({ shardsFolder: SHARDS, shardId: shardId(7n), disk: machine }),
    openEngine: async (path) => {
      opened += 1
      if (opened === 2) {
        assert.throws(() => holder.engine, { reason: 'SHARD_UNAVAILABLE' })
        assert.deepEqual([holder.appliedIndex, holder.durableIndex], [OLD, OLD])
        assert.ok(holder.report())
        refused += 1
      }
      return openFileEngine(machine, path)
    },
  })
  await (await send(await takeNew(), holder)).finish()
  await holder.installSnapshot(newIndex)
  assert.equal(refused, 1)
  assert.equal(holder.engine.appliedIndex, NEW)
})

test('What is not as announced is refused: damaged, too long, too short, or out of turn.', async () => {
  const machine = new MemoryDisk()
  const holder = await openAt(machine, OLD)
  const snapshot = await takeNew()
  const [first, second] = snapshot.files
  assert.ok(first && second)
  const content = await snapshot.read(first.name, 0, first.bytes)
  const damaged = content.with(0, 0)
  const longer = new Uint8Array([...content, 1])
  for (const [name, bytes] of [
    [first.name, damaged],
    [first.name, longer],
    [second.name, content],
    ['../escape', content],
  ] as const) {
    const receiver = await holder.receiveSnapshot(manifestOf(snapshot))
    await assert.rejects(receiver.write(name, bytes), { reason: 'DATA_CORRUPT' })
  }
  const short = await holder.receiveSnapshot(manifestOf(snapshot))
  await short.write(first.name, content)
  await assert.rejects(short.finish(), { reason: 'DATA_CORRUPT', message: /cut short/ })
  await short.abort()
  await checkTidy(machine)
})

test('A crash at any step of reception and switch leaves the old state or the new one.', async () => {
  const snapshot = await takeNew()
  for (const kind of ['before', 'after', 'half'] as const) {
    for (let step = 1; ; step += 1) {
      const machine = new MemoryDisk()
      await (await openAt(machine, OLD)).close()
      const disk = new CrashDisk(machine, { step, kind })
      const reached = await receiveAndInstall(machine, disk, snapshot)
      await checkAfterCrash(machine, snapshot, reached)
      if (!disk.hasCrashed) break
      assert.ok(step < 200, 'the scenario ends')
    }
  }
})

type Reached = 'nothing' | 'prepared' | 'installed'

async function receiveAndInstall(
  machine: Disk,
  disk: CrashDisk,
  snapshot: StateSnapshot,
): Promise<Reached> {
  let reached: Reached = 'nothing'
  try {
    const holder = await openHolder(machine, disk)
    await (await send(snapshot, holder)).finish()
    reached = 'prepared'
    await holder.installSnapshot(newIndex)
    reached = 'installed'
  } catch (error) {
    if (!disk.hasCrashed) throw error
  }
  return reached
}

async function checkAfterCrash(
  machine: Disk,
  snapshot: StateSnapshot,
  reached: Reached,
): Promise<void> {
  const holder = await openHolder(machine)
  if (reached === 'nothing') {
    // The log has not taken the snapshot, so it is not installed, and comes again later.
    assert.equal(holder.appliedIndex, OLD)
    await holder.dropPreparedSnapshot()
    await (await send(snapshot, holder)).finish()
  }
  if (reached === 'installed') assert.equal(holder.appliedIndex, NEW)
  // As the host does when its log begins behind the state machine.
  await holder.installSnapshot(newIndex)
  assert.equal(holder.appliedIndex, NEW)
  await holder.close()
  const again = await openHolder(machine)
  assert.equal(again.appliedIndex, NEW)
  await checkTidy(machine)
}

test('A crash while a shard is destroyed leaves its old state or nothing, never what was received.', async () => {
  const snapshot = await takeNew()
  for (const kind of ['before', 'after', 'half'] as const) {
    for (let step = 1; ; step += 1) {
      const machine = new MemoryDisk()
      const prepared = await openAt(machine, OLD)
      await (await send(snapshot, prepared)).finish()
      const disk = new CrashDisk(machine, { step, kind })
      const holder = await openHolder(machine, disk).catch(() => undefined)
      await holder?.destroy().catch(() => undefined)
      const again = await openHolder(machine)
      assert.ok(again.appliedIndex === OLD || again.appliedIndex === 0n)
      await again.dropPreparedSnapshot()
      await checkTidy(machine)
      if (!disk.hasCrashed) break
      assert.ok(step < 200, 'the scenario ends')
    }
  }
})

test('A prepared snapshot that the log did not take is dropped.', async () => {
  const machine = new MemoryDisk()
  const holder = await openAt(machine, OLD)
  await (await send(await takeNew(), holder)).finish()
  await holder.dropPreparedSnapshot()
  await checkTidy(machine)
  await assert.rejects(holder.installSnapshot(newIndex), { reason: 'DATA_CORRUPT' })
  assert.equal(holder.appliedIndex, OLD)
})

test('A prepared snapshot is not given up for another one, unless the log went past it.', async () => {
  const holder = await openAt(new MemoryDisk(), OLD)
  const snapshot = await takeNew()
  await (await send(snapshot, holder)).finish()
  await assert.rejects(send(snapshot, holder), { reason: 'CONFLICT' })
  await holder.engine.apply([{ index: NEW + 1n, command: new Uint8Array() }])
  await (await send(snapshot, holder)).abort()
})

test('Only the prepared snapshot is installed, not one of another index.', async () => {
  const holder = await openAt(new MemoryDisk(), OLD)
  await (await send(await takeNew(), holder)).finish()
  await assert.rejects(holder.installSnapshot(logIndex(8n)), {
    reason: 'DATA_CORRUPT',
    message: /index 8 .* index 9 is prepared/,
  })
  assert.equal(holder.engine.appliedIndex, OLD)
})

test('A full disk ends a reception with DISK_FULL, and aborting leaves nothing.', async () => {
  const machine = new MemoryDisk()
  const small: Disk = withChange(machine, { freeBytes: async () => 1000 })
  const holder = await openAt(machine, OLD, small)
  const snapshot = await takeNew()
  await assert.rejects(holder.receiveSnapshot(manifestOf(snapshot)), { reason: 'DISK_FULL' })
  const full = Object.assign(new Error('no space'), { code: 'ENOSPC' })
  const filling: Disk = withChange(machine, { append: () => Promise.reject(full) })
  const other = await openHolder(machine, filling)
  const receiver = await other.receiveSnapshot(manifestOf(snapshot))
  const [first] = snapshot.files
  assert.ok(first)
  const writing = receiver.write(first.name, new Uint8Array(1))
  await assert.rejects(writing, { reason: 'DISK_FULL' })
  await receiver.abort()
  await receiver.abort()
  await checkTidy(machine)
})

test('Snapshots of an earlier life are removed when the shard is opened.', async () => {
  const machine = new MemoryDisk()
  const holder = await openAt(machine, OLD)
  await holder.takeSnapshot()
  await holder.receiveSnapshot(manifestOf(await takeNew()))
  assert.deepEqual((await machine.names(SHARDS)).sort(), ['7', '7.incoming', '7.snapshots'])
  await openHolder(machine)
  await checkTidy(machine)
})

test('The name of a folder tells its shard.', () => {
  assert.equal(shardOfFolder('12'), 12n)
  assert.equal(shardOfFolder('12.prepared'), 12n)
  assert.equal(shardOfFolder('12.removed'), 12n)
  assert.equal(shardOfFolder('12.mine'), undefined)
  assert.equal(shardOfFolder('lock'), undefined)
})
