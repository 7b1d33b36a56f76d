/**
 * How Raft messages and the files of snapshots travel between hosts.
 *
 * A frame carries the messages of one poll to one node, with the cluster, the sender and its boot
 * epoch: addresses may be reused by strangers, and a frame of an earlier life of a node must not
 * count. Delivery is best effort: a lost frame is sent again by Raft. Files go beside the frames,
 * so that a large one never delays a heartbeat.
 */
import type { GroupId, ReplicaId } from '@vectron/base'
import type { raft } from '@vectron/contracts'
import type { OutgoingMessage } from '@vectron/native'
import type { StateSnapshot } from './state-snapshot.ts'

/** Who sends: which cluster, which node of it, and which life of that node. */
export interface NodeIdentity {
  readonly clusterId: string
  readonly nodeId: bigint
  /** Grows with each start of the node. */
  readonly bootEpoch: bigint
}

export interface RaftFrame {
  readonly from: NodeIdentity
  readonly messages: readonly OutgoingMessage[]
}

/** One member of a group and the node that has it. */
export interface GroupPlace {
  readonly replica: ReplicaId
  readonly nodeId: bigint
}

/** One snapshot that a host offers. */
export interface SnapshotKey {
  readonly group: bigint
  readonly snapshotId: bigint
}

/** A receiver has a snapshot, verified, or has given up. */
export interface SnapshotDone extends SnapshotKey {
  readonly replica: bigint
  readonly ok: boolean
}

/** What a transport calls: the host. */
export interface TransportReceiver {
  /** One Raft message of a peer for a replica of this host. */
  receive(message: OutgoingMessage): void
  /** Serves fetches; undefined when the snapshot is not offered any more. */
  openSnapshot(key: SnapshotKey): Pick<StateSnapshot, 'files' | 'read'> | undefined
  snapshotDone(done: SnapshotDone): void
  /** Messages to a replica were lost: its node cannot be reached, or takes in too little. */
  unreachable(group: bigint, replica: bigint): void
  /** The process of a replica's node is gone: nobody listens where it was. */
  gone(group: bigint, replica: bigint): void
}

export interface FetchFileCall {
  /** From the message that offered the snapshot: names its node. */
  readonly descriptor: raft.SnapshotDescriptor
  /** One of the descriptor's files. */
  readonly file: string
  /** Where to begin. */
  readonly offset: number
}

export interface FetchDoneCall {
  readonly descriptor: raft.SnapshotDescriptor
  /** Which replica fetched it. */
  readonly replica: ReplicaId
  readonly ok: boolean
}

export interface Transport {
  readonly identity: NodeIdentity
  /** Where this node can be dialled; part of what it offers. Empty without sockets. */
  readonly advertisedAddress: string
  /** What arrives goes to `receiver` from now on. */
  start(receiver: TransportReceiver): void
  /** This host has the replica of the group: messages to it come here. */
  join(group: GroupId, replica: ReplicaId): void
  leave(group: GroupId): void
  /** Where a group's members are. Senders of incoming messages are learnt beside. */
  setMembers(group: GroupId, members: readonly GroupPlace[]): void
  /** Sends and forgets. Messages to replicas that are nowhere known are dropped. */
  send(messages: readonly OutgoingMessage[]): void
  /**
   * Bytes of a file, in order, from `offset` to its end, at a limited rate.
   *
   * @throws VectronError UNAVAILABLE when the node cannot be reached or the connection broke: may
   *   be tried again from where it stopped; CONFLICT when the snapshot is not offered any more
   */
  fetchFile(call: FetchFileCall): AsyncIterable<Uint8Array>
  /** Tells the sender of a snapshot that it can let go; best effort. */
  fetchDone(call: FetchDoneCall): void
  close(): void
}

/** Decides which frames count, by what was heard of each node before. */
export class FrameGate {
  readonly #clusterId: string
  readonly #bootEpochs = new Map<bigint, bigint>()

  constructor(clusterId: string) {
    this.#clusterId = clusterId
  }

  /** Whether a frame of this sender is of this cluster and of the newest known life of it. */
  admits({ from }: Pick<RaftFrame, 'from'>): boolean {
    if (from.clusterId !== this.#clusterId) return false
    const newest = this.#bootEpochs.get(from.nodeId) ?? 0n
    if (from.bootEpoch < newest) return false
    this.#bootEpochs.set(from.nodeId, from.bootEpoch)
    return true
  }
}
