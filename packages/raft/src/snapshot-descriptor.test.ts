import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create, toBinary } from '@bufbuild/protobuf'
import { groupId, logIndex } from '@vectron/base'
import { raft } from '@vectron/contracts'
import { recoveredStart } from './recovered-start.ts'
import { encodeDescriptor, parseDescriptor } from './snapshot-descriptor.ts'

const sha256 = new Uint8Array(32).fill(7)
const transport = {
  identity: { clusterId: 'c', nodeId: 3n, bootEpoch: 1n },
  advertisedAddress: '10.0.0.3:7070',
}

function encode(names: readonly string[], hash = sha256): Uint8Array {
  const files = names.map((name) => ({ name, bytes: 5, sha256: hash }))
  const snapshot = {
    appliedIndex: logIndex(9n),
    files,
    read: async () => new Uint8Array(),
    release: async () => {},
  }
  return encodeDescriptor({ group: groupId(2n), snapshotId: 4n }, snapshot, transport)
}

test('a descriptor says which files there are and where', () => {
  const descriptor = parseDescriptor(encode(['store.redb', 'vectors-0']), logIndex(9n))
  assert.equal(descriptor.nodeId, 3n)
  assert.equal(descriptor.raftAddress, '10.0.0.3:7070')
  assert.deepEqual(
    descriptor.files.map(({ name, bytes }) => [name, bytes]),
    [
      ['store.redb', 5n],
      ['vectors-0', 5n],
    ],
  )
})

test('a descriptor of paths, of doubles or of another index is refused', () => {
  const refused: readonly [Uint8Array, bigint][] = [
    [encode(['../store']), 9n],
    [encode(['/etc/passwd']), 9n],
    [encode(['.hidden']), 9n],
    [encode(['a', 'a']), 9n],
    [encode(['a'], new Uint8Array(3)), 9n],
    [encode(['a']), 8n],
    [new Uint8Array([0x0a, 0xff]), 9n],
  ]
  for (const [data, index] of refused) {
    assert.throws(() => parseDescriptor(data, logIndex(index)), { reason: 'INVALID_ARGUMENT' })
  }
})

test('the start of a recovered log is read past its entries', () => {
  const record = create(raft.LogRecordSchema, {
    group: 1n,
    hardState: { term: 2n, vote: 3n, commit: 4n },
    entries: [new Uint8Array(1000), new Uint8Array(2)],
    snapshot: { index: 77n, term: 5n },
  })
  assert.equal(recoveredStart(toBinary(raft.LogRecordSchema, record)), 77n)
  assert.equal(recoveredStart(new Uint8Array()), 0n)
})
