/**
 * A host as the tests of the socket transport need it: records what arrives and lets a test wait
 * for it, on real sockets of 127.0.0.1 and with short times.
 */
import type { TestContext } from 'node:test'
import {
  createLogger,
  createMetrics,
  groupId,
  type Metrics,
  replicaId,
  systemClock,
  systemRandom,
} from '@vectron/base'
import type { OutgoingMessage } from '@vectron/native'
import { PEER_LIMITS, type PeerLimits } from '../peer/peer-limits.ts'
import { PeerTransport, type PeerTransportOptions } from '../peer/peer-transport.ts'
import type { StateSnapshot } from '../state-snapshot.ts'
import type { SnapshotDone, SnapshotKey } from '../transport.ts'

export const TEST_LIMITS: PeerLimits = {
  ...PEER_LIMITS,
  keepAliveMs: 20,
  idleTimeoutMs: 200,
  redialMsMin: 5,
  redialMsMax: 20,
}

/** The group that test nodes share; the replica of node n is 10 n. */
export const GROUP = groupId(7n)
export const replicaOn = (node: bigint) => replicaId(10n * node)

export interface PeerNodeOptions {
  readonly nodeId: bigint
  readonly clusterId?: string
  readonly bootEpoch?: bigint
  readonly limits?: PeerLimits
  readonly tls?: NonNullable<PeerTransportOptions['tls']>
  readonly secret?: string
}

/** Addresses of test nodes, as a directory of the cluster would have them. */
export type Directory = Map<bigint, string>

export class PeerNode {
  readonly transport: PeerTransport
  readonly received: string[] = []
  readonly unreachable: bigint[] = []
  readonly gone: bigint[] = []
  readonly done: SnapshotDone[] = []
  /** Messages of log lines, and the peers that they are about. */
  readonly log: string[]
  readonly metrics: Metrics
  readonly snapshots = new Map<bigint, Pick<StateSnapshot, 'files' | 'read'>>()
  #watchers: (() => void)[] = []

  static async open(
    context: TestContext,
    directory: Directory,
    {
      nodeId,
      clusterId = 'test',
      bootEpoch = 1n,
      limits = TEST_LIMITS,
      tls,
      secret = '',
    }: PeerNodeOptions,
  ): Promise<PeerNode> {
    const log: string[] = []
    let changed = () => {}
    const write = (line: string) => {
      const { msg, peer } = JSON.parse(line)
      log.push(`${peer}: ${msg}`)
      changed()
    }
    const metrics = createMetrics()
    const transport = await PeerTransport.open({
      identity: { clusterId, nodeId, bootEpoch },
      role: 'worker',
      listen: { host: '127.0.0.1', port: 0 },
      addressOf: (node) => directory.get(node),
      ...(tls === undefined ? {} : { tls }),
      secret,
      clock: systemClock,
      random: systemRandom,
      logger: createLogger({ name: 'test', write }),
      metrics,
      limits,
    })
    context.after(() => transport.close())
    const node = new PeerNode(transport, { log, metrics })
    changed = () => node.#onChange()
    directory.set(nodeId, transport.advertisedAddress)
    return node
  }

  private constructor(transport: PeerTransport, told: Pick<PeerNode, 'log' | 'metrics'>) {
    this.transport = transport
    this.log = told.log
    this.metrics = told.metrics
    transport.join(GROUP, replicaOn(transport.identity.nodeId))
    transport.start({
      receive: ({ data }) => this.#record(this.received, Buffer.from(data).toString()),
      openSnapshot: ({ snapshotId }: SnapshotKey) => this.snapshots.get(snapshotId),
      snapshotDone: (done) => this.#record(this.done, done),
      unreachable: (_, replica) => this.#record(this.unreachable, replica),
      gone: (_, replica) => this.#record(this.gone, replica),
    })
  }

  /** Tells the transport where the members of the group are. */
  know(...nodes: readonly bigint[]): void {
    const members = nodes.map((nodeId) => ({ replica: replicaOn(nodeId), nodeId }))
    this.transport.setMembers(GROUP, members)
  }

  send(to: bigint, ...texts: readonly string[]): void {
    const message = (text: string): OutgoingMessage => ({
      group: GROUP,
      to: replicaOn(to),
      from: replicaOn(this.transport.identity.nodeId),
      data: new Uint8Array(Buffer.from(text)),
    })
    this.transport.send(texts.map(message))
  }

  /** Settles when the condition holds; looked at whenever something is recorded. */
  async until(condition: (node: PeerNode) => boolean): Promise<void> {
    while (!condition(this)) {
      await new Promise<void>((resolve) => this.#watchers.push(resolve))
    }
  }

  #record<T>(list: T[], entry: T): void {
    list.push(entry)
    this.#onChange()
  }

  #onChange(): void {
    for (const wake of this.#watchers.splice(0)) wake()
  }
}
