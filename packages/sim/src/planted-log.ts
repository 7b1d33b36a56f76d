/**
 * Planted bugs that show in the Raft log.
 */
import { fromBinary, toBinary } from '@bufbuild/protobuf'
import { raft } from '@vectron/contracts'
import type { RaftLog } from '@vectron/native'
import type { PlantedBug } from './planted-bugs.ts'

export function plantInLog(log: RaftLog, planted: PlantedBug | undefined): RaftLog {
  switch (planted) {
    case 'vote-without-persisting':
      return new VotelessLog(log)
    default:
      return log
  }
}

class VotelessLog implements RaftLog {
  readonly #log: RaftLog

  constructor(log: RaftLog) {
    this.#log = log
  }

  groups(): bigint[] {
    return this.#log.groups()
  }

  load(group: bigint): Uint8Array | undefined {
    return this.#log.load(group)
  }

  read(group: bigint, low: bigint, bytesMax: number): Promise<Uint8Array | undefined> {
    return this.#log.read(group, low, bytesMax)
  }

  append(batch: Uint8Array): Promise<void> {
    return this.#log.append(dropVotes(batch))
  }

  compact(group: bigint, index: bigint): Promise<void> {
    return this.#log.compact(group, index)
  }

  remove(group: bigint): Promise<void> {
    return this.#log.remove(group)
  }

  diskBytes(): number {
    return this.#log.diskBytes()
  }

  close(): Promise<void> {
    return this.#log.close()
  }
}

function dropVotes(bytes: Uint8Array): Uint8Array {
  const batch = fromBinary(raft.LogBatchSchema, bytes)
  for (const { hardState } of batch.records) if (hardState !== undefined) hardState.vote = 0n
  return toBinary(raft.LogBatchSchema, batch)
}
