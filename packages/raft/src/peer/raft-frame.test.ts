/** The hand-written codec of Raft frames against the generated one, and against garbage. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { concatBytes, seededRandom, viewOf } from '@vectron/base'
import { raft } from '@vectron/contracts'
import { FrameError, FrameReader } from './frame-reader.ts'
import { isRaftFrame, LENGTH_BYTES, parseRaftFrame, RaftFrameEncoder } from './raft-frame.ts'

const U64_MAX = (1n << 64n) - 1n
const IDS = [1n, 127n, 128n, 300n, (1n << 49n) - 1n, 1n << 49n, 1n << 53n, U64_MAX]
const FROM = { clusterId: 'größer', nodeId: 3n, bootEpoch: 1_790_000_000_000n }
const MESSAGES = IDS.map((id, index) => ({
  group: id,
  to: IDS[(index + 1) % IDS.length] ?? 1n,
  from: IDS[(index + 2) % IDS.length] ?? 1n,
  data: new Uint8Array(index * 50).fill(index),
}))

function parsed(payload: Uint8Array) {
  const { from, messages } = parseRaftFrame(payload)
  return { from, messages: messages.map((m) => ({ ...m, data: new Uint8Array(m.data) })) }
}

test('A frame is what the generated code writes, and reads back as it was.', () => {
  const frame = new RaftFrameEncoder(FROM).encode(MESSAGES)
  const payload = frame.subarray(LENGTH_BYTES)
  assert.equal(viewOf(frame).getUint32(0, true), payload.length)
  assert.ok(isRaftFrame(payload))
  assert.deepEqual(parsed(payload), { from: FROM, messages: MESSAGES })

  const { frame: generated } = fromBinary(raft.PeerFrameSchema, payload)
  assert.ok(generated.case === 'raft')
  const { clusterId, nodeId, bootEpoch, messages } = generated.value
  assert.deepEqual({ clusterId, nodeId, bootEpoch }, FROM)
  assert.deepEqual(
    messages.map(({ group, toReplica, fromReplica, data }) => ({
      group,
      to: toReplica,
      from: fromReplica,
      data: new Uint8Array(data),
    })),
    MESSAGES,
  )
  assert.deepEqual(
    parsed(toBinary(raft.PeerFrameSchema, create(raft.PeerFrameSchema, { frame: generated }))),
    { from: FROM, messages: MESSAGES },
  )
})

test('A frame that is cut short or overwritten gives a FrameError or other messages, never more.', () => {
  const random = seededRandom(11n)
  const payload = new RaftFrameEncoder(FROM).encode(MESSAGES).subarray(LENGTH_BYTES)
  for (let round = 0; round < 3000; round++) {
    const damaged = payload.slice(0, 1 + random.nextBelow(payload.length))
    for (let hits = random.nextBelow(4); hits >= 0; hits--) {
      damaged[random.nextBelow(damaged.length)] = random.nextBelow(256)
    }
    try {
      parseRaftFrame(damaged)
    } catch (error) {
      assert.ok(error instanceof FrameError, String(error))
    }
  }
})

test('A stream is cut into frames wherever it was torn.', () => {
  const random = seededRandom(12n)
  const frames = [1, 3, 70_000, 4, 250].map((size, index) => new Uint8Array(size).fill(index + 1))
  const stream = concatBytes(
    frames.flatMap((frame) => {
      const length = new Uint8Array(LENGTH_BYTES)
      viewOf(length).setUint32(0, frame.length, true)
      return [length, frame]
    }),
  )
  for (const stepMax of [1, 5, 1000, stream.length]) {
    const reader = new FrameReader(70_000)
    const got: Uint8Array[] = []
    for (let at = 0; at < stream.length; ) {
      const end = at + 1 + random.nextBelow(stepMax)
      reader.push(stream.subarray(at, end), (frame) => got.push(new Uint8Array(frame)))
      at = end
    }
    assert.deepEqual(got, frames)
  }
})

test('A frame is refused by its length, before the rest of it comes.', () => {
  const long = Uint8Array.of(0, 0, 0, 1)
  assert.throws(() => new FrameReader(1000).push(long, () => {}), FrameError)
  assert.throws(() => new FrameReader(1000).push(new Uint8Array(4), () => {}), FrameError)
})
