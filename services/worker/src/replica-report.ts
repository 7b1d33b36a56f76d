/**
 * What a worker's heartbeat says of one replica.
 */
import { create } from '@bufbuild/protobuf'
import type { VectronError } from '@vectron/base'
import { placement, worker } from '@vectron/contracts'
import type { GroupStatus } from '@vectron/native'
import type { HostedShard } from './hosted-shard.ts'
import type { ShardRegistry } from './shard-registry.ts'

/** Every replica of the worker, those included that could not be opened. */
export function reportReplicas(registry: ShardRegistry): placement.ReplicaReport[] {
  const failed = registry.failed.map(({ shardId, replicaId, error }) =>
    create(placement.ReplicaReportSchema, { shardId, replicaId, failure: toFailure(error) }),
  )
  return [...registry.open.map(reportReplica), ...failed]
}

function reportReplica(hosted: HostedShard): placement.ReplicaReport {
  const { shard, schemaVersion } = hosted
  const { shardId, replicaId, view } = shard
  if (view === undefined || hosted.isBroken) {
    const failure = toFailure(hosted.failure)
    return create(placement.ReplicaReportSchema, { shardId, replicaId, failure })
  }
  const { damage } = shard
  const stats = hosted.recentStats()
  const status = view.role === 'leader' ? shard.status : undefined
  return create(placement.ReplicaReportSchema, {
    shardId,
    replicaId,
    epoch: shard.epoch,
    leader: view.role === 'leader',
    term: view.term,
    appliedIndex: shard.appliedIndex,
    pointsCount: stats.pointsCount,
    indexedCount: stats.indexedCount,
    diskBytes: stats.diskBytes,
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
