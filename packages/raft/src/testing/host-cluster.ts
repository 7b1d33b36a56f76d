/**
 * Hosts of one process with real logs in a temporary folder, ten times as fast as in production.
 *
 * A node keeps its log and the store of its state machine over restarts, as its disk would.
 */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import {
  assertDefined,
  deadlineAfter,
  type GroupId,
  groupId,
  replicaId,
  sleep,
  systemClock,
  type VectronError,
} from '@vectron/base'
import { createRaftCore, type GroupStatus, openRaftLog, type RaftLog } from '@vectron/native'
import { HOST_LIMITS, type HostLimits } from '../host-limits.ts'
import { InProcessNetwork, type Link } from '../in-process-network.ts'
import { type GroupMember, ReplicaHost } from '../replica-host.ts'
import { ListMachine, type ListStore } from './list-machine.ts'

export const GROUP: GroupId = groupId(1n)

export const TEST_HOST_LIMITS: HostLimits = {
  ...HOST_LIMITS,
  tickMs: 10,
  checkpointLogBytes: 4096,
  compactLogBytes: 1024,
  followerLogBytes: 0,
  spareLogBytes: 0,
  snapshotStallMs: 400,
  snapshotStartMs: 200,
  snapshotIdleMs: 100,
}

const PATIENCE_MS = 30_000

export const voter = (node: bigint): GroupMember => ({ replica: replicaId(node), learner: false })
export const learner = (node: bigint): GroupMember => ({ replica: replicaId(node), learner: true })

/** One life of a node. The replica of node n is n. */
export interface HostNode {
  readonly nodeId: bigint
  readonly host: ReplicaHost
  readonly machine: ListMachine
  readonly failures: VectronError[]
  stop(): Promise<void>
}

export class HostCluster {
  /** Answers whether something over a link is lost. */
  isLost: (link: Link) => boolean = () => false
  readonly #folder: string
  readonly #limits: HostLimits
  readonly #network: InProcessNetwork
  readonly #nodes = new Map<bigint, HostNode>()
  readonly #stores = new Map<bigint, ListStore>()
  #lives = 0n

  static async open(
    context: TestContext,
    limits: HostLimits = TEST_HOST_LIMITS,
  ): Promise<HostCluster> {
    const folder = await mkdtemp(join(tmpdir(), 'vectron-cluster-'))
    const cluster = new HostCluster(folder, limits)
    context.after(async () => {
      for (const node of cluster.nodes) await node.stop()
      await rm(folder, { recursive: true, force: true })
    })
    return cluster
  }

  private constructor(folder: string, limits: HostLimits) {
    this.#folder = folder
    this.#limits = limits
    this.#network = new InProcessNetwork((link, deliver) => {
      if (!this.isLost(link)) queueMicrotask(deliver)
    })
  }

  get nodes(): readonly HostNode[] {
    return [...this.#nodes.values()]
  }

  node(nodeId: bigint): HostNode {
    return assertDefined(this.#nodes.get(nodeId), `node ${nodeId} runs`)
  }

  /** Begins a life of a node; without members its replica joins a running group. */
  async start(
    nodeId: bigint,
    bootstrap: readonly GroupMember[] = [],
    prepare: (machine: ListMachine) => void = () => {},
  ): Promise<HostNode> {
    const log = await openRaftLog(join(this.#folder, nodeId.toString()))
    const failures: VectronError[] = []
    const host = this.#openHost(nodeId, log, failures)
    const store = this.#stores.get(nodeId) ?? { durable: { appliedIndex: 0n, commands: [] } }
    this.#stores.set(nodeId, store)
    const machine = new ListMachine(store)
    prepare(machine)
    const stop = async () => {
      this.#nodes.delete(nodeId)
      await host.close()
      await log.close()
    }
    const node = { nodeId, host, machine, failures, stop }
    this.#nodes.set(nodeId, node)
    await host.createGroup(GROUP, { replica: replicaId(nodeId), bootstrap, stateMachine: machine })
    return node
  }

  async leader(): Promise<HostNode> {
    const isLeader = ({ host }: HostNode) => host.status(GROUP)?.role === 'leader'
    await this.until(() => this.nodes.some(isLeader), 'there is a leader')
    return assertDefined(this.nodes.find(isLeader), 'there is a leader')
  }

  /** Writes commands of about 100 bytes one after another. */
  async write(node: HostNode, ...commands: readonly string[]): Promise<void> {
    const deadline = deadlineAfter(systemClock, PATIENCE_MS)
    for (const command of commands) {
      const data = new Uint8Array(Buffer.from(command.padEnd(100, '.')))
      await node.host.propose(GROUP, data, { deadline })
    }
  }

  /** Asks whoever leads until the group has these members. */
  async changeMembers(members: readonly GroupMember[], version: bigint): Promise<void> {
    await this.until(async () => {
      const { host } = await this.leader()
      try {
        return (
          host.changeMembers(GROUP, members, version).kind === 'unchanged' &&
          host.status(GROUP)?.isJoint === false
        )
      } catch {
        return false
      }
    }, `version ${version} of the members`)
  }

  /** Asks whoever leads once, and leaves it at that. */
  async changeOnce(members: readonly GroupMember[], version: bigint): Promise<void> {
    const { host } = await this.leader()
    assert.equal(host.changeMembers(GROUP, members, version).kind, 'proposed')
  }

  async until(isTrue: () => boolean | Promise<boolean>, what: string): Promise<void> {
    const deadline = deadlineAfter(systemClock, PATIENCE_MS)
    while (!(await isTrue())) {
      if (deadline.passed) assert.fail(`waited in vain: ${what}\n${this.#describe()}`)
      await sleep(systemClock, 5)
    }
  }

  /** Waits until the nodes have applied the same commands. */
  async untilEqual(...nodes: readonly HostNode[]): Promise<void> {
    const [first, ...others] = nodes.map(({ machine }) => machine)
    const expected = () => JSON.stringify(first?.commands)
    const isEqual = () => others.every(({ commands }) => JSON.stringify(commands) === expected())
    await this.until(isEqual, 'equal state machines')
  }

  #openHost(nodeId: bigint, log: RaftLog, failures: VectronError[]): ReplicaHost {
    this.#lives += 1n
    const identity = { clusterId: 'test', nodeId, bootEpoch: this.#lives }
    return ReplicaHost.open({
      core: createRaftCore({
        seed: 5n,
        electionTicks: 15,
        heartbeatTicks: 2,
        messageBytesMax: 1 << 18,
        inflightMessagesMax: 64,
        uncommittedBytesMax: 1 << 26,
        committedBytesPerPollMax: 1 << 22,
        cachedBytesMax: 512,
      }),
      log,
      clock: systemClock,
      transport: this.#network.connect(identity),
      limits: this.#limits,
      onFatal: (error) => assert.fail(`the log failed: ${error}`),
      onGroupFailed: (_group, error) => failures.push(error),
    })
  }

  #describe(): string {
    const describe = ({ nodeId, host, machine, failures }: HostNode) => {
      const status: Partial<GroupStatus> = host.status(GROUP) ?? {}
      const text = JSON.stringify(status, (_key, value) =>
        typeof value === 'bigint' ? Number(value) : value,
      )
      const { length } = machine.commands
      return `node ${nodeId}: ${length} commands, ${failures.length} failures, ${text}`
    }
    return this.nodes.map(describe).join('\n')
  }
}

/** Names of commands. */
export function numbered(count: number, name = 'command'): readonly string[] {
  return Array.from({ length: count }, (_, at) => `${name} ${at}`)
}
