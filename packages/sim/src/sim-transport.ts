/**
 * Raft's transport over the simulated network: frames as datagrams, files of snapshots chunk by
 * chunk over a connection that breaks when the receiver waits too long.
 *
 * Keeps the contract of the real transport (packages/raft): frames name cluster, node and life, and
 * those of strangers and of earlier lives do not count; messages go to where setMembers said or
 * where a frame came from last, and are dropped for replicas that are nowhere known.
 */
import { type GroupId, type ReplicaId, VectronError } from '@vectron/base'
import type { OutgoingMessage } from '@vectron/native'
import {
  type FetchDoneCall,
  type FetchFileCall,
  FrameGate,
  type GroupPlace,
  type NodeIdentity,
  type RaftFrame,
  type SnapshotDone,
  type SnapshotKey,
  type Transport,
  type TransportReceiver,
} from '@vectron/raft'
import type { ProcessClock } from './process-clock.ts'
import type { SimNetwork } from './sim-network.ts'

/** Bytes of one chunk: small, so that snapshots take many. */
const CHUNK_BYTES = 2048
/** Milliseconds without a chunk after which a fetch's connection counts as broken. */
const FETCH_TIMEOUT_MS = 3000

/** A frame as it travels: with the replica that each message is of. */
interface SentFrame extends RaftFrame {
  readonly senders: ReadonlyMap<bigint, bigint>
}

/** The transports of all processes of one role: node ids of workers and placement count apart. */
export class SimRaftNetwork {
  readonly network: SimNetwork
  readonly #open = new Map<bigint, SimTransport>()
  /** The process that a node id stands for. */
  readonly #names = new Map<bigint, string>()

  constructor(network: SimNetwork) {
    this.network = network
  }

  connect(identity: NodeIdentity, name: string, clock: ProcessClock): Transport {
    const transport = new SimTransport(this, { identity, name, clock })
    this.#open.set(identity.nodeId, transport)
    this.#names.set(identity.nodeId, name)
    return transport
  }

  nameOf(nodeId: bigint): string {
    return this.#names.get(nodeId) ?? 'nobody'
  }

  find(nodeId: bigint): SimTransport | undefined {
    return this.#open.get(nodeId)
  }

  drop(transport: SimTransport): void {
    const { nodeId } = transport.identity
    if (this.#open.get(nodeId) === transport) this.#open.delete(nodeId)
  }
}

interface SimTransportOptions {
  readonly identity: NodeIdentity
  readonly name: string
  readonly clock: ProcessClock
}

export class SimTransport implements Transport {
  readonly identity: NodeIdentity
  readonly advertisedAddress: string
  readonly #raft: SimRaftNetwork
  readonly #clock: ProcessClock
  readonly #gate: FrameGate
  readonly #joined = new Map<bigint, bigint>()
  /** Node of a replica, by `group/replica`. */
  readonly #places = new Map<string, bigint>()
  #receiver: TransportReceiver | undefined

  constructor(raft: SimRaftNetwork, { identity, name, clock }: SimTransportOptions) {
    this.#raft = raft
    this.identity = identity
    this.advertisedAddress = name
    this.#clock = clock
    this.#gate = new FrameGate(identity.clusterId)
  }

  start(receiver: TransportReceiver): void {
    this.#receiver = receiver
  }

  join(group: GroupId, replica: ReplicaId): void {
    this.#joined.set(group, replica)
  }

  leave(group: GroupId): void {
    this.#joined.delete(group)
  }

  has(group: bigint, replica: bigint): boolean {
    return this.#joined.get(group) === replica
  }

  setMembers(group: GroupId, members: readonly GroupPlace[]): void {
    for (const { replica, nodeId } of members) this.#places.set(`${group}/${replica}`, nodeId)
  }

  send(messages: readonly OutgoingMessage[]): void {
    const byNode = new Map<bigint, OutgoingMessage[]>()
    for (const message of messages) {
      const nodeId = this.#places.get(`${message.group}/${message.to}`)
      if (nodeId === undefined) continue
      const theirs = byNode.get(nodeId)
      if (theirs === undefined) byNode.set(nodeId, [message])
      else theirs.push(message)
    }
    const senders = new Map(this.#joined)
    for (const [nodeId, theirs] of byNode) {
      const frame: SentFrame = { from: this.identity, messages: theirs, senders }
      this.#raft.network.sendDatagram(this.#route(nodeId), () => {
        const there = this.#raft.find(nodeId)
        if (there !== undefined) there.deliver(frame)
        else this.#refuse(nodeId, theirs)
      })
    }
  }

  /** Nobody listens at a node: its machine says so to whoever sends there. */
  #refuse(nodeId: bigint, messages: readonly OutgoingMessage[]): void {
    const { from, to } = this.#route(nodeId)
    this.#raft.network.sendDatagram({ from: to, to: from }, () =>
      this.#clock.enter(() => {
        for (const message of messages) this.#receiver?.gone(message.group, message.to)
      }),
    )
  }

  deliver(frame: SentFrame): void {
    this.#clock.enter(() => {
      if (this.#receiver === undefined || !this.#gate.admits(frame)) return
      for (const message of frame.messages) {
        const sender = frame.senders.get(message.group)
        if (sender !== undefined) {
          this.#places.set(`${message.group}/${sender}`, frame.from.nodeId)
        }
        if (this.has(message.group, message.to)) this.#receiver?.receive(message)
      }
    })
  }

  async *fetchFile({ descriptor, file, offset }: FetchFileCall): AsyncIterable<Uint8Array> {
    const bytes = Number(descriptor.files.find(({ name }) => name === file)?.bytes ?? 0)
    for (let at = offset; at < bytes; ) {
      const data = await this.#fetchChunk({ descriptor, file, offset: at })
      at += data.length
      yield data
    }
  }

  fetchDone({ descriptor, replica, ok }: FetchDoneCall): void {
    const { group, snapshotId, nodeId } = descriptor
    const done = { group, snapshotId, replica, ok }
    const deliver = () => this.#raft.find(nodeId)?.snapshotDone(done)
    this.#raft.network.sendDatagram(this.#route(nodeId), deliver)
  }

  snapshotDone(done: SnapshotDone): void {
    this.#clock.enter(() => this.#receiver?.snapshotDone(done))
  }

  close(): void {
    this.#receiver = undefined
    this.#raft.drop(this)
  }

  #route(nodeId: bigint) {
    return { from: this.advertisedAddress, to: this.#raft.nameOf(nodeId) }
  }

  #fetchChunk({ descriptor, file, offset }: FetchFileCall): Promise<Uint8Array> {
    const { group, snapshotId, nodeId } = descriptor
    const { from, to } = this.#route(nodeId)
    const { network } = this.#raft
    return new Promise((resolve, reject) => {
      let isOver = false
      const settle = (outcome: () => void) => {
        if (isOver) return
        isOver = true
        cancel()
        outcome()
      }
      const broken = () => settle(() => reject(unreachable(to)))
      const cancel = this.#clock.setTimer(FETCH_TIMEOUT_MS, broken)
      const isGone = () => isOver || !this.#clock.isAlive
      const answer = (outcome: () => void) => {
        const deliver = () => this.#clock.enter(() => settle(outcome))
        network.sendSegment({ from: to, to: from }, deliver, isGone)
      }
      const ask = () => {
        const there = this.#raft.find(nodeId)
        if (there === undefined) return answer(() => reject(unreachable(to)))
        there.serve({ group, snapshotId }, file, offset).then(
          (data) => answer(() => resolve(data)),
          (error: unknown) => answer(() => reject(error)),
        )
      }
      network.sendSegment({ from, to }, ask, isGone)
    })
  }

  /** Answers a fetch of a peer. */
  serve(key: SnapshotKey, file: string, offset: number): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      this.#clock.enter(() => {
        const snapshot = this.#receiver?.openSnapshot(key)
        if (snapshot !== undefined) {
          snapshot.read(file, offset, CHUNK_BYTES).then(resolve, reject)
          return
        }
        const text = `Snapshot ${key.snapshotId} is not offered any more.`
        reject(new VectronError('CONFLICT', text))
      })
    })
  }
}

function unreachable(name: string): VectronError {
  return new VectronError('UNAVAILABLE', `${name} cannot be reached.`)
}
