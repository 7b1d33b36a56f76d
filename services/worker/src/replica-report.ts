/**
 * What a worker's heartbeats say of its replicas.
 *
 * A worker may hold thousands of replicas that nobody uses, and tells of each once a second. So the
 * report of a replica is made anew when something in it changed, not each time.
 */
import { create } from '@bufbuild/protobuf'
import type { Clock, LogIndex, VectronError } from '@vectron/base'
import { placement, worker } from '@vectron/contracts'
import type { GroupStatus } from '@vectron/native'
import type { GroupView } from '@vectron/raft'
import type { HostedShard, ShardFigures } from './hosted-shard.ts'
import type { ShardRegistry } from './shard-registry.ts'

/**
 * Microseconds that a leader's report of its followers is told again, once all have its whole log:
 * of what changes from then on, only that a follower falls silent shows nowhere else.
 */
const LEADERSHIP_AGE_US_MAX = 2_000_000

export interface ReplicaReportsOptions {
  readonly registry: Pick<ShardRegistry, 'open' | 'failed'>
  readonly clock: Clock
}

export class ReplicaReports {
  readonly #options: ReplicaReportsOptions
  readonly #told = new WeakMap<HostedShard, Told>()

  constructor(options: ReplicaReportsOptions) {
    this.#options = options
  }

  /** Every replica of the worker, those included that could not be opened. */
  all(): placement.ReplicaReport[] {
    const { registry } = this.#options
    const failed = registry.failed.map(({ shardId, replicaId, error }) =>
      create(placement.ReplicaReportSchema, { shardId, replicaId, failure: toFailure(error) }),
    )
    return [...registry.open.map((hosted) => this.#reportOf(hosted)), ...failed]
  }

  #reportOf(hosted: HostedShard): placement.ReplicaReport {
    const { view } = hosted.shard
    if (view === undefined || hosted.isBroken) return reportFailed(hosted)
    const nowUs = this.#options.clock.monotonicUs()
    const seen = see(hosted, view)
    const told = this.#told.get(hosted)
    if (told !== undefined && isSame(told.seen, seen) && nowUs < told.untilUs) return told.report
    const report = reportServing(hosted, seen)
    this.#told.set(hosted, { seen, report, untilUs: nowUs + ageUsMax(report) })
    return report
  }
}

interface Told {
  readonly seen: Seen
  readonly report: placement.ReplicaReport
  /** Monotonic microseconds until which it holds if nothing is seen to change. */
  readonly untilUs: number
}

/** What a report is made of, leadership apart. */
interface Seen {
  /** A group that changes has another one. */
  readonly view: GroupView
  /** As above. */
  readonly figures: ShardFigures
  readonly appliedIndex: LogIndex
  readonly schemaVersion: bigint
  readonly damage: VectronError | undefined
}

function see(hosted: HostedShard, view: GroupView): Seen {
  const { shard, schemaVersion } = hosted
  const { appliedIndex, damage } = shard
  return { view, figures: hosted.recentFigures(appliedIndex), appliedIndex, schemaVersion, damage }
}

function isSame(one: Seen, other: Seen): boolean {
  return (
    one.view === other.view &&
    one.figures === other.figures &&
    one.appliedIndex === other.appliedIndex &&
    one.schemaVersion === other.schemaVersion &&
    one.damage === other.damage
  )
}

function ageUsMax({ leadership }: placement.ReplicaReport): number {
  if (leadership === undefined) return Number.POSITIVE_INFINITY
  const { members, lastIndex, joint } = leadership
  const isLevel = members.every(({ active, matchIndex }) => active && matchIndex === lastIndex)
  return isLevel && !joint ? LEADERSHIP_AGE_US_MAX : 0
}

function reportFailed({ shard, failure }: HostedShard): placement.ReplicaReport {
  const { shardId, replicaId } = shard
  return create(placement.ReplicaReportSchema, { shardId, replicaId, failure: toFailure(failure) })
}

function reportServing({ shard }: HostedShard, seen: Seen): placement.ReplicaReport {
  const { shardId, replicaId, epoch } = shard
  const { view, figures, appliedIndex, schemaVersion, damage } = seen
  const leader = view.role === 'leader'
  const status = leader ? shard.status : undefined
  return create(placement.ReplicaReportSchema, {
    shardId,
    replicaId,
    epoch,
    leader,
    term: view.term,
    appliedIndex,
    pointsCount: figures.pointsCount,
    indexedCount: figures.indexedCount,
    diskBytes: figures.diskBytes,
    schemaVersion,
    ...(status === undefined ? {} : { leadership: reportLeadership(replicaId, status) }),
    ...(damage === undefined ? {} : { failure: toFailure(damage) }),
  })
}

function reportLeadership(own: bigint, status: GroupStatus): placement.LeaderReport {
  const { voters, votersOutgoing, learners, lastIndex, membershipVersion, isJoint, peers } = status
  const known = new Map(peers.map((peer) => [peer.replica, peer]))
  const members = [...new Set([...voters, ...votersOutgoing, ...learners])].map((replicaId) => {
    const peer = known.get(replicaId)
    return create(placement.MemberReportSchema, {
      replicaId,
      learner: learners.includes(replicaId),
      matchIndex: replicaId === own ? lastIndex : (peer?.matchIndex ?? 0n),
      active: replicaId === own || (peer?.active ?? false),
      snapshot: peer?.snapshot ?? false,
    })
  })
  const fields = { members, membershipVersion, joint: isJoint, lastIndex }
  return create(placement.LeaderReportSchema, fields)
}

function toFailure({ reason, message }: VectronError): worker.ShardFailure {
  return create(worker.ShardFailureSchema, { reason, message })
}
