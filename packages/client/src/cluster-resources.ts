/**
 * What the API answers about the cluster, as the SDK hands it out. Ids are numbers while they are
 * exact, and strings beyond 2^53; times are RFC 3339, empty for none.
 */

import type { SearchStage } from './resources.ts'

export type Id = number | string

export interface ClusterHealth {
  readonly status: 'ok' | 'degraded' | 'unavailable'
  readonly clusterId: string
  readonly version: string
  readonly workers: number
  readonly shards: number
  /** One line for each thing that is wrong, most urgent first. */
  readonly problems: readonly string[]
  readonly shardsWithoutLeader: number
  /** Shards with fewer healthy replicas than their collection asks for. */
  readonly shardsUnderReplicated: number
}

export interface WorkerInfo {
  readonly workerId: Id
  readonly address: string
  /** `draining`: up, and being emptied. */
  readonly state: 'up' | 'silent' | 'dead' | 'draining' | 'unknown'
  readonly lastHeartbeat: string
  readonly replicas: number
  readonly leaders: number
  /** Zone or rack; empty when none is configured. */
  readonly zone: string
  readonly draining: boolean
  readonly replicaBytes: number
  readonly diskUsedBytes: number
  readonly diskFreeBytes: number
  /** Cores that its process kept busy of late: 1.5 is one and a half. */
  readonly cpuCores: number
  readonly memoryBytes: number
}

export interface ShardInfo {
  readonly shardId: Id
  readonly collection: string
  /** Hashes [start, end), as 16 hexadecimal digits; an empty end stands for 2^64. */
  readonly rangeStart: string
  readonly rangeEnd: string
  readonly membershipVersion: Id
  readonly rangeVersion: Id
  /** 0: no leader is heard of. */
  readonly leaderWorkerId: Id
  readonly workerIds: readonly Id[]
  readonly replicationFactor: number
  /** Search-only replicas that the collection asks for. */
  readonly searchReplicas: number
  readonly replicas: readonly ShardReplica[]
  /** Last entry of the leader's log. */
  readonly lastIndex: Id
  /** Its group has not reached `membershipVersion` yet. */
  readonly changing: boolean
  readonly problems: readonly string[]
}

export interface ShardReplica {
  readonly replicaId: Id
  readonly workerId: Id
  /** `learner`: joins, to be a voter; `search-only`: never votes. */
  readonly role: 'leader' | 'voter' | 'learner' | 'search-only'
  readonly leaving: boolean
  /** `ready`, `catching up`, `receiving snapshot`, `silent`, `dead`, `unknown`, `failed: <why>`. */
  readonly state: string
  readonly appliedIndex: Id
  /** Entries of the leader's log that it does not have on disk. */
  readonly lag: number
  readonly pointsCount: number
  readonly indexedCount: number
  readonly diskBytes: number
}

export interface PlacementMemberInfo {
  readonly memberId: Id
  readonly address: string
  readonly leader: boolean
  readonly matchIndex: Id
  readonly active: boolean
}

export interface ClusterEvent {
  readonly eventId: Id
  readonly time: string
  readonly text: string
  /** What it is about; 0 for none. */
  readonly workerId: Id
  readonly shardId: Id
  readonly operatorId: Id
}

/** A move of several steps. */
export interface Operator {
  readonly operatorId: Id
  readonly kind: string
  readonly shardId: Id
  readonly collection: string
  readonly reason: string
  readonly steps: readonly OperatorStep[]
  /** `running`, `done`, `cancelled`, `failed: <why>`. */
  readonly state: string
  readonly createTime: string
  readonly finishTime: string
}

export interface OperatorStep {
  readonly text: string
  readonly state: 'waiting' | 'running' | 'done'
  /** 0 to 1, where known. */
  readonly progress: number
}

/** The cluster at one moment. */
export interface ClusterView {
  readonly health: ClusterHealth
  readonly members: readonly PlacementMemberInfo[]
  readonly workers: readonly WorkerInfo[]
  readonly shards: readonly ShardInfo[]
  /** Those that run. */
  readonly operators: readonly Operator[]
  /** Since the view before. */
  readonly events: readonly ClusterEvent[]
  readonly time: string
  /** Of the gateway that answers. */
  readonly load: GatewayLoad
  /** Gateways that ask placement for the routing now and then. */
  readonly gateways: number
  /** Addresses of the rerankers that announce themselves. */
  readonly rerankers: readonly string[]
  /** Nodes that this gateway may kill and start: of a cluster on one machine. */
  readonly localNodes: readonly LocalNode[]
}

/** A process of a cluster on one machine, for demonstrations. */
export interface LocalNode {
  readonly name: string
  readonly service: 'worker' | 'placement' | 'reranker'
  /** Under which the cluster knows it. */
  readonly address: string
  readonly state: 'up' | 'paused' | 'down' | 'starting'
  /** Why it did not start the last time. */
  readonly failure: string
}

/** What one gateway answered in the last seconds. */
export interface GatewayLoad {
  readonly gateway: string
  /** Seconds that it is over, up to ten. */
  readonly seconds: number
  readonly requests: readonly RequestLoad[]
  /** Searches a second that were looked up among kept answers, and those answered from there. */
  readonly cacheLookupsPerSecond: number
  readonly cacheHitsPerSecond: number
  /** Cores that its process kept busy of late. */
  readonly cpuCores: number
  readonly memoryBytes: number
}

export interface RequestLoad {
  readonly kind: 'search' | 'read' | 'write' | 'manage'
  readonly perSecond: number
  /** Of these: refused, or failed. */
  readonly failedPerSecond: number
  /** Of those that failed: turned away, because of too many. */
  readonly refusedPerSecond: number
  /** Microseconds; 0 where nothing was answered. */
  readonly p50Us: number
  readonly p95Us: number
  readonly p99Us: number
}

/** What one gateway remembers. */
export interface SlowQueries {
  /** Its name: each remembers its own. */
  readonly gateway: string
  /** Milliseconds from which it takes a query for slow; 0: each is. */
  readonly thresholdMs: number
  readonly queries: readonly SlowQuery[]
}

/** A search or read that took long: its shape and its times. */
export interface SlowQuery {
  /** RFC 3339; when it ended. */
  readonly time: string
  readonly project: string
  readonly collection: string
  /** `Search`, `ScrollPoints`, ... */
  readonly method: string
  readonly requestId: string
  /** Empty where requests are not traced. */
  readonly traceId: string
  /** `OK` or the reason of the error. */
  readonly outcome: string
  readonly tookUs: number
  readonly stages: readonly SearchStage[]
  /** `vector`, `id`, `text`; empty for reads. */
  readonly target: string
  /** Searches of a batch, ids of a get; 1 otherwise. */
  readonly count: number
  readonly topK: number
  /** JSON; empty for none. */
  readonly filter: string
  readonly shardsTotal: number
  readonly shardsAnswered: number
}
