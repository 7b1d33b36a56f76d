/**
 * Placement as a worker sees it, in the hands of a test: what is assigned is what the test says,
 * and what workers report is there to look at.
 */
import { create } from '@bufbuild/protobuf'
import { placement, vectron } from '@vectron/contracts'
import type { Client } from '@vectron/rpc'

export type PlacementClient = Client<typeof placement.Placement>

export interface FakeReplica {
  readonly replicaId: bigint
  readonly workerId: bigint
  readonly learner?: boolean
  readonly leaving?: boolean
}

export interface FakeShard {
  readonly shardId: bigint
  readonly membership: bigint
  readonly replicas: readonly FakeReplica[]
}

export class FakePlacement {
  readonly clusterId = 'c'
  readonly reports = new Map<bigint, placement.HeartbeatRequest>()
  readonly #shards = new Map<bigint, FakeShard>()
  readonly #commands = new Map<bigint, placement.ShardCommand[]>()
  #lastWorker = 0n
  #version = 1n
  #waiting: (() => void)[] = []

  /** What a worker calls. */
  get client(): PlacementClient {
    const calls: Pick<PlacementClient, 'registerWorker' | 'heartbeat'> = {
      registerWorker: async ({ workerId = 0n }) =>
        create(placement.RegisterWorkerResponseSchema, {
          clusterId: this.clusterId,
          workerId: workerId === 0n ? ++this.#lastWorker : workerId,
        }),
      heartbeat: (request, options) => this.#heartbeat(request, options?.signal),
    }
    return calls as PlacementClient
  }

  assign(shard: FakeShard): void {
    this.#shards.set(shard.shardId, shard)
    this.#change()
  }

  drop(shardId: bigint): void {
    this.#shards.delete(shardId)
    this.#change()
  }

  /** Has the worker get a command with its next answer. */
  command(workerId: bigint, shardId: bigint, toReplicaId: bigint): void {
    const command = { case: 'transferLeadership' as const, value: { toReplicaId } }
    const list = this.#commands.get(workerId) ?? []
    list.push(create(placement.ShardCommandSchema, { shardId, command }))
    this.#commands.set(workerId, list)
  }

  /** The last report of a worker on one shard. */
  reportOf(workerId: bigint, shardId: bigint): placement.ReplicaReport | undefined {
    return this.reports.get(workerId)?.replicas.find((report) => report.shardId === shardId)
  }

  async #heartbeat(
    request: Parameters<PlacementClient['heartbeat']>[0],
    signal: AbortSignal | undefined,
  ): Promise<placement.HeartbeatResponse> {
    const report = create(placement.HeartbeatRequestSchema, request)
    this.reports.set(report.workerId, report)
    if (report.knownVersion === this.#version) await this.#news(report.waitMs, signal)
    const commands = this.#commands.get(report.workerId) ?? []
    this.#commands.delete(report.workerId)
    const version = this.#version
    if (report.knownVersion === version) {
      return create(placement.HeartbeatResponseSchema, { version, commands })
    }
    const assignments = this.#assignmentsOf(report.workerId)
    return create(placement.HeartbeatResponseSchema, { version, commands, assignments })
  }

  #assignmentsOf(workerId: bigint): placement.Assignment[] {
    return [...this.#shards.values()].flatMap(({ shardId, membership, replicas }) => {
      const own = replicas.find((replica) => replica.workerId === workerId)
      if (own === undefined) return []
      return create(placement.AssignmentSchema, {
        shardId,
        replicaId: own.replicaId,
        epoch: { membership, range: 1n },
        members: replicas
          .filter(({ leaving }) => leaving !== true)
          .map((member) => ({ ...member })),
        collection: { name: 'words', dimension: 2, metric: vectron.Metric.L2 },
        schemaVersion: 1n,
      })
    })
  }

  #change(): void {
    this.#version += 1n
    for (const wake of this.#waiting.splice(0)) wake()
  }

  #news(waitMs: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(resolve, waitMs)
      const end = (settle: () => void) => () => {
        clearTimeout(timer)
        settle()
      }
      this.#waiting.push(end(resolve))
      signal?.addEventListener(
        'abort',
        end(() => reject(signal.reason)),
        { once: true },
      )
    })
  }
}
