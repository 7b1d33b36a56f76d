/**
 * Where a recovered log begins, without decoding its entries.
 *
 * Fields of raft.v1.LogRecord and LogPosition (proto/raft/v1/log.proto).
 */
import { BinaryReader } from '@bufbuild/protobuf/wire'
import { type LogIndex, logIndex } from '@vectron/base'

const RECORD_SNAPSHOT = 5
const POSITION_INDEX = 1

/** Index of the position before the first entry of an encoded `raft.v1.LogRecord`. */
export function recoveredStart(record: Uint8Array): LogIndex {
  const reader = new BinaryReader(record)
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag()
    if (field === RECORD_SNAPSHOT) return positionIndex(reader.bytes())
    reader.skip(wireType)
  }
  return logIndex(0n)
}

function positionIndex(position: Uint8Array): LogIndex {
  const reader = new BinaryReader(position)
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag()
    if (field === POSITION_INDEX) return logIndex(BigInt(reader.uint64()))
    reader.skip(wireType)
  }
  return logIndex(0n)
}
