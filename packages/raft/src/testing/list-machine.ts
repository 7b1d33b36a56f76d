/**
 * The state machine of this package's tests: keeps the commands that it was given, in order.
 *
 * Its store stands for the disk: what a crash leaves.
 */
import { type LogIndex, logIndex, VectronError } from '@vectron/base'
import type { CommittedEntry } from '@vectron/native'
import { createBytesReceiver, createBytesSnapshot } from '../bytes-snapshot.ts'
import type { StateMachine } from '../state-machine.ts'
import type { SnapshotManifest, SnapshotReceiver, StateSnapshot } from '../state-snapshot.ts'

export interface ListState {
  readonly appliedIndex: bigint
  readonly commands: readonly string[]
}

export interface ListStore {
  durable: ListState
  prepared?: ListState | undefined
}

export class ListMachine implements StateMachine<string> {
  readonly store: ListStore
  appliedIndex: LogIndex
  commands: string[]
  checkpoints = 0
  snapshots = 0
  installs = 0

  constructor(store: ListStore = { durable: { appliedIndex: 0n, commands: [] } }) {
    this.store = store
    this.commands = [...store.durable.commands]
    this.appliedIndex = logIndex(store.durable.appliedIndex)
  }

  get durableIndex(): LogIndex {
    return logIndex(this.store.durable.appliedIndex)
  }

  async apply(entries: readonly CommittedEntry[]): Promise<readonly string[]> {
    return entries.map(({ index, kind, data }) => {
      this.appliedIndex = logIndex(index)
      if (kind !== 'command') return ''
      const command = Buffer.from(data).toString()
      this.commands.push(command)
      return `did ${command}`
    })
  }

  async checkpoint(): Promise<LogIndex> {
    this.checkpoints += 1
    this.store.durable = this.#state()
    return this.durableIndex
  }

  async takeSnapshot(): Promise<StateSnapshot> {
    this.snapshots += 1
    const { appliedIndex, commands } = this.#state()
    const text = JSON.stringify({ appliedIndex: appliedIndex.toString(), commands })
    const bytes = new Uint8Array(Buffer.from(text))
    return createBytesSnapshot({ appliedIndex: logIndex(appliedIndex), name: 'list', bytes })
  }

  async receiveSnapshot(manifest: SnapshotManifest): Promise<SnapshotReceiver> {
    const drop = () => this.dropPreparedSnapshot()
    const prepare = async (bytes: Uint8Array) => {
      const { appliedIndex, commands } = JSON.parse(Buffer.from(bytes).toString())
      this.store.prepared = { appliedIndex: BigInt(appliedIndex), commands }
    }
    return createBytesReceiver({ manifest, prepare, drop })
  }

  async installSnapshot(index: LogIndex): Promise<void> {
    if (this.appliedIndex === index) return
    const { prepared } = this.store
    if (prepared?.appliedIndex !== index) {
      throw new VectronError('DATA_CORRUPT', `No snapshot of index ${index} is prepared.`)
    }
    this.installs += 1
    this.store.durable = prepared
    this.store.prepared = undefined
    this.commands = [...prepared.commands]
    this.appliedIndex = index
  }

  async dropPreparedSnapshot(): Promise<void> {
    this.store.prepared = undefined
  }

  #state(): ListState {
    return { appliedIndex: this.appliedIndex, commands: [...this.commands] }
  }
}
