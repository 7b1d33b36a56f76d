/** Which replicas a worker opens, creates, or gives up for lost. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type Disk, replicaId, shardId, systemDisk, VectronError, workerId } from '@vectron/base'
import { readIdentity } from './identity.ts'
import { ReplicaMemory } from './replica-memory.ts'

const SHARD = shardId(3n)
const [OLD, NEW] = [replicaId(7n), replicaId(9n)]
const NOTHING = { inLog: false, hasFolder: false }
const WHOLE = { inLog: true, hasFolder: true }

function openMemory(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'vectron-memory-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const fresh = { clusterId: 'c', workerId: workerId(1n), replicas: [] }
  return {
    memory: new ReplicaMemory({ folder, disk: systemDisk, record: fresh }),
    async reopen() {
      const record = await readIdentity(folder)
      assert.ok(record !== undefined)
      return new ReplicaMemory({ folder, disk: systemDisk, record })
    },
  }
}

test('A replica that was created is opened as long as the log holds it, and then never again.', async (t) => {
  const { memory, reopen } = openMemory(t)
  assert.equal(memory.plan(SHARD, OLD, NOTHING).kind, 'create')
  await memory.begin(SHARD, OLD)
  await memory.confirm(SHARD, OLD)
  for (const known of [memory, await reopen()]) {
    assert.equal(known.plan(SHARD, OLD, WHOLE).kind, 'open')
    assert.equal(known.plan(SHARD, OLD, { inLog: false, hasFolder: true }).kind, 'lost')
    assert.equal(known.plan(SHARD, OLD, { inLog: true, hasFolder: false }).kind, 'open')
    assert.equal(known.plan(SHARD, OLD, NOTHING).kind, 'lost')
  }
})

test('A replica that a crash kept from being created is created again, unless the log has it.', async (t) => {
  const { memory, reopen } = openMemory(t)
  await memory.begin(SHARD, OLD)
  const known = await reopen()
  assert.equal(known.plan(SHARD, OLD, { inLog: false, hasFolder: true }).kind, 'create')
  assert.equal(known.plan(SHARD, OLD, WHOLE).kind, 'open')
})

test('A new replica takes the place of an old one, which never comes back.', async (t) => {
  const { memory, reopen } = openMemory(t)
  await memory.begin(SHARD, OLD)
  await memory.confirm(SHARD, OLD)
  assert.equal(memory.plan(SHARD, NEW, WHOLE).kind, 'create')
  await memory.forget(SHARD)
  await memory.begin(SHARD, NEW)
  const known = await reopen()
  assert.equal(known.plan(SHARD, OLD, WHOLE).kind, 'lost')
  assert.equal(known.plan(SHARD, NEW, WHOLE).kind, 'open')
})

test('A full disk delays the creation of a replica, and does not make it a lost one.', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'vectron-memory-'))
  t.after(() => rmSync(folder, { recursive: true }))
  let isFull = true
  const disk: Disk = {
    ...systemDisk,
    write: async (path, bytes) => {
      if (isFull) throw new VectronError('DISK_FULL', 'The disk is full.')
      await systemDisk.write(path, bytes)
    },
  }
  const record = { clusterId: 'c', workerId: workerId(1n), replicas: [] }
  const memory = new ReplicaMemory({ folder, disk, record })
  const create = async () => {
    await memory.forget(SHARD, OLD)
    await memory.begin(SHARD, OLD)
  }
  for (let attempt = 0; attempt < 2; attempt++) {
    await assert.rejects(create(), { reason: 'DISK_FULL' })
    assert.equal(memory.plan(SHARD, OLD, NOTHING).kind, 'create')
  }
  isFull = false
  await create()
  isFull = true
  await assert.rejects(memory.confirm(SHARD, OLD), { reason: 'DISK_FULL' })
  isFull = false
  await memory.confirm(SHARD, OLD)
  const replicas = (await readIdentity(folder))?.replicas
  assert.deepEqual(replicas, [{ replicaId: OLD, shardId: SHARD, state: 'created' }])
})

test('What lies there from a release that remembered nothing is opened.', (t) => {
  assert.equal(openMemory(t).memory.plan(SHARD, OLD, WHOLE).kind, 'open')
})

test('Changes at one time share a write, and all of them are in the file.', async (t) => {
  const { memory, reopen } = openMemory(t)
  const replicas = Array.from({ length: 100 }, (_, index) => BigInt(index + 1))
  await Promise.all(replicas.map((id) => memory.begin(shardId(id), replicaId(id))))
  const known = await reopen()
  const plans = replicas.map((id) => known.plan(shardId(id), replicaId(id), WHOLE).kind)
  assert.deepEqual(new Set(plans), new Set(['open']))
})
