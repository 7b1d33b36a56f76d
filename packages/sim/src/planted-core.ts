/**
 * Planted bugs that show in what the host asks of RaftCore.
 */
import { fromBinary, toBinary } from '@bufbuild/protobuf'
import { raft } from '@vectron/contracts'
import type { CreateGroupOptions, PollResult, RaftCore, ReadState } from '@vectron/native'
import { DelegatingCore } from './delegating-core.ts'
import type { PlantedBug } from './planted-bugs.ts'

export function plantInCore(core: RaftCore, planted: PlantedBug | undefined): RaftCore {
  switch (planted) {
    case 'never-report-snapshot':
      return new SilentCore(core)
    case 'read-without-read-index':
      return new CredulousCore(core)
    case 'apply-conf-change-twice':
      return new ForgetfulCore(core)
    default:
      return core
  }
}

/** Keeps from raft what became of a snapshot. */
class SilentCore extends DelegatingCore {
  override reportSnapshot(): void {
    // The planted bug is that nothing happens here.
  }
}

/** Forgets on a restart that the last change of members is applied. */
class ForgetfulCore extends DelegatingCore {
  override createGroup(options: CreateGroupOptions): void {
    const { recovered } = options
    super.createGroup({ ...options, recovered: recovered && forgetLastChange(recovered) })
  }
}

function forgetLastChange(recovered: Uint8Array): Uint8Array {
  const record = fromBinary(raft.LogRecordSchema, recovered)
  if (record.confVersion === 0n) return recovered
  record.confIndex = 0n
  record.confVersion -= 1n
  return toBinary(raft.LogRecordSchema, record)
}

/** Answers a read with what is committed here, and asks nobody whether this replica still leads. */
class CredulousCore extends DelegatingCore {
  #answers: ReadState[] = []

  override readIndex(group: bigint, context: Uint8Array): boolean {
    const status = this.core.status(group)
    if (status?.role !== 'leader') return false
    this.#answers.push({ group, context, index: status.commit })
    return true
  }

  override poll(): PollResult | undefined {
    const poll = this.core.poll()
    if (this.#answers.length === 0) return poll
    const readStates = this.#answers
    this.#answers = []
    return { ...(poll ?? NOTHING), readStates }
  }
}

const NOTHING: PollResult = {
  batch: 0n,
  records: undefined,
  messages: [],
  committed: [],
  readStates: [],
  changed: [],
  failed: [],
  installs: [],
  snapshotsWanted: [],
  entriesWanted: [],
}
