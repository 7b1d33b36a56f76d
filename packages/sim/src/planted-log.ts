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
      return new EditedLog(log, { append: dropVotes })
    case 'apply-conf-change-twice':
      return new EditedLog(log, { load: forgetConfIndex })
    default:
      return log
  }
}

interface Edits {
  /** Changes an encoded `raft.v1.LogBatch` before it is appended. */
  readonly append?: (batch: Uint8Array) => Uint8Array
  /** Changes an encoded `raft.v1.LogRecord` after it was loaded. */
  readonly load?: (record: Uint8Array) => Uint8Array
}

class EditedLog implements RaftLog {
  readonly #log: RaftLog
  readonly #edits: Edits

  constructor(log: RaftLog, edits: Edits) {
    this.#log = log
    this.#edits = edits
  }

  groups(): bigint[] {
    return this.#log.groups()
  }

  load(group: bigint): Uint8Array | undefined {
    const record = this.#log.load(group)
    return record && (this.#edits.load?.(record) ?? record)
  }

  read(group: bigint, low: bigint, bytesMax: number): Promise<Uint8Array | undefined> {
    return this.#log.read(group, low, bytesMax)
  }

  append(batch: Uint8Array): Promise<void> {
    return this.#log.append(this.#edits.append?.(batch) ?? batch)
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

function forgetConfIndex(bytes: Uint8Array): Uint8Array {
  const record = fromBinary(raft.LogRecordSchema, bytes)
  record.confIndex = 0n
  record.confVersion = 0n
  return toBinary(raft.LogRecordSchema, record)
}
