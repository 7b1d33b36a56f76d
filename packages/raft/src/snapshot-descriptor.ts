/** What a message that offers a snapshot says of it: `raft.v1.SnapshotDescriptor`. */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { type LogIndex, VectronError } from '@vectron/base'
import { raft } from '@vectron/contracts'
import type { StateSnapshot } from './state-snapshot.ts'
import type { SnapshotKey, Transport } from './transport.ts'

/** Names that can be no path. */
const FILE_NAME = /^[a-z0-9][a-z0-9._-]{0,127}$/i

export function encodeDescriptor(
  { group, snapshotId }: SnapshotKey,
  { appliedIndex, files }: StateSnapshot,
  { identity, advertisedAddress }: Pick<Transport, 'identity' | 'advertisedAddress'>,
): Uint8Array {
  const descriptor = create(raft.SnapshotDescriptorSchema, {
    snapshotId,
    nodeId: identity.nodeId,
    raftAddress: advertisedAddress,
    group,
    appliedIndex,
    files: files.map(({ name, bytes, sha256 }) => ({ name, bytes: BigInt(bytes), sha256 })),
  })
  return toBinary(raft.SnapshotDescriptorSchema, descriptor)
}

/**
 * Decodes what a peer offers as the snapshot of `index`.
 *
 * @throws VectronError INVALID_ARGUMENT
 */
export function parseDescriptor(data: Uint8Array, index: LogIndex): raft.SnapshotDescriptor {
  const descriptor = decode(data)
  const names = new Set(descriptor.files.map(({ name }) => name))
  const isSound =
    descriptor.appliedIndex === index &&
    names.size === descriptor.files.length &&
    descriptor.files.every(({ name, sha256 }) => FILE_NAME.test(name) && sha256.length === 32)
  if (!isSound) throw malformed(index)
  return descriptor
}

function decode(data: Uint8Array): raft.SnapshotDescriptor {
  try {
    return fromBinary(raft.SnapshotDescriptorSchema, data)
  } catch (cause) {
    throw new VectronError('INVALID_ARGUMENT', 'A snapshot descriptor does not decode.', { cause })
  }
}

function malformed(index: LogIndex): VectronError {
  return new VectronError('INVALID_ARGUMENT', `The descriptor of snapshot ${index} is malformed.`)
}
