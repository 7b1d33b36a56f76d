/**
 * Who really has which replica in which state, looked at from above: no process could know.
 */
import type { GroupStatus } from '@vectron/native'
import type { Cluster } from './sim-cluster.ts'
import type { WorkerProcess } from './worker-process.ts'

/** One replica that is open. */
export interface OpenReplica {
  readonly worker: WorkerProcess
  readonly replica: bigint
  readonly status: GroupStatus
}

/** Open replicas by shard. */
export function takeCensus({ workers }: Cluster): ReadonlyMap<bigint, readonly OpenReplica[]> {
  const census = new Map<bigint, OpenReplica[]>()
  for (const worker of workers) {
    for (const [shard, replica] of worker.replicas) {
      const status = worker.statusOf(shard)
      if (status === undefined) continue
      const replicas = census.get(shard) ?? []
      replicas.push({ worker, replica, status })
      census.set(shard, replicas)
    }
  }
  return census
}

/**
 * Whether the disk of any one worker may be lost now: every shard has all of its voters, of one
 * configuration, with everything that is committed.
 */
export function mayLoseADisk(cluster: Cluster): boolean {
  const census = takeCensus(cluster)
  const wanted = cluster.shape.collections.reduce((sum, { shardCount }) => sum + shardCount, 0)
  return census.size === wanted && [...census.values()].every(isComplete)
}

function isComplete(replicas: readonly OpenReplica[]): boolean {
  const leader = replicas.find(({ status }) => status.role === 'leader')?.status
  if (leader === undefined || leader.isJoint || leader.voters.length < 3) return false
  return leader.voters.every((voter) => {
    const status = replicas.find(({ replica }) => replica === voter)?.status
    return (
      status !== undefined &&
      status.membershipVersion === leader.membershipVersion &&
      status.lastIndex >= leader.commit
    )
  })
}
