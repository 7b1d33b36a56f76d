/**
 * A worker's client of placement, watched: what the worker reports of its replicas is looked at on
 * its way.
 */
import type { MessageInitShape } from '@bufbuild/protobuf'
import type { placement } from '@vectron/contracts'
import type { PlacementClient } from '@vectron/routing'
import type { Violations } from './violation.ts'

type Heartbeat = MessageInitShape<typeof placement.HeartbeatRequestSchema>
type ReplicaReport = NonNullable<Heartbeat['replicas']>[number]

export interface ReportWatchOptions {
  readonly process: string
  readonly violations: Violations
  /** Whether a disk fault explains that a replica is gone. */
  readonly mayBeLost: (shard: bigint) => boolean
  /** Planted bug: learners that are behind are reported as caught up. */
  readonly flattersLearners: boolean
}

export function watchReports(
  client: PlacementClient,
  options: ReportWatchOptions,
): PlacementClient {
  const heartbeat: PlacementClient['heartbeat'] = (request, callOptions) => {
    for (const report of request.replicas ?? []) checkReport(report, options)
    if (options.flattersLearners) for (const report of request.replicas ?? []) flatter(report)
    return client.heartbeat(request, callOptions)
  }
  return { ...client, heartbeat }
}

function checkReport({ shardId = 0n, failure }: ReplicaReport, options: ReportWatchOptions): void {
  const { process, violations, mayBeLost } = options
  const isGone = failure?.reason === 'DATA_CORRUPT' || failure?.reason === 'REPLICA_LOST'
  violations.check(
    !isGone || mayBeLost(shardId),
    'a replica is lost only with its disk',
    () => `${process} reports of shard ${shardId}: ${failure?.message}`,
  )
}

function flatter({ leadership }: ReplicaReport): void {
  for (const member of leadership?.members ?? []) {
    if (!member.learner) continue
    member.matchIndex = leadership?.lastIndex ?? 0n
    member.active = true
    member.snapshot = false
  }
}
