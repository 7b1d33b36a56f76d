/** Files of snapshots over real sockets: whole, in order, no faster than they are taken. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { type Clock, concatBytes, seededRandom } from '@vectron/base'
import { raft } from '@vectron/contracts'
import { type Directory, GROUP, PeerNode, replicaOn, TEST_LIMITS } from '../testing/peer-node.ts'
import { RateLimiter } from './rate-limiter.ts'

const LIMITS = { ...TEST_LIMITS, chunkBytes: 1000, fetchWindowBytes: 8000 }

interface Offer {
  readonly sender: PeerNode
  readonly receiver: PeerNode
  readonly descriptor: raft.SnapshotDescriptor
  readonly files: ReadonlyMap<string, Uint8Array>
  /** Bytes read by the sender so far. */
  readBytes: number
}

async function offer(t: TestContext, sizes: Readonly<Record<string, number>>): Promise<Offer> {
  const directory: Directory = new Map()
  const random = seededRandom(3n)
  const sender = await PeerNode.open(t, directory, { nodeId: 1n, limits: LIMITS })
  const receiver = await PeerNode.open(t, directory, { nodeId: 2n, limits: LIMITS })
  const files = new Map<string, Uint8Array>()
  for (const [name, size] of Object.entries(sizes)) {
    const content = new Uint8Array(size)
    random.fill(content)
    files.set(name, content)
  }
  const described = [...files].map(([name, { length }]) => ({
    name,
    bytes: length,
    sha256: new Uint8Array(),
  }))
  const offered: Offer = {
    sender,
    receiver,
    files,
    readBytes: 0,
    descriptor: create(raft.SnapshotDescriptorSchema, {
      snapshotId: 5n,
      nodeId: 1n,
      group: GROUP,
      files: described.map(({ name, bytes }) => ({ name, bytes: BigInt(bytes) })),
    }),
  }
  sender.snapshots.set(5n, {
    files: described,
    read: async (file, offset, bytesMax) => {
      const part = files.get(file)?.subarray(offset, offset + bytesMax) ?? new Uint8Array()
      offered.readBytes += part.length
      return part
    },
  })
  return offered
}

async function fetchWhole({ receiver, descriptor }: Offer, file: string, offset = 0) {
  const chunks: Uint8Array[] = []
  for await (const chunk of receiver.transport.fetchFile({ descriptor, file, offset })) {
    chunks.push(new Uint8Array(chunk))
  }
  return concatBytes(chunks)
}

test('Files arrive whole, side by side, from the beginning or from further on.', async (t) => {
  const offered = await offer(t, { big: 50_001, small: 10, empty: 0, exact: 8000 })
  const names = [...offered.files.keys()]
  const fetched = await Promise.all(names.map((name) => fetchWhole(offered, name)))
  assert.deepEqual(fetched, [...offered.files.values()])
  const rest = await fetchWhole(offered, 'big', 49_000)
  assert.deepEqual(rest, offered.files.get('big')?.slice(49_000))
})

test('A slow reader is sent no more than its window, and holds up no other file.', async (t) => {
  const offered = await offer(t, { slow: 100_000, quick: 30_000 })
  const { receiver, descriptor } = offered
  const call = { descriptor, file: 'slow', offset: 0 }
  const slow = receiver.transport.fetchFile(call)[Symbol.asyncIterator]()
  await slow.next()
  assert.deepEqual(await fetchWhole(offered, 'quick'), offered.files.get('quick'))
  assert.ok(offered.readBytes <= 30_000 + LIMITS.fetchWindowBytes, `${offered.readBytes}`)
  await slow.return?.()
})

test('The sender hears how a fetch ended.', async (t) => {
  const { sender, receiver, descriptor } = await offer(t, {})
  receiver.transport.fetchDone({ descriptor, replica: replicaOn(2n), ok: true })
  await sender.until(({ done }) => done.length === 1)
  assert.deepEqual(sender.done, [
    { group: GROUP, snapshotId: 5n, replica: replicaOn(2n), ok: true },
  ])
})

test('A snapshot that is gone is a conflict; a broken connection may be tried again.', async (t) => {
  const offered = await offer(t, { big: 50_000 })
  const { sender, receiver, descriptor } = offered
  const call = { descriptor, file: 'big', offset: 0 }
  const broken = receiver.transport.fetchFile(call)[Symbol.asyncIterator]()
  await broken.next()
  sender.snapshots.clear()
  await assert.rejects(fetchWhole(offered, 'big'), { reason: 'CONFLICT' })
  sender.transport.close()
  const drain = async () => {
    while ((await broken.next()).done !== true);
  }
  await assert.rejects(drain, { reason: 'UNAVAILABLE' })
  await assert.rejects(fetchWhole(offered, 'big'), { reason: 'UNAVAILABLE' })
})

test('A file that ends before its described size fails instead of hanging.', async (t) => {
  const offered = await offer(t, { big: 20_000 })
  offered.sender.snapshots.set(5n, {
    files: [{ name: 'big', bytes: 9_000, sha256: new Uint8Array() }],
    read: async (_, offset, bytesMax) => new Uint8Array(Math.min(bytesMax, 9_000 - offset)),
  })
  await assert.rejects(fetchWhole(offered, 'big'), { reason: 'UNAVAILABLE' })
})

test('The rate limiter lets through its bytes a second, and a tenth of it at once.', async () => {
  let nowUs = 0
  const waits: number[] = []
  const clock: Clock = {
    nowMs: () => nowUs / 1000,
    monotonicUs: () => nowUs,
    setTimer(delayMs, fire) {
      waits.push(delayMs)
      nowUs += delayMs * 1000
      fire()
      return () => {}
    },
  }
  const limiter = new RateLimiter(clock, 1_000_000)
  const { signal } = new AbortController()
  nowUs = 1_000_000
  for (let taken = 0; taken < 30; taken++) await limiter.take(10_000, signal)
  // 300,000 bytes, less the burst of 100,000 and the last, which does not wait for itself.
  assert.equal(Math.round(waits.reduce((sum, wait) => sum + wait, 0)), 190)
})
