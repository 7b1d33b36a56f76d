/**
 * How Raft messages travel between hosts.
 *
 * A frame carries the messages of one poll to one node, with the cluster, the sender and its boot
 * epoch: addresses may be reused by strangers, and a frame of an earlier life of a node must not
 * count. Delivery is best effort: a lost frame is sent again by Raft.
 */
import { type GroupId, type ReplicaId, VectronError } from '@vectron/base'
import type { OutgoingMessage } from '@vectron/native'

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

/** Takes one message of a peer for a replica of this host. */
export type Receive = (message: OutgoingMessage) => void

export interface Transport {
  readonly identity: NodeIdentity
  /** Messages that arrive go to `receive` from now on. */
  start(receive: Receive): void
  /** This host has the replica of the group: messages to it come here. */
  join(group: GroupId, replica: ReplicaId): void
  leave(group: GroupId): void
  /** Sends and forgets. Messages to replicas that nobody has joined are dropped. */
  send(messages: readonly OutgoingMessage[]): void
  close(): void
}

/** Decides which frames count, by what was heard of each node before. */
export class FrameGate {
  readonly #clusterId: string
  readonly #bootEpochs = new Map<bigint, bigint>()

  constructor(clusterId: string) {
    this.#clusterId = clusterId
  }

  /** Whether the frame is of this cluster and of the newest known life of its sender. */
  admits({ from }: RaftFrame): boolean {
    if (from.clusterId !== this.#clusterId) return false
    const newest = this.#bootEpochs.get(from.nodeId) ?? 0n
    if (from.bootEpoch < newest) return false
    this.#bootEpochs.set(from.nodeId, from.bootEpoch)
    return true
  }
}

/** Carries a frame to a node; the simulation loses and delays some. */
export type Carry = (to: bigint, deliver: () => void) => void

const carryAtOnce: Carry = (_to, deliver) => queueMicrotask(deliver)

/** The hosts of one process, connected without a socket. */
export class InProcessNetwork {
  readonly #nodes = new Map<bigint, InProcessTransport>()
  readonly #carry: Carry

  constructor(carry: Carry = carryAtOnce) {
    this.#carry = carry
  }

  /** @throws VectronError CONFLICT when a node of this id is connected */
  connect(identity: NodeIdentity): Transport {
    if (this.#nodes.has(identity.nodeId)) {
      throw new VectronError('CONFLICT', `Node ${identity.nodeId} is connected already.`)
    }
    const transport = new InProcessTransport(identity, {
      route: (frame) => this.#route(frame),
      closed: () => this.#nodes.delete(identity.nodeId),
    })
    this.#nodes.set(identity.nodeId, transport)
    return transport
  }

  #route({ from, messages }: RaftFrame): void {
    for (const [nodeId, node] of this.#nodes) {
      const theirs = messages.filter(({ group, to }) => node.has(group, to))
      if (theirs.length > 0) {
        this.#carry(nodeId, () => this.#nodes.get(nodeId)?.deliver({ from, messages: theirs }))
      }
    }
  }
}

interface InProcessWires {
  readonly route: (frame: RaftFrame) => void
  readonly closed: () => void
}

class InProcessTransport implements Transport {
  readonly identity: NodeIdentity
  readonly #wires: InProcessWires
  readonly #gate: FrameGate
  readonly #replicas = new Map<bigint, bigint>()
  #receive: Receive | undefined

  constructor(identity: NodeIdentity, wires: InProcessWires) {
    this.identity = identity
    this.#wires = wires
    this.#gate = new FrameGate(identity.clusterId)
  }

  start(receive: Receive): void {
    this.#receive = receive
  }

  join(group: GroupId, replica: ReplicaId): void {
    this.#replicas.set(group, replica)
  }

  leave(group: GroupId): void {
    this.#replicas.delete(group)
  }

  has(group: bigint, replica: bigint): boolean {
    return this.#replicas.get(group) === replica
  }

  send(messages: readonly OutgoingMessage[]): void {
    if (messages.length > 0) this.#wires.route({ from: this.identity, messages })
  }

  deliver(frame: RaftFrame): void {
    if (this.#receive === undefined || !this.#gate.admits(frame)) return
    for (const message of frame.messages) this.#receive(message)
  }

  close(): void {
    this.#receive = undefined
    this.#wires.closed()
  }
}
