/**
 * ClusterView: what planning sees. Plain data of one moment; nothing here changes.
 *
 * Whoever plans reads only this, so that a plan can be told from a text file. build-view.ts makes
 * it from the catalog and from what workers have reported.
 */

import type { placement } from '@vectron/contracts'
import type { ReadonlyIdMap } from '../id-map.ts'
import type { PlanSettings } from './plan-settings.ts'

export interface ClusterView {
  readonly settings: PlanSettings
  readonly workers: ReadonlyIdMap<WorkerView>
  readonly shards: ShardViews
  /** How many workers of each zone may be given replicas. */
  readonly zones: ReadonlyMap<string, number>
}

export interface ShardViews {
  values(): readonly ShardView[]
  get(shardId: bigint): ShardView | undefined
}

export interface WorkerView {
  readonly workerId: bigint
  /** Empty when none is configured. */
  readonly zone: string
  /** Silent: not heard of for a while. Dead: for so long that its replicas are rebuilt. */
  readonly life: 'up' | 'silent' | 'dead'
  /** Has sent a heartbeat since these observations began. */
  readonly isHeard: boolean
  readonly draining: boolean
  /** Replicas by the catalog, those that are leaving included. */
  readonly replicas: number
  readonly leaders: number
  /** Bytes of its replicas. */
  readonly replicaBytes: number
  /** Undefined when it did not say. */
  readonly freeBytes: number | undefined
}

export interface ReplicaView {
  readonly replicaId: bigint
  readonly workerId: bigint
  readonly learner: boolean
  readonly leaving: boolean
  readonly searchOnly: boolean
  /** Undefined when the worker is not in the catalog. */
  readonly worker: WorkerView | undefined
  /** Its worker says that it has lost data, or that it fails since long: it is to be replaced. */
  readonly isLost: boolean
  readonly diskBytes: number
  /** As the leader has it; undefined when the leader does not know it, or there is none. */
  readonly member: placement.MemberReport | undefined
}

export interface ShardView {
  readonly shardId: bigint
  readonly collection: string
  /** As the catalog wants it. */
  readonly membershipVersion: bigint
  /** Voters that the collection asks for. */
  readonly replicationFactor: number
  /** Search-only replicas that the collection asks for. */
  readonly searchReplicas: number
  readonly replicas: readonly ReplicaView[]
  /** Undefined when no worker that is up says that it leads. */
  readonly leader: LeaderView | undefined
  /** Milliseconds since it was first seen without a leader. */
  readonly leaderlessMs: number
}

export interface LeaderView {
  readonly workerId: bigint
  readonly replicaId: bigint
  /** The version that the group itself has reached. */
  readonly membershipVersion: bigint
  readonly lastIndex: bigint
  /** Milliseconds for which it reports a joint configuration; undefined when it does not. */
  readonly jointMs: number | undefined
  readonly members: readonly placement.MemberReport[]
}

/** Whether the worker may be given replicas and leaders. */
export function isEligible(worker: WorkerView | undefined): worker is WorkerView {
  return worker?.isHeard === true && worker.life === 'up' && !worker.draining
}
