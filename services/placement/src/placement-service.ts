/**
 * The handlers of placement.v1: heartbeats and commands in, assignments and routing out.
 *
 * A command is planned from the catalog at hand, replicated, and answered when it is applied. What
 * changes shards is answered only when their leaders have reported the change, so that a collection
 * whose creation was acknowledged takes writes. Placement itself calls nobody: workers learn of new
 * assignments because placement answers the heartbeat that it kept back.
 */

import { create } from '@bufbuild/protobuf'
import {
  type Clock,
  type Deadline,
  isErrorReason,
  isVectronError,
  VectronError,
} from '@vectron/base'
import { placement } from '@vectron/contracts'
import type { CallContext, ServiceHandlers } from '@vectron/rpc'
import type { CatalogResult } from './catalog.ts'
import type { Changes } from './changes.ts'
import type { Observations } from './observations.ts'
import { planCollection, type WorkerLoad } from './planner.ts'
import type { ReplicatedCatalog } from './replicated-catalog.ts'
import { buildAssignments, buildCollectionRouting, buildRoutingTable } from './routing-message.ts'

/** Milliseconds of silence after which a worker gets no new shards. */
const WORKER_SILENT_MS = 10_000
/** Longest time that a heartbeat is kept back. */
const HEARTBEAT_WAIT_MS_MAX = 10_000

export interface PlacementContext {
  readonly catalog: ReplicatedCatalog
  readonly observations: Observations
  readonly changes: Changes
  readonly clock: Clock
}

export class PlacementService implements ServiceHandlers<typeof placement.Placement> {
  readonly #context: PlacementContext
  /** Counts changes of leaders and failures, which are not in the catalog's version. */
  #leaderChanges = 0n

  constructor(context: PlacementContext) {
    this.#context = context
  }

  async createCollection(
    { collection }: placement.CreateCollectionRequest,
    call: CallContext,
  ): Promise<placement.CollectionRouting> {
    if (collection === undefined) {
      throw new VectronError('MISSING_FIELD', 'The collection is missing.', { field: 'collection' })
    }
    const plan = planCollection({
      shardCount: collection.shardCount,
      replicationFactor: collection.replicationFactor,
      workers: this.#workerLoads(),
    })
    collection.replicationFactor = plan.replicationFactor
    const shards = plan.shards.map((shard) =>
      create(placement.PlannedShardSchema, { ...shard, workerIds: [...shard.workerIds] }),
    )
    const value = create(placement.AddCollectionSchema, { collection, shards })
    const entry = await this.#change({ case: 'addCollection', value }, call.deadline)
    try {
      return await this.#whenServed(entry, call)
    } catch (error) {
      // A collection whose shards cannot be made is not left behind.
      if (!isVectronError(error, 'DEADLINE_EXCEEDED')) await this.#drop(collection.name, call)
      throw error
    }
  }

  async updateCollection(
    { name, description, payloadSchema }: placement.UpdateCollectionRequest,
    call: CallContext,
  ): Promise<placement.CollectionRouting> {
    const value = create(placement.ChangeCollectionSchema, {
      name,
      payloadSchema,
      ...(description === undefined ? {} : { description }),
    })
    const entry = await this.#change({ case: 'changeCollection', value }, call.deadline)
    return this.#whenServed(entry, call)
  }

  async deleteCollection(
    { name }: placement.DeleteCollectionRequest,
    call: CallContext,
  ): Promise<placement.DeleteCollectionResponse> {
    await this.#drop(name, call)
    return create(placement.DeleteCollectionResponseSchema)
  }

  async getRouting({
    knownVersion,
  }: placement.GetRoutingRequest): Promise<placement.GetRoutingResponse> {
    const { catalog, observations } = this.#context
    const version = this.#routingVersion()
    if (knownVersion === version) return create(placement.GetRoutingResponseSchema)
    const table = buildRoutingTable(catalog.state, observations, version)
    return create(placement.GetRoutingResponseSchema, { table })
  }

  async registerWorker(
    { clusterId, workerId, address }: placement.RegisterWorkerRequest,
    call: CallContext,
  ): Promise<placement.RegisterWorkerResponse> {
    const own = this.#context.catalog.state.clusterId
    if (clusterId !== '' && clusterId !== own) {
      throw new VectronError(
        'WRONG_CLUSTER',
        `The worker's data belongs to the cluster ${clusterId}; this is ${own}.`,
        { subject: `worker ${workerId}` },
      )
    }
    const id = await this.#registerAs(workerId, address, call.deadline)
    return create(placement.RegisterWorkerResponseSchema, { clusterId: own, workerId: id })
  }

  async heartbeat(
    request: placement.HeartbeatRequest,
    call: CallContext,
  ): Promise<placement.HeartbeatResponse> {
    const { catalog, observations, changes, clock } = this.#context
    const { workerId, knownVersion, waitMs } = request
    if (!catalog.state.workers.has(workerId)) {
      throw new VectronError('WRONG_CLUSTER', `There is no worker ${workerId} in this cluster.`)
    }
    if (observations.record(request, clock.nowMs())) this.#leaderChanges += 1n
    changes.announce()

    const endUs = clock.monotonicUs() + Math.min(waitMs, HEARTBEAT_WAIT_MS_MAX) * 1000
    while (catalog.state.version === knownVersion && !call.signal.aborted) {
      const remainingMs = (endUs - clock.monotonicUs()) / 1000
      if (remainingMs <= 0) break
      await changes.next(remainingMs, call.signal)
    }
    const { version } = catalog.state
    const assignments = version === knownVersion ? [] : buildAssignments(catalog.state, workerId)
    return create(placement.HeartbeatResponseSchema, { version, assignments })
  }

  async #drop(name: string, { deadline }: CallContext): Promise<void> {
    const value = create(placement.DropCollectionSchema, { name })
    await this.#execute({ case: 'dropCollection', value }, deadline)
  }

  async #registerAs(workerId: bigint, address: string, deadline: Deadline): Promise<bigint> {
    if (workerId === 0n) {
      const value = create(placement.AddWorkerSchema, { address })
      const added = await this.#execute({ case: 'addWorker', value }, deadline)
      return added.kind === 'worker' ? added.workerId : 0n
    }
    if (this.#context.catalog.state.workers.get(workerId)?.address !== address) {
      const value = create(placement.SetWorkerAddressSchema, { workerId, address })
      await this.#execute({ case: 'setWorkerAddress', value }, deadline)
    }
    return workerId
  }

  /** Leader changes and catalog versions both move it; a new term of placement starts it anew. */
  #routingVersion(): bigint {
    const { catalog } = this.#context
    return (catalog.term << 40n) + catalog.state.version + this.#leaderChanges
  }

  #workerLoads(): WorkerLoad[] {
    const { catalog, observations, clock } = this.#context
    const heardSince = clock.nowMs() - WORKER_SILENT_MS
    const replicas = new Map<bigint, number>()
    for (const { shards } of catalog.state.collections.values()) {
      for (const { workerId } of shards.flatMap((shard) => shard.replicas)) {
        replicas.set(workerId, (replicas.get(workerId) ?? 0) + 1)
      }
    }
    return [...catalog.state.workers.values()]
      .filter(({ workerId, draining }) => {
        const heardMs = observations.workers.get(workerId)?.lastHeartbeatMs ?? 0
        return !draining && heardMs >= heardSince
      })
      .map(({ workerId }) => ({ workerId, replicas: replicas.get(workerId) ?? 0 }))
  }

  async #change(
    command: placement.CatalogCommand['command'],
    deadline: Deadline,
  ): Promise<placement.CatalogCollection> {
    const result = await this.#execute(command, deadline)
    if (result.kind === 'collection') return result.collection
    throw new VectronError('INTERNAL', `The catalog answered ${result.kind} to ${command.case}.`)
  }

  async #execute(
    command: placement.CatalogCommand['command'],
    deadline: Deadline,
  ): Promise<CatalogResult> {
    const { catalog, clock } = this.#context
    const timeMs = BigInt(clock.nowMs())
    const message = create(placement.CatalogCommandSchema, { timeMs, command })
    const result = await catalog.execute(message, deadline)
    if (result.kind === 'refused') throw new VectronError(result.reason, result.message)
    return result
  }

  /** Waits until every shard's leader has reported that it serves by the entry's schema. */
  async #whenServed(
    entry: placement.CatalogCollection,
    call: CallContext,
  ): Promise<placement.CollectionRouting> {
    const { observations, changes } = this.#context
    for (;;) {
      const waiting = entry.shards.filter(({ shardId }) => {
        const leader = observations.leaderOf(shardId)
        return leader === undefined || leader.report.schemaVersion < entry.schemaVersion
      })
      if (waiting.length === 0) return buildCollectionRouting(entry, observations)
      this.#checkNotFailed(waiting)
      if (call.deadline.passed || call.signal.aborted) throw notServed(entry, waiting.length)
      await changes.next(call.deadline.remainingMs(), call.signal)
    }
  }

  #checkNotFailed(shards: readonly placement.ShardRouting[]): void {
    for (const { shardId } of shards) {
      const failure = this.#context.observations.failureOf(shardId)
      if (failure === undefined) continue
      const reason = isErrorReason(failure.reason) ? failure.reason : 'INTERNAL'
      throw new VectronError(reason, failure.message, { subject: `shard ${shardId}` })
    }
  }
}

function notServed(entry: placement.CatalogCollection, waiting: number): VectronError {
  const name = entry.collection?.name
  return new VectronError(
    'DEADLINE_EXCEEDED',
    `The change to "${name}" is made, but ${waiting} of its shards do not serve it yet.`,
    { subject: `collection ${name}` },
  )
}
