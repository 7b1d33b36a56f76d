/**
 * Drive: carries what RaftCore asks for to the log and the network, all groups together.
 *
 * The simple version appends each poll's records and waits for the fsync before it polls again.
 * Then a slow disk delays every heartbeat and vote. Here polls go on while one append is under way:
 * their records gather, and go into the next append as one write. So at any time there is at most
 * one append and one gathering chunk, and the number of fsyncs follows the disk, not the load.
 *
 * Stays true: records are appended in the order of polls; `persisted` is called for a batch only
 * when its records and all before them are on stable storage. Batches without records pass through
 * the same queue, because their messages may depend on an earlier batch's records.
 */
import {
  type CancelTimer,
  type Clock,
  concatBytes,
  isVectronError,
  VectronError,
} from '@vectron/base'
import type {
  EntriesWanted,
  FailedGroup,
  GroupCommits,
  GroupStatus,
  PollResult,
  RaftCore,
  RaftLog,
  ReadState,
  SnapshotInstall,
  SnapshotWanted,
} from '@vectron/native'
import type { Transport } from './transport.ts'

/** Milliseconds until an append is tried again that was refused for lack of space. */
const DISK_FULL_PAUSE_MS = 250

/** When messages and commits that depend on an append are let go. */
export type ReleaseRule =
  /** When the append is on stable storage. The only correct one. */
  | 'after-append'
  /** Before that: a planted bug, by which the simulation proves that it would find it. */
  | 'before-append'

export interface DriveEvents {
  readonly committed: (commits: GroupCommits) => void
  readonly answered: (state: ReadState) => void
  readonly changed: (status: GroupStatus) => void
  readonly failed: (group: FailedGroup) => void
  /** The log has taken a snapshot, and its record is on stable storage. */
  readonly taken: (install: SnapshotInstall) => void
  readonly snapshotWanted: (wanted: SnapshotWanted) => void
  readonly entriesWanted: (wanted: EntriesWanted) => void
}

export interface DriveOptions {
  readonly core: RaftCore
  readonly log: Pick<RaftLog, 'append'>
  readonly clock: Clock
  readonly transport: Pick<Transport, 'send'>
  readonly release: ReleaseRule
  readonly events: DriveEvents
  /** The log failed for good: nothing may be acknowledged any more. */
  readonly onFatal: (error: unknown) => void
}

interface Waiter {
  readonly resolve: () => void
  readonly reject: (error: VectronError) => void
}

/** Batches that are appended together. */
interface Chunk {
  /** The last batch of the chunk. */
  readonly batch: bigint
  readonly records: readonly Uint8Array[]
  readonly installs: readonly SnapshotInstall[]
  readonly waiters: readonly Waiter[]
}

type LogState =
  | { readonly kind: 'idle' }
  | { readonly kind: 'appending' }
  | { readonly kind: 'waiting-for-room'; readonly cancel: CancelTimer }
  | { readonly kind: 'stopped' }

export class Drive {
  readonly #options: DriveOptions
  #state: LogState = { kind: 'idle' }
  /** Polled while an append is under way. */
  #gathering: Chunk | undefined
  /** Want to know when what is polled next is on stable storage. */
  #waiters: Waiter[] = []
  /** Wait for the append that is under way. */
  #appending: readonly Waiter[] = []
  #isWoken = false

  constructor(options: DriveOptions) {
    this.#options = options
  }

  /** Something changed in the core: polls it before the current turn of the event loop ends. */
  wake(): void {
    if (this.#isWoken || this.#state.kind === 'stopped') return
    this.#isWoken = true
    queueMicrotask(() => this.#run())
  }

  /**
   * Settles when all that the core wants written by now is on stable storage.
   *
   * @throws VectronError UNAVAILABLE when the drive stops first
   */
  whenPersisted(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#isStopped()) return reject(stopped())
      this.#waiters.push({ resolve, reject })
      this.wake()
    })
  }

  /** Nothing is polled, appended or released from now on. */
  stop(): void {
    if (this.#state.kind === 'waiting-for-room') this.#state.cancel()
    this.#state = { kind: 'stopped' }
    const waiters = [...this.#appending, ...(this.#gathering?.waiters ?? []), ...this.#waiters]
    this.#gathering = undefined
    this.#waiters = []
    for (const { reject } of waiters) reject(stopped())
  }

  #run(): void {
    this.#isWoken = false
    if (this.#state.kind === 'stopped') return
    const { core } = this.#options
    for (let poll = core.poll(); poll !== undefined; poll = core.poll()) this.#take(poll)
    this.#settleIdleWaiters()
  }

  #take(poll: PollResult): void {
    this.#options.transport.send(poll.messages)
    this.#gather(poll)
    this.#dispatch(poll)
    this.#flush()
  }

  #gather({ batch, records, installs }: PollResult): void {
    const before = this.#gathering
    this.#gathering = {
      batch,
      records: [...(before?.records ?? []), ...(records === undefined ? [] : [records])],
      installs: [...(before?.installs ?? []), ...installs],
      waiters: [...(before?.waiters ?? []), ...this.#waiters],
    }
    this.#waiters = []
  }

  #dispatch(poll: PollResult): void {
    const { events } = this.#options
    const { changed, failed, committed, readStates, snapshotsWanted, entriesWanted } = poll
    for (const status of changed) events.changed(status)
    for (const group of failed) events.failed(group)
    for (const commits of committed) events.committed(commits)
    for (const state of readStates) events.answered(state)
    for (const wanted of snapshotsWanted) events.snapshotWanted(wanted)
    for (const wanted of entriesWanted) events.entriesWanted(wanted)
  }

  #flush(): void {
    const chunk = this.#gathering
    if (this.#state.kind !== 'idle' || chunk === undefined) return
    this.#gathering = undefined
    if (chunk.records.length === 0) {
      this.#release(chunk)
      return
    }
    this.#state = { kind: 'appending' }
    this.#appending = chunk.waiters
    if (this.#options.release === 'before-append') this.#release(chunk)
    void this.#append(chunk, concatBytes(chunk.records))
  }

  async #append(chunk: Chunk, records: Uint8Array): Promise<void> {
    try {
      await this.#options.log.append(records)
    } catch (error) {
      this.#onRefused(chunk, records, error)
      return
    }
    if (this.#isStopped()) return
    this.#state = { kind: 'idle' }
    if (this.#options.release === 'after-append') this.#release(chunk)
    this.#flush()
    this.wake()
  }

  /** The log is unchanged when it refuses for lack of space: the same records are tried again. */
  #onRefused(chunk: Chunk, records: Uint8Array, error: unknown): void {
    if (this.#isStopped()) return
    if (!isVectronError(error, 'DISK_FULL')) {
      this.stop()
      this.#options.onFatal(error)
      return
    }
    const retry = () => {
      this.#state = { kind: 'appending' }
      void this.#append(chunk, records)
    }
    const cancel = this.#options.clock.setTimer(DISK_FULL_PAUSE_MS, retry)
    this.#state = { kind: 'waiting-for-room', cancel }
  }

  #release({ batch, installs, waiters }: Chunk): void {
    const { core, transport, events } = this.#options
    transport.send(core.persisted(batch))
    this.#appending = []
    for (const install of installs) events.taken(install)
    for (const { resolve } of waiters) resolve()
  }

  /** With nothing polled and nothing under way there is nothing to wait for. */
  #settleIdleWaiters(): void {
    if (this.#state.kind !== 'idle' || this.#gathering !== undefined) return
    for (const { resolve } of this.#waiters.splice(0)) resolve()
  }

  #isStopped(): boolean {
    return this.#state.kind === 'stopped'
  }
}

function stopped(): VectronError {
  return new VectronError('UNAVAILABLE', 'The replica host has stopped.')
}
