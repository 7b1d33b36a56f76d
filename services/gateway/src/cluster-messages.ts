/**
 * What placement says about the cluster, in the words of the public API. Pure.
 */

import { u64ToHex } from '@vectron/base'
import { placement } from '@vectron/contracts'

/** Problems told of one shard; more would say nothing new. */
const PROBLEMS_MAX = 8

export function toWorker(status: placement.WorkerStatus) {
  const { worker, load, ...counts } = status
  const lastHeartbeatMs = worker?.lastHeartbeatMs ?? 0n
  return {
    workerId: worker?.workerId ?? 0n,
    address: worker?.address ?? '',
    state: workerState(worker),
    lastHeartbeat: toTime(lastHeartbeatMs),
    replicas: counts.replicas,
    leaders: counts.leaders,
    zone: worker?.zone ?? '',
    draining: worker?.draining ?? false,
    replicaBytes: counts.replicaBytes,
    diskUsedBytes: load?.diskUsedBytes ?? 0n,
    diskFreeBytes: load?.diskFreeBytes ?? 0n,
    cpuCores: load?.cpuCores ?? 0,
    memoryBytes: load?.memoryBytes ?? 0n,
  }
}

function workerState(worker: placement.WorkerEntry | undefined): string {
  const life = lifeOf(worker?.state ?? placement.WorkerState.UNSPECIFIED)
  return life === 'up' && worker?.draining ? 'draining' : life
}

export function lifeOf(state: placement.WorkerState): 'up' | 'silent' | 'dead' | 'unknown' {
  switch (state) {
    case placement.WorkerState.UP:
      return 'up'
    case placement.WorkerState.SILENT:
      return 'silent'
    case placement.WorkerState.DEAD:
      return 'dead'
    case placement.WorkerState.UNSPECIFIED:
      return 'unknown'
  }
}

export function toShard(status: placement.ShardStatus) {
  const { shard, collection, replicationFactor, searchReplicas } = status
  const { lastIndex, membershipVersion, joint } = status
  const wanted = shard?.epoch?.membership ?? 0n
  const replicas = status.replicas.flatMap((heard, place) => {
    const replica = shard?.replicas[place]
    return replica === undefined ? [] : [toReplica(status, replica, heard)]
  })
  return {
    shardId: shard?.shardId ?? 0n,
    collection,
    rangeStart: u64ToHex(shard?.rangeStart ?? 0n),
    rangeEnd: shard === undefined || shard.rangeEnd === 0n ? '' : u64ToHex(shard.rangeEnd),
    membershipVersion: wanted,
    rangeVersion: shard?.epoch?.range ?? 0n,
    leaderWorkerId: shard?.leaderWorkerId ?? 0n,
    workerIds: replicas.map(({ workerId }) => workerId),
    replicationFactor,
    searchReplicas,
    replicas,
    lastIndex,
    changing: joint || (shard?.leaderWorkerId !== 0n && membershipVersion !== wanted),
    problems: problemsOf(status, replicas),
  }
}

type Replica = ReturnType<typeof toReplica>

function toReplica(
  { shard, lastIndex }: placement.ShardStatus,
  replica: placement.Replica,
  heard: placement.ReplicaStatus,
) {
  const { report, member } = heard
  const isLeader = shard?.leaderWorkerId === replica.workerId
  const matchIndex = isLeader ? lastIndex : (member?.matchIndex ?? lastIndex)
  return {
    replicaId: replica.replicaId,
    workerId: replica.workerId,
    role: roleOf(replica, isLeader),
    leaving: replica.leaving,
    state: replicaState(heard, replica),
    appliedIndex: report?.appliedIndex ?? 0n,
    lag: lastIndex > matchIndex ? lastIndex - matchIndex : 0n,
    pointsCount: report?.pointsCount ?? 0n,
    indexedCount: report?.indexedCount ?? 0n,
    diskBytes: report?.diskBytes ?? 0n,
  }
}

function roleOf({ searchOnly, learner }: placement.Replica, isLeader: boolean): string {
  if (isLeader) return 'leader'
  if (searchOnly) return 'search-only'
  return learner ? 'learner' : 'voter'
}

function replicaState(
  { report, member, workerState: state }: placement.ReplicaStatus,
  { learner, searchOnly }: placement.Replica,
): string {
  const life = lifeOf(state)
  if (report?.failure !== undefined) return `failed: ${report.failure.message}`
  if (life !== 'up') return life
  if (report === undefined) return 'unknown'
  if (member?.snapshot) return 'receiving snapshot'
  // A learner that is not for searches alone is one only until it has caught up.
  return learner && !searchOnly ? 'catching up' : 'ready'
}

function problemsOf(status: placement.ShardStatus, replicas: readonly Replica[]): string[] {
  const { shard, replicationFactor, searchReplicas } = status
  const problems: string[] = []
  if (shard?.leaderWorkerId === 0n) {
    problems.push(shard.failure ? `no leader: ${shard.failure.message}` : 'no leader')
  }
  const members = replicas.filter(({ leaving }) => !leaving)
  const ready = members.filter(({ state }) => state === 'ready')
  const voters = ready.filter(({ role }) => isVoter(role)).length
  if (voters < replicationFactor) {
    problems.push(`${voters} of ${replicationFactor} replicas are ready`)
  }
  const searchOnly = ready.filter(({ role }) => role === 'search-only').length
  if (searchOnly < searchReplicas) {
    problems.push(`${searchOnly} of ${searchReplicas} search-only replicas are ready`)
  }
  for (const { workerId, replicaId, state } of members) {
    if (state !== 'ready') problems.push(`replica ${replicaId} on worker ${workerId}: ${state}`)
  }
  return problems.slice(0, PROBLEMS_MAX)
}

function isVoter(role: string): boolean {
  return role === 'leader' || role === 'voter'
}

export function toOperator(operator: placement.Operator | undefined) {
  const { createdMs = 0n, finishedMs = 0n, ...same } = operator ?? {}
  return { ...withoutType(same), createTime: toTime(createdMs), finishTime: toTime(finishedMs) }
}

export function toEvent({ timeMs, ...same }: placement.ClusterEvent) {
  return { ...withoutType(same), time: toTime(timeMs) }
}

export function toMember(member: placement.PlacementMember) {
  const { memberId, address, leader, matchIndex, active } = member
  return { memberId, address, leader, matchIndex, active }
}

/** RFC 3339; empty for 0. */
function toTime(ms: bigint): string {
  return ms === 0n ? '' : new Date(Number(ms)).toISOString()
}

/** The fields of a message, to be put into one of another type. */
function withoutType<Message extends object>(message: Message): Omit<Message, '$typeName'> {
  const { $typeName: _type, ...fields } = message as Message & { $typeName?: string }
  return fields as Omit<Message, '$typeName'>
}
