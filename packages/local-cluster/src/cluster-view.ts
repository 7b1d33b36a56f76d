/**
 * What a cluster on this machine looks like at one moment: its processes as this machine sees them,
 * and its shards as placement sees them.
 */
import { type Clock, type Random, toVectronError } from '@vectron/base'
import { placement } from '@vectron/contracts'
import { Closers, Connections, openClusterSecret } from '@vectron/process'
import type { PlacementClient } from '@vectron/routing'
import { clusterSecretPath, grpcAddress, HOST, type PlannedNode } from './cluster-plan.ts'
import type { NodeState } from './local-cluster.ts'

export interface NodeView {
  readonly name: string
  readonly service: string
  readonly state: 'up' | 'paused' | 'down'
  readonly pid: number | undefined
  /** Where it is reached: a URL for a gateway, else `host:port` of gRPC. */
  readonly address: string
  readonly admin: string
  /** Of placement: "leader" or "follower"; of a worker, as placement sees it: "up", "silent"... */
  readonly role: string
  readonly workerId: number | undefined
  readonly replicas: number | undefined
  readonly leaders: number | undefined
}

export interface ReplicaView {
  /** Name of its node; `worker id 7` when it is none of this cluster's folder. */
  readonly node: string
  readonly role: 'leader' | 'follower' | 'learner' | 'search-only' | 'leaving'
  /** Entries of the leader's log that it does not have on disk; absent when nobody can tell. */
  readonly lag: number | undefined
  /** Why it does not serve; empty when nothing is known against it. */
  readonly trouble: string
}

export interface ShardView {
  readonly shardId: number
  readonly collection: string
  /** Name of the leader's node; absent while none is known. */
  readonly leader: string | undefined
  readonly replicas: readonly ReplicaView[]
  readonly membershipVersion: number
  /** Last entry of the leader's log. */
  readonly lastIndex: number
}

export interface OperatorView {
  readonly operatorId: number
  readonly kind: string
  readonly shardId: number
  readonly reason: string
  readonly state: string
  /** What it does right now. */
  readonly step: string
}

export interface ClusterView {
  readonly nodes: readonly NodeView[]
  readonly shards: readonly ShardView[]
  readonly operators: readonly OperatorView[]
  /** One line for each thing that is wrong. */
  readonly problems: readonly string[]
}

/** Milliseconds for placement's answer. */
const TIMEOUT_MS = 2000

/** Looks at one cluster again and again over the same connections. */
export class ClusterViewer {
  readonly #closers = new Closers()
  readonly #client: PlacementClient

  constructor(options: {
    readonly nodes: readonly PlannedNode[]
    /** Of the cluster. */
    readonly folder: string
    readonly clock: Clock
    readonly random: Random
  }) {
    const { nodes, folder, clock, random } = options
    const members = nodes.filter(({ service }) => service === 'placement').map(grpcAddress)
    const secret = openClusterSecret(clusterSecretPath(folder))
    const trust = { kind: 'secret', secret } as const
    const connections = new Connections({ closers: this.#closers, clock, random, trust })
    this.#client = connections.placement(members)
  }

  async look(states: readonly NodeState[]): Promise<ClusterView> {
    const isUp = ({ node, process }: NodeState) =>
      node.service === 'placement' && process.kind === 'up'
    if (!states.some(isUp)) {
      return { ...buildView(states, undefined), problems: ['no member of placement runs'] }
    }
    try {
      const options = { timeoutMs: TIMEOUT_MS }
      const [cluster, { shards }] = await Promise.all([
        this.#client.getCluster({}, options),
        this.#client.listShards({}, options),
      ])
      return buildView(states, { cluster, shards })
    } catch (error) {
      const why = `placement does not answer: ${toVectronError(error).message}`
      return { ...buildView(states, undefined), problems: [why] }
    }
  }

  close(): Promise<void> {
    return this.#closers.closeAll()
  }
}

interface PlacementWord {
  readonly cluster: placement.GetClusterResponse
  readonly shards: readonly placement.ShardStatus[]
}

export function buildView(
  states: readonly NodeState[],
  word: PlacementWord | undefined,
): ClusterView {
  const names = new Map<bigint, string>()
  for (const { node } of states) {
    const workerId = statusOf(node, word)?.worker?.workerId
    if (workerId !== undefined) names.set(workerId, node.name)
  }
  return {
    nodes: [...states].sort(byService).map((state) => viewNode(state, word)),
    shards: (word?.shards ?? []).map((shard) => viewShard(shard, names)),
    operators: (word?.cluster.operators ?? []).map(viewOperator),
    problems: word?.cluster.problems ?? [],
  }
}

const SERVICE_ORDER = ['placement', 'worker', 'auth', 'reranker', 'gateway']

function byService(a: NodeState, b: NodeState): number {
  const order = (state: NodeState) => SERVICE_ORDER.indexOf(state.node.service)
  return order(a) - order(b) || a.node.number - b.node.number
}

function viewNode({ node, process }: NodeState, word: PlacementWord | undefined): NodeView {
  const address = grpcAddress(node)
  const status = statusOf(node, word)
  return {
    name: node.name,
    service: node.service,
    state: process.kind,
    pid: process.kind === 'down' ? undefined : process.pid,
    address: node.service === 'gateway' ? `http://${HOST}:${node.ports.http}` : address,
    admin: `http://${HOST}:${node.ports.admin}`,
    role: roleOf(node, status, word),
    workerId: status?.worker === undefined ? undefined : Number(status.worker.workerId),
    replicas: status?.replicas,
    leaders: status?.leaders,
  }
}

/** A node whose disk was lost has had an earlier id at the same address: the newest counts. */
function statusOf(
  node: PlannedNode,
  word: PlacementWord | undefined,
): placement.WorkerStatus | undefined {
  const address = grpcAddress(node)
  return word?.cluster.workers.findLast(({ worker }) => worker?.address === address)
}

function roleOf(
  node: PlannedNode,
  status: placement.WorkerStatus | undefined,
  word: PlacementWord | undefined,
): string {
  if (node.service === 'placement') {
    const id = BigInt(node.number)
    const member = word?.cluster.members.find(({ memberId }) => memberId === id)
    if (member === undefined) return ''
    return member.leader ? 'leader' : 'follower'
  }
  if (node.service !== 'worker' || status?.worker === undefined) return ''
  const { state, draining } = status.worker
  const words = ['', 'up', 'silent', 'dead']
  return draining ? `${words[state] ?? ''}, draining` : (words[state] ?? '')
}

function viewShard(status: placement.ShardStatus, names: ReadonlyMap<bigint, string>): ShardView {
  const nameOf = (workerId: bigint) => names.get(workerId) ?? `worker id ${workerId}`
  const { shard, collection, lastIndex, replicas } = status
  const leader = shard?.leaderWorkerId ?? 0n
  return {
    shardId: Number(shard?.shardId ?? 0n),
    collection,
    leader: leader === 0n ? undefined : nameOf(leader),
    replicas: (shard?.replicas ?? []).map((replica, place) => ({
      node: nameOf(replica.workerId),
      role: replicaRole(replica, leader),
      lag: replica.workerId === leader ? 0 : lagOf(replicas[place], lastIndex),
      trouble: troubleOf(replicas[place]),
    })),
    membershipVersion: Number(shard?.epoch?.membership ?? 0n),
    lastIndex: Number(lastIndex),
  }
}

function replicaRole(replica: placement.Replica, leader: bigint): ReplicaView['role'] {
  if (replica.leaving) return 'leaving'
  if (replica.searchOnly) return 'search-only'
  if (replica.learner) return 'learner'
  return replica.workerId === leader ? 'leader' : 'follower'
}

function lagOf(status: placement.ReplicaStatus | undefined, lastIndex: bigint): number | undefined {
  const matchIndex = status?.member?.matchIndex
  return matchIndex === undefined ? undefined : Math.max(0, Number(lastIndex - matchIndex))
}

function troubleOf(status: placement.ReplicaStatus | undefined): string {
  if (status?.workerState === placement.WorkerState.DEAD) return 'dead'
  if (status?.workerState === placement.WorkerState.SILENT) return 'silent'
  if (status?.report?.failure !== undefined) return status.report.failure.reason
  return status?.member?.snapshot ? 'receiving snapshot' : ''
}

function viewOperator(operator: placement.Operator): OperatorView {
  const step = operator.steps.find(({ state }) => state === 'running')
  const progress = step !== undefined && step.progress > 0 ? ` ${percent(step.progress)}` : ''
  return {
    operatorId: Number(operator.operatorId),
    kind: operator.kind,
    shardId: Number(operator.shardId),
    reason: operator.reason,
    state: operator.state,
    step: step === undefined ? '' : `${step.text}${progress}`,
  }
}

function percent(part: number): string {
  return `${Math.floor(100 * part)} %`
}
