/**
 * The hosts of one process, connected without a socket. The simulation gives a way of carrying that
 * loses and delays.
 */
import { type GroupId, type ReplicaId, VectronError } from '@vectron/base'
import type { OutgoingMessage } from '@vectron/native'
import {
  type FetchDoneCall,
  type FetchFileCall,
  FrameGate,
  type NodeIdentity,
  type RaftFrame,
  type SnapshotDone,
  type SnapshotKey,
  type Transport,
  type TransportReceiver,
} from './transport.ts'

/** One direction between two nodes. */
export interface Link {
  readonly from: bigint
  readonly to: bigint
}

/** Carries something over a link; the simulation loses and delays some. */
export type Carry = (link: Link, deliver: () => void) => void

const carryAtOnce: Carry = (_link, deliver) => queueMicrotask(deliver)

/** Bytes that one answer to a fetch holds. */
const CHUNK_BYTES = 256 * 1024

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
      send: (frame) => this.#send(frame),
      fetch: (call) => this.#fetch(identity.nodeId, call),
      done: (nodeId, done) => this.#done({ from: identity.nodeId, to: nodeId }, done),
      closed: () => this.#nodes.delete(identity.nodeId),
    })
    this.#nodes.set(identity.nodeId, transport)
    return transport
  }

  #send({ from, messages }: RaftFrame): void {
    for (const [to, node] of this.#nodes) {
      const theirs = messages.filter((message) => node.has(message.group, message.to))
      if (theirs.length === 0) continue
      const deliver = () => this.#nodes.get(to)?.deliver({ from, messages: theirs })
      this.#carry({ from: from.nodeId, to }, deliver)
    }
  }

  /** One chunk: a question carried there and an answer carried back. Never settles when lost. */
  #fetch(asking: bigint, { descriptor, file, offset }: FetchFileCall): Promise<Uint8Array> {
    const { group, snapshotId, nodeId } = descriptor
    return new Promise((resolve, reject) => {
      const back = (answer: () => void) => this.#carry({ from: nodeId, to: asking }, answer)
      this.#carry({ from: asking, to: nodeId }, () => {
        const node = this.#nodes.get(nodeId)
        if (node === undefined) return back(() => reject(unreachable(nodeId)))
        node.read({ group, snapshotId }, file, offset).then(
          (data) => back(() => resolve(data)),
          (error: unknown) => back(() => reject(error)),
        )
      })
    })
  }

  #done(link: Link, done: SnapshotDone): void {
    this.#carry(link, () => this.#nodes.get(link.to)?.snapshotDone(done))
  }
}

interface Wires {
  readonly send: (frame: RaftFrame) => void
  readonly fetch: (call: FetchFileCall) => Promise<Uint8Array>
  readonly done: (nodeId: bigint, done: SnapshotDone) => void
  readonly closed: () => void
}

class InProcessTransport implements Transport {
  readonly identity: NodeIdentity
  readonly advertisedAddress = ''
  readonly #wires: Wires
  readonly #gate: FrameGate
  readonly #replicas = new Map<bigint, bigint>()
  #receiver: TransportReceiver | undefined

  constructor(identity: NodeIdentity, wires: Wires) {
    this.identity = identity
    this.#wires = wires
    this.#gate = new FrameGate(identity.clusterId)
  }

  start(receiver: TransportReceiver): void {
    this.#receiver = receiver
  }

  join(group: GroupId, replica: ReplicaId): void {
    this.#replicas.set(group, replica)
  }

  leave(group: GroupId): void {
    this.#replicas.delete(group)
  }

  /** Replicas are found where they have joined. */
  setMembers(): void {}

  has(group: bigint, replica: bigint): boolean {
    return this.#replicas.get(group) === replica
  }

  send(messages: readonly OutgoingMessage[]): void {
    if (messages.length > 0) this.#wires.send({ from: this.identity, messages })
  }

  deliver(frame: RaftFrame): void {
    if (this.#receiver === undefined || !this.#gate.admits(frame)) return
    for (const message of frame.messages) this.#receiver.receive(message)
  }

  async *fetchFile(call: FetchFileCall): AsyncIterable<Uint8Array> {
    const { descriptor, file } = call
    const bytes = Number(descriptor.files.find(({ name }) => name === file)?.bytes ?? 0)
    for (let offset = call.offset; offset < bytes; ) {
      const data = await this.#wires.fetch({ descriptor, file, offset })
      offset += data.length
      yield data
    }
  }

  async read(key: SnapshotKey, file: string, offset: number): Promise<Uint8Array> {
    const snapshot = this.#receiver?.openSnapshot(key)
    if (snapshot === undefined) {
      throw new VectronError('CONFLICT', `Snapshot ${key.snapshotId} is not offered any more.`)
    }
    return snapshot.read(file, offset, CHUNK_BYTES)
  }

  fetchDone({ descriptor, replica, ok }: FetchDoneCall): void {
    const { group, snapshotId, nodeId } = descriptor
    this.#wires.done(nodeId, { group, snapshotId, replica, ok })
  }

  snapshotDone(done: SnapshotDone): void {
    this.#receiver?.snapshotDone(done)
  }

  close(): void {
    this.#receiver = undefined
    this.#wires.closed()
  }
}

function unreachable(nodeId: bigint): VectronError {
  return new VectronError('UNAVAILABLE', `Node ${nodeId} cannot be reached.`)
}
