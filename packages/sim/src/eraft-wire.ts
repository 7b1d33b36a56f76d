/**
 * The few fields of raft-rs's messages that the simulation looks at.
 *
 * Field numbers and types of messages: raft-rs 0.7, proto/eraftpb.proto.
 */
import { BinaryReader } from '@bufbuild/protobuf/wire'

const ENTRY = { term: 2, index: 3 } as const
const MESSAGE = { type: 1, to: 2, from: 3, term: 4, reject: 10 } as const
const REQUEST_VOTE = 5n
const REQUEST_VOTE_RESPONSE = 6n

export function entryIndex(entry: Uint8Array): bigint {
  return varintField(entry, ENTRY.index)
}

export function entryTerm(entry: Uint8Array): bigint {
  return varintField(entry, ENTRY.term)
}

/** A replica's vote in an election. */
export interface Vote {
  readonly term: bigint
  readonly candidate: bigint
}

/** The vote that an encoded eraftpb.Message tells of: the sender's for itself, or for another. */
export function toldVote(message: Uint8Array): Vote | undefined {
  const type = varintField(message, MESSAGE.type)
  const term = varintField(message, MESSAGE.term)
  if (type === REQUEST_VOTE) return { term, candidate: varintField(message, MESSAGE.from) }
  const isGrant = type === REQUEST_VOTE_RESPONSE && varintField(message, MESSAGE.reject) === 0n
  return isGrant ? { term, candidate: varintField(message, MESSAGE.to) } : undefined
}

function varintField(message: Uint8Array, wanted: number): bigint {
  const reader = new BinaryReader(message)
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag()
    if (field === wanted) return BigInt(reader.uint64())
    reader.skip(wireType)
  }
  return 0n
}
