/**
 * Collections and their routing: changes are planned from the catalog at hand, replicated, and
 * answered only when the leaders of the shards have reported them, so that a collection whose
 * creation was acknowledged takes writes.
 */

import { create } from '@bufbuild/protobuf'
import { isErrorReason, isVectronError, VectronError } from '@vectron/base'
import { placement } from '@vectron/contracts'
import type { CallContext } from '@vectron/rpc'
import type { PlacementContext } from './context.ts'
import { execute } from './execute.ts'
import { checkReplicasFit, planCollection, type WorkerLoad } from './plan-collection.ts'
import { buildCollectionRouting, buildRoutingTable } from './routing-message.ts'

/** Longest time that a current table is kept back. */
const ROUTING_WAIT_MS_MAX = 10_000

export class CollectionHandlers {
  readonly #context: PlacementContext

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
    await this.#untilHeard(call)
    const plan = planCollection({
      shardCount: collection.shardCount,
      replicationFactor: collection.replicationFactor,
      searchReplicas: collection.searchReplicas,
      workers: this.#workerLoads(),
    })
    collection.replicationFactor = plan.replicationFactor
    const shards = plan.shards.map((shard) =>
      create(placement.PlannedShardSchema, {
        ...shard,
        workerIds: [...shard.workerIds],
        searchWorkerIds: [...shard.searchWorkerIds],
      }),
    )
    const value = create(placement.AddCollectionSchema, { collection, shards })
    const entry = await this.#change({ case: 'addCollection', value }, call)
    try {
      return await this.#whenServed(entry, call)
    } catch (error) {
      // A collection whose shards cannot be made is not left behind; one that may be made yet is.
      const mayFollow =
        isVectronError(error, 'DEADLINE_EXCEEDED') || isVectronError(error, 'OUTCOME_UNKNOWN')
      if (!mayFollow) await this.#drop(collection.name, call)
      throw error
    }
  }

  async updateCollection(
    { name, description, payloadSchema, searchReplicas }: placement.UpdateCollectionRequest,
    call: CallContext,
  ): Promise<placement.CollectionRouting> {
    if (searchReplicas !== undefined) await this.#checkSearchReplicas(name, searchReplicas, call)
    const value = create(placement.ChangeCollectionSchema, {
      name,
      payloadSchema,
      ...(description === undefined ? {} : { description }),
      ...(searchReplicas === undefined ? {} : { searchReplicas }),
    })
    const entry = await this.#change({ case: 'changeCollection', value }, call)
    return this.#whenServed(entry, call)
  }

  async deleteCollection(
    { name }: placement.DeleteCollectionRequest,
    call: CallContext,
  ): Promise<placement.DeleteCollectionResponse> {
    await this.#drop(name, call)
    return create(placement.DeleteCollectionResponseSchema)
  }

  async updateAliases(
    { actions }: placement.UpdateAliasesRequest,
    call: CallContext,
  ): Promise<placement.UpdateAliasesResponse> {
    const value = create(placement.ChangeAliasesSchema, { actions })
    await execute(this.#context, { case: 'changeAliases', value }, call.deadline)
    return create(placement.UpdateAliasesResponseSchema)
  }

  /** Keeps the answer back while the caller's table is current, as long as it allows. */
  async getRouting(
    { knownVersion, waitMs, gatewayId }: placement.GetRoutingRequest,
    call: CallContext,
  ): Promise<placement.GetRoutingResponse> {
    const { catalog, leadership, memory, settings } = this.#context
    await leadership.confirm(call.deadline)
    if (gatewayId !== 0n) memory().gateways.note(gatewayId)
    if (waitMs > 0)
      await this.#untilNewer(knownVersion, Math.min(waitMs, ROUTING_WAIT_MS_MAX), call)
    leadership.check()
    const version = this.#routingVersion()
    const { observations, gateways: book, rerankers: rerankerBook } = memory()
    const heard = { gateways: book.count(), rerankers: rerankerBook.known() }
    if (knownVersion === version) return create(placement.GetRoutingResponseSchema, heard)
    const sources = { catalog: catalog.state, observations, silence: settings }
    const table = buildRoutingTable(sources, version)
    return create(placement.GetRoutingResponseSchema, { table, ...heard })
  }

  /** Settles when the routing has another version, the time is over, or the caller has left. */
  async #untilNewer(knownVersion: bigint, waitMs: number, call: CallContext): Promise<void> {
    const { changes, reports, clock, leadership } = this.#context
    const endUs = clock.monotonicUs() + waitMs * 1000
    const concerns = () => leadership.term === undefined || this.#routingVersion() !== knownVersion
    while (!concerns() && !call.signal.aborted) {
      const timeoutMs = (endUs - clock.monotonicUs()) / 1000
      if (timeoutMs <= 0) return
      const woken = new AbortController()
      const signal = AbortSignal.any([call.signal, woken.signal])
      const wait = { timeoutMs, signal, concerns }
      await Promise.race([changes.next(wait), reports.next(wait)])
      woken.abort()
    }
  }

  /** More of them must fit; fewer always do, whoever is down. */
  async #checkSearchReplicas(name: string, wanted: number, call: CallContext): Promise<void> {
    await this.#untilHeard(call)
    const { collection } = this.#context.catalog.state.collections.get(name) ?? {}
    if (collection === undefined || wanted <= collection.searchReplicas) return
    const { replicationFactor } = collection
    const workers = this.#workerLoads().length
    checkReplicasFit({ replicationFactor, searchReplicas: wanted, workers })
  }

  async #drop(name: string, call: CallContext): Promise<void> {
    const value = create(placement.DropCollectionSchema, { name })
    await execute(this.#context, { case: 'dropCollection', value }, call.deadline)
  }

  /** Leader changes and catalog versions both move it; a new term of placement starts it anew. */
  #routingVersion(): bigint {
    const { catalog, leadership, memory } = this.#context
    return ((leadership.term ?? 0n) << 40n) + catalog.state.version + memory().routingChanges
  }

  /**
   * Waits for the first heartbeats of workers that may be up: a new leader has heard of none yet,
   * and would make a collection on too few of them.
   */
  async #untilHeard({ deadline, signal }: CallContext): Promise<void> {
    const { catalog, leadership, memory, reports, settings } = this.#context
    const isMissing = ({ workerId, draining }: placement.CatalogWorker) => {
      const { observations } = memory()
      const mayBeUp = observations.stateOf(workerId, settings) === placement.WorkerState.UP
      return mayBeUp && !draining && !observations.workers.has(workerId)
    }
    const isComplete = () =>
      leadership.term === undefined || ![...catalog.state.workers.values()].some(isMissing)
    while (!isComplete() && !signal.aborted && !deadline.passed) {
      // Silence is told by the clock alone, so it is looked at now and then.
      await reports.next({ timeoutMs: settings.tickMs, signal, concerns: isComplete })
    }
    leadership.check()
  }

  /** Workers that may take replicas. */
  #workerLoads(): WorkerLoad[] {
    const { catalog, memory, settings } = this.#context
    const { observations } = memory()
    return [...catalog.state.workers.values()]
      .filter(({ workerId, draining }) => {
        const isHeard = observations.workers.has(workerId)
        const state = observations.stateOf(workerId, settings)
        return isHeard && !draining && state === placement.WorkerState.UP
      })
      .map(({ workerId, zone }) => {
        const replicas = catalog.state.hostedBy(workerId).size
        return { workerId, zone, replicas, leaders: observations.leadersOn(workerId) }
      })
  }

  async #change(
    command: placement.CatalogCommand['command'],
    { deadline }: CallContext,
  ): Promise<placement.CatalogCollection> {
    const result = await execute(this.#context, command, deadline)
    if (result.kind === 'collection') return result.collection
    throw new VectronError('INTERNAL', `The catalog answered ${result.kind} to ${command.case}.`)
  }

  /** Waits until every shard's leader has reported that it serves by the entry's schema. */
  async #whenServed(
    entry: placement.CatalogCollection,
    call: CallContext,
  ): Promise<placement.CollectionRouting> {
    const { leadership, reports, memory } = this.#context
    for (;;) {
      if (leadership.term === undefined) throw leadershipLost(entry)
      const { observations } = memory()
      const waiting = entry.shards.filter(({ shardId }) => {
        const leader = observations.leaderOf(shardId)
        return leader === undefined || leader.report.schemaVersion < entry.schemaVersion
      })
      if (waiting.length === 0) return buildCollectionRouting(entry, observations)
      this.#checkNotFailed(waiting)
      if (call.deadline.passed || call.signal.aborted) throw notServed(entry, waiting.length)
      await reports.next({ timeoutMs: call.deadline.remainingMs(), signal: call.signal })
    }
  }

  #checkNotFailed(shards: readonly placement.ShardRouting[]): void {
    for (const shard of shards) {
      const failure = this.#context.memory().observations.failureOf(shard)
      if (failure === undefined) continue
      const reason = isErrorReason(failure.reason) ? failure.reason : 'INTERNAL'
      throw new VectronError(reason, failure.message, { subject: `shard ${shard.shardId}` })
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

/** NOT_LEADER would promise that nothing was done. */
function leadershipLost(entry: placement.CatalogCollection): VectronError {
  const name = entry.collection?.name
  return new VectronError(
    'OUTCOME_UNKNOWN',
    `The change to "${name}" is made, but this member of placement no longer leads.`,
    { subject: `collection ${name}` },
  )
}
