/**
 * SnapshotFetches: the receiving side of snapshots, all groups of a host.
 *
 * The message that offers a snapshot is withheld from raft until its files lie prepared beside the
 * state machine: raft's log takes a snapshot at once, and must never have one whose files may not
 * come. Offers are repeated; the same one is fetched once, and another one of a group replaces it.
 *
 * Stays true: few fetches run at a time, the others wait; every fetch ends, prepared or aborted,
 * and the sender hears of it.
 */
import {
  type CancelTimer,
  type Clock,
  type GroupId,
  isVectronError,
  logIndex,
  type ReplicaId,
} from '@vectron/base'
import type { raft } from '@vectron/contracts'
import type { SnapshotOffer } from '@vectron/native'
import { parseDescriptor } from './snapshot-descriptor.ts'
import type { StateMachine } from './state-machine.ts'
import type { SnapshotReceiver } from './state-snapshot.ts'
import type { Transport } from './transport.ts'

/** Milliseconds between attempts to go on with a file after the connection broke. */
const RETRY_MS = 500

export interface SnapshotFetchLimits {
  readonly snapshotFetchesMax: number
  readonly snapshotStallMs: number
}

export interface SnapshotFetchesOptions {
  readonly clock: Clock
  readonly transport: Pick<Transport, 'fetchFile' | 'fetchDone'>
  readonly limits: SnapshotFetchLimits
  /** Hands the withheld message to raft; false when it came too late. */
  readonly accept: (group: GroupId, message: Uint8Array) => boolean
}

export interface OfferedSnapshot {
  readonly group: GroupId
  readonly replica: ReplicaId
  readonly stateMachine: StateMachine
  readonly offer: SnapshotOffer
  /** The withheld message. */
  readonly message: Uint8Array
}

interface Fetch {
  readonly descriptor: raft.SnapshotDescriptor
  /** The newest of the same offer: only its message may still be of the current term. */
  offered: OfferedSnapshot
  lastProgressUs: number
  isRunning: boolean
  /** All bytes are here; verifying and syncing them takes as long as the disk takes. */
  isWhole: boolean
  /** Ends the fetch at its next step, and the step itself when it waits. */
  readonly stop: AbortController
}

export class SnapshotFetches {
  readonly #options: SnapshotFetchesOptions
  readonly #fetches = new Map<GroupId, Fetch>()
  /** Settle when nothing of a group's fetch, even an abandoned one, is under way. */
  readonly #endings = new Map<GroupId, Promise<void>>()

  constructor(options: SnapshotFetchesOptions) {
    this.#options = options
  }

  /** A peer offers a snapshot that raft would take. */
  onOffer(offered: OfferedSnapshot): void {
    const descriptor = parseIfSound(offered)
    if (descriptor === undefined) return
    const fetch = this.#fetches.get(offered.group)
    if (fetch !== undefined) {
      const { snapshotId, nodeId } = fetch.descriptor
      if (snapshotId === descriptor.snapshotId && nodeId === descriptor.nodeId) {
        fetch.offered = offered
        return
      }
      this.drop(offered.group)
    }
    this.#fetches.set(offered.group, {
      descriptor,
      offered,
      lastProgressUs: this.#options.clock.monotonicUs(),
      isRunning: false,
      isWhole: false,
      stop: new AbortController(),
    })
    this.#startWaiting()
  }

  onTick(): void {
    const stallUs = this.#options.limits.snapshotStallMs * 1000
    const nowUs = this.#options.clock.monotonicUs()
    for (const [group, fetch] of this.#fetches) {
      if (!fetch.isWhole && nowUs - fetch.lastProgressUs > stallUs) this.drop(group)
    }
  }

  /** Gives a group's fetch up, if there is one. */
  drop(group: GroupId): void {
    const fetch = this.#fetches.get(group)
    if (fetch === undefined) return
    this.#fetches.delete(group)
    fetch.stop.abort()
    this.#startWaiting()
  }

  /** Gives a group's fetch up and settles when it has let go of the state machine. */
  async leave(group: GroupId): Promise<void> {
    this.drop(group)
    await this.#endings.get(group)
  }

  #startWaiting(): void {
    const fetches = [...this.#fetches.values()]
    const running = fetches.filter(({ isRunning }) => isRunning).length
    const free = this.#options.limits.snapshotFetchesMax - running
    const waiting = fetches.filter(({ isRunning }) => !isRunning)
    for (const fetch of waiting.slice(0, Math.max(free, 0))) {
      fetch.isRunning = true
      this.#start(fetch)
    }
  }

  /** One that was given up may still be dropping its files; the next one waits for it. */
  #start(fetch: Fetch): void {
    const { group } = fetch.offered
    const before = this.#endings.get(group)
    const ending = Promise.resolve(before).then(() => this.#run(fetch))
    this.#endings.set(group, ending)
    void ending.then(() => {
      if (this.#endings.get(group) === ending) this.#endings.delete(group)
    })
  }

  async #run(fetch: Fetch): Promise<void> {
    const { group, replica } = fetch.offered
    const ok = await this.#prepareAndAccept(fetch)
    this.#options.transport.fetchDone({ descriptor: fetch.descriptor, replica, ok })
    if (this.#fetches.get(group) === fetch) this.#fetches.delete(group)
    this.#startWaiting()
  }

  async #prepareAndAccept(fetch: Fetch): Promise<boolean> {
    const { stateMachine, group } = fetch.offered
    const { appliedIndex, files } = fetch.descriptor
    let receiver: SnapshotReceiver | undefined
    try {
      receiver = await stateMachine.receiveSnapshot({
        index: logIndex(appliedIndex),
        files: files.map(({ name, bytes, sha256 }) => ({ name, bytes: Number(bytes), sha256 })),
      })
      for (const { name, bytes } of files) {
        await this.#fetchFile(fetch, receiver, name, Number(bytes))
      }
      fetch.isWhole = true
      await receiver.finish()
      const isWanted = !fetch.stop.signal.aborted
      if (isWanted && this.#options.accept(group, fetch.offered.message)) return true
    } catch {
      // Whatever it was, the leader offers a snapshot again as long as this replica needs one.
    }
    await receiver?.abort().catch(() => {})
    return false
  }

  async #fetchFile(
    fetch: Fetch,
    receiver: SnapshotReceiver,
    file: string,
    bytes: number,
  ): Promise<void> {
    let offset = 0
    while (offset < bytes) {
      const before = offset
      try {
        for await (const chunk of this.#chunks(fetch, file, offset)) {
          await receiver.write(file, chunk)
          offset += chunk.length
          fetch.lastProgressUs = this.#options.clock.monotonicUs()
        }
        if (offset === before) throw new Error(`${file} ended after ${offset} of ${bytes} bytes`)
      } catch (error) {
        if (!isVectronError(error, 'UNAVAILABLE')) throw error
        await this.#unlessStopped(fetch, new Promise((settle) => this.#after(RETRY_MS, settle)))
      }
    }
  }

  /** A transport that answers nothing must not hold a fetch that was given up. */
  async *#chunks(fetch: Fetch, file: string, offset: number): AsyncIterable<Uint8Array> {
    const { descriptor } = fetch
    const call = { descriptor, file, offset }
    const chunks = this.#options.transport.fetchFile(call)[Symbol.asyncIterator]()
    try {
      for (;;) {
        const { done, value } = await this.#unlessStopped(fetch, chunks.next())
        if (done === true) return
        yield value
      }
    } finally {
      void chunks.return?.()?.then(undefined, () => {})
    }
  }

  #unlessStopped<T>({ stop }: Fetch, promise: Promise<T>): Promise<T> {
    const { signal } = stop
    return new Promise((resolve, reject) => {
      const onStop = () => reject(new Error('The fetch was given up.'))
      if (signal.aborted) return onStop()
      signal.addEventListener('abort', onStop, { once: true })
      const settled = promise.finally(() => signal.removeEventListener('abort', onStop))
      settled.then(resolve, reject)
    })
  }

  #after(ms: number, act: (value: undefined) => void): CancelTimer {
    return this.#options.clock.setTimer(ms, () => act(undefined))
  }
}

function parseIfSound({ offer }: OfferedSnapshot): raft.SnapshotDescriptor | undefined {
  try {
    return parseDescriptor(offer.data, logIndex(offer.index))
  } catch {
    // As if the network had lost it.
    return undefined
  }
}
