/**
 * SnapshotOffers: the sending side of snapshots, all groups of a host.
 *
 * A leader whose follower is behind the log's start wishes for a snapshot. It is taken once and
 * offered to every follower of the group that needs one, pinned as long as somebody fetches it.
 *
 * Stays true: at most one snapshot of a group and few of a host exist at a time; while one does,
 * the log keeps what comes after it; whoever was sent one is reported to raft in the end, at the
 * latest when nothing was read for a while. Otherwise raft would wait for ever.
 */
import { type Clock, type GroupId, groupId, type LogIndex } from '@vectron/base'
import type { RaftCore, SnapshotWanted } from '@vectron/native'
import { encodeDescriptor } from './snapshot-descriptor.ts'
import type { StateMachine } from './state-machine.ts'
import type { StateSnapshot } from './state-snapshot.ts'
import type { SnapshotDone, SnapshotKey, Transport, TransportReceiver } from './transport.ts'

export interface SnapshotOfferLimits {
  /** Snapshots that a host takes and offers at a time. */
  readonly snapshotOffersMax: number
  /** Milliseconds without a read after which a follower is given up. */
  readonly snapshotStallMs: number
  /** The same before its first read: then it has most likely never heard of the snapshot. */
  readonly snapshotStartMs: number
  /** Milliseconds that a snapshot stays when nobody needs it any more. */
  readonly snapshotIdleMs: number
}

export interface SnapshotOffersOptions {
  readonly core: RaftCore
  readonly clock: Clock
  readonly transport: Pick<Transport, 'identity' | 'advertisedAddress'>
  readonly limits: SnapshotOfferLimits
  readonly machineOf: (group: GroupId) => StateMachine | undefined
  /** Something was said to the core. */
  readonly wake: () => void
}

type Offer =
  | Taking
  /** Taking failed; not tried again before. */
  | { readonly kind: 'resting'; readonly untilUs: number }
  | Offered

interface Taking {
  readonly kind: 'taking'
  /** Applied when it began: the snapshot is of this index or a later one. */
  readonly from: LogIndex
  /** Settles when nothing of it is under way. */
  ended: Promise<void>
}

interface Offered {
  readonly kind: 'offered'
  readonly snapshotId: bigint
  readonly snapshot: StateSnapshot
  /** When something was last read, sent or done. */
  lastUsedUs: number
  /** Followers that were sent it. */
  readonly receivers: Map<bigint, Receiver>
}

interface Receiver {
  lastProgressUs: number
  /** Somebody has read since it was sent the snapshot. */
  hasBegun: boolean
}

export class SnapshotOffers {
  readonly #options: SnapshotOffersOptions
  readonly #offers = new Map<GroupId, Offer>()
  #lastId = 0n

  constructor(options: SnapshotOffersOptions) {
    this.#options = options
  }

  /** A follower needs a snapshot of the group, and cannot take the one that is offered. */
  onWanted({ group }: SnapshotWanted): void {
    const id = groupId(group)
    const machine = this.#options.machineOf(id)
    if (machine === undefined) return
    const offer = this.#offers.get(id)
    if (offer?.kind === 'offered' && !this.#isAwaited(id)) void this.drop(id)
    if (this.#offers.has(id)) return
    const busy = [...this.#offers.values()].filter(({ kind }) => kind !== 'resting')
    if (busy.length >= this.#options.limits.snapshotOffersMax) return
    const taking: Taking = { kind: 'taking', from: machine.appliedIndex, ended: Promise.resolve() }
    this.#offers.set(id, taking)
    taking.ended = this.#take(id, machine, taking)
  }

  /** The log must keep entries after this index; undefined when no snapshot needs any. */
  keptFrom(group: GroupId): LogIndex | undefined {
    const offer = this.#offers.get(group)
    switch (offer?.kind) {
      case 'taking':
        return offer.from
      case 'offered':
        return offer.snapshot.appliedIndex
      case 'resting':
      case undefined:
        return undefined
    }
  }

  /** Serves the transport. */
  open({ group, snapshotId }: SnapshotKey): ReturnType<TransportReceiver['openSnapshot']> {
    const offer = this.#find(group, snapshotId)
    if (offer === undefined) return undefined
    const { files } = offer.snapshot
    return {
      files,
      read: async (file, offset, bytesMax) => {
        const data = await offer.snapshot.read(file, offset, bytesMax)
        this.#touch(offer)
        return data
      },
    }
  }

  /** A follower has the snapshot, or has given up. */
  onDone({ group, snapshotId, replica, ok }: SnapshotDone): void {
    const offer = this.#find(group, snapshotId)
    if (offer === undefined) return
    this.#touch(offer)
    this.#report(groupId(group), offer, replica, ok ? 'installed' : 'failed')
  }

  onTick(): void {
    for (const [group, offer] of this.#offers) {
      if (offer.kind === 'offered') this.#watch(group, offer)
      else if (offer.kind === 'resting' && this.#nowUs() >= offer.untilUs)
        this.#offers.delete(group)
    }
  }

  /** The group is not hosted any more, or has failed. */
  async drop(group: GroupId): Promise<void> {
    const offer = this.#offers.get(group)
    this.#offers.delete(group)
    if (offer?.kind === 'offered') await offer.snapshot.release()
    if (offer?.kind === 'taking') await offer.ended
  }

  async #take(group: GroupId, machine: StateMachine, taking: Taking): Promise<void> {
    const { core, transport, clock } = this.#options
    const snapshotId = ++this.#lastId
    let snapshot: StateSnapshot | undefined
    try {
      snapshot = await machine.takeSnapshot()
      if (this.#offers.get(group) !== taking) return await snapshot.release()
      const data = encodeDescriptor({ group, snapshotId }, snapshot, transport)
      core.setSnapshot(group, { index: snapshot.appliedIndex, data })
    } catch {
      // The wish comes again, and whoever takes snapshots fails the group when it must.
      await snapshot?.release()
      const untilUs = clock.monotonicUs() + this.#options.limits.snapshotIdleMs * 1000
      if (this.#offers.get(group) === taking) this.#offers.set(group, { kind: 'resting', untilUs })
      return
    }
    const lastUsedUs = this.#nowUs()
    const offered: Offered = {
      kind: 'offered',
      snapshotId,
      snapshot,
      lastUsedUs,
      receivers: new Map(),
    }
    this.#offers.set(group, offered)
    this.#options.wake()
  }

  #isAwaited(group: GroupId): boolean {
    return this.#options.core.status(group)?.peers.some(({ snapshot }) => snapshot) === true
  }

  /** Raft says who waits for a snapshot; whoever does so without progress is given up. */
  #watch(group: GroupId, offer: Offered): void {
    const { core, limits } = this.#options
    const nowUs = this.#nowUs()
    const peers = core.status(group)?.peers ?? []
    const waiting = new Set(peers.filter(({ snapshot }) => snapshot).map(({ replica }) => replica))
    for (const replica of offer.receivers.keys()) {
      if (!waiting.has(replica)) offer.receivers.delete(replica)
    }
    for (const replica of waiting) {
      const fresh = { lastProgressUs: nowUs, hasBegun: false }
      const receiver = offer.receivers.get(replica) ?? fresh
      offer.receivers.set(replica, receiver)
      // A message to a replica that is not there yet is lost without a word.
      const { snapshotStallMs, snapshotStartMs } = limits
      const patienceMs = receiver.hasBegun ? snapshotStallMs : snapshotStartMs
      if (nowUs - receiver.lastProgressUs > patienceMs * 1000) {
        this.#report(group, offer, replica, 'failed')
      }
    }
    if (offer.receivers.size > 0) offer.lastUsedUs = nowUs
    else if (nowUs - offer.lastUsedUs > limits.snapshotIdleMs * 1000) {
      if (core.status(group) !== undefined) core.dropSnapshot(group)
      void this.drop(group)
    }
  }

  #report(group: GroupId, offer: Offered, replica: bigint, outcome: 'installed' | 'failed'): void {
    const { core, wake } = this.#options
    offer.receivers.delete(replica)
    if (core.status(group) === undefined) return
    core.reportSnapshot(group, replica, outcome)
    wake()
  }

  /** Fetches do not say for whom: a read counts for all that wait. */
  #touch(offer: Offered): void {
    offer.lastUsedUs = this.#nowUs()
    for (const receiver of offer.receivers.values()) {
      receiver.lastProgressUs = offer.lastUsedUs
      receiver.hasBegun = true
    }
  }

  #find(group: bigint, snapshotId: bigint): Offered | undefined {
    const offer = this.#offers.get(groupId(group))
    return offer?.kind === 'offered' && offer.snapshotId === snapshotId ? offer : undefined
  }

  #nowUs(): number {
    return this.#options.clock.monotonicUs()
  }
}
