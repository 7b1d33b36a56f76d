/**
 * The person who looks after a simulated cluster: makes collections, drains, moves, removes dead
 * workers, and sees when the cluster is whole again. Speaks to placement as the CLI does.
 */
import { create } from '@bufbuild/protobuf'
import { isVectronError, sleep, toVectronError } from '@vectron/base'
import { placement, vectron } from '@vectron/contracts'
import type { PlacementClient } from '@vectron/routing'
import { ALIAS } from './alias-history.ts'
import { connectPlacement } from './connect-placement.ts'
import { ProcessClock } from './process-clock.ts'
import type { SimWorld } from './sim-world.ts'

export interface CollectionShape {
  readonly name: string
  readonly shardCount: number
  readonly replicationFactor: number
  readonly searchReplicas: number
}

const NAME = 'admin'
const PAUSE_MS = 200
const CALL_TIMEOUT_MS = 3000

export class ClusterAdmin {
  readonly #world: SimWorld
  readonly #clock: ProcessClock
  readonly #client: PlacementClient

  constructor(world: SimWorld, placementNames: readonly string[]) {
    this.#world = world
    this.#clock = new ProcessClock(world.clock)
    this.#client = connectPlacement(world, { name: NAME, clock: this.#clock }, placementNames)
  }

  /** Makes the collections and an alias; settles when all take writes. */
  async createCollections(shapes: readonly CollectionShape[], timeoutMs: number): Promise<void> {
    for (const shape of shapes) {
      const collection = create(vectron.CollectionSchema, {
        ...shape,
        dimension: 1,
        metric: vectron.Metric.COSINE,
      })
      await this.#untilDone(() => this.#client.createCollection({ collection }, { timeoutMs }))
    }
    const value = { alias: ALIAS, collection: shapes[0]?.name ?? '' }
    const actions = [{ action: { case: 'create' as const, value } }]
    await this.#untilDone(() => this.#client.updateAliases({ actions }, { timeoutMs }))
  }

  /** Asks for something once; what comes of it is in the trace. */
  ask(what: string, call: (client: PlacementClient) => Promise<unknown>): void {
    this.#world.trace.add(NAME, what)
    call(this.#client).catch((error: unknown) => {
      const { reason, message } = toVectronError(error)
      this.#world.trace.add(NAME, `${what}: ${reason} ${message}`)
      if (reason === 'INTERNAL') this.#world.violations.add('no call fails as internal', message)
    })
  }

  /**
   * Takes drains back and removes workers that are dead and gone with their disks, until the
   * cluster is in order. One that is only not heard of comes back, and may be needed.
   */
  async tidyUp(isGone: (worker: bigint) => boolean): Promise<void> {
    for (;;) {
      await this.#tidyOnce(isGone).catch((error: unknown) => {
        this.#world.trace.add(NAME, `not yet: ${toVectronError(error).message}`)
      })
      await sleep(this.#clock, PAUSE_MS * 5)
    }
  }

  /** What is not as the catalog wants it; undefined when all is. */
  async findDisorder(): Promise<string | undefined> {
    const options = { timeoutMs: CALL_TIMEOUT_MS }
    const { shards } = await this.#client.listShards({}, options)
    const { operators, problems } = await this.#client.getCluster({}, options)
    const [disorder] = shards.flatMap((shard) => disorderOf(shard) ?? [])
    if (disorder !== undefined) return disorder
    if (problems[0] !== undefined) return problems[0]
    const [running] = operators
    return running && `operator ${running.kind} of shard ${running.shardId}: ${running.reason}`
  }

  async #tidyOnce(isGone: (worker: bigint) => boolean): Promise<void> {
    const options = { timeoutMs: CALL_TIMEOUT_MS }
    const { workers } = await this.#client.getCluster({}, options)
    for (const { worker, replicas } of workers) {
      const { workerId, draining, state } = worker!
      if (state === placement.WorkerState.DEAD && replicas === 0 && isGone(workerId)) {
        this.#world.trace.add(NAME, `remove dead worker ${workerId}`)
        await this.#client.removeWorker({ workerId }, options)
      } else if (draining) {
        this.#world.trace.add(NAME, `take back the drain of worker ${workerId}`)
        await this.#client.drainWorker({ workerId, undo: true }, options)
      }
    }
  }

  /** The cluster is only starting: placement or workers may not be there yet. */
  async #untilDone(attempt: () => Promise<unknown>): Promise<void> {
    for (;;) {
      try {
        await attempt()
        return
      } catch (error) {
        if (isVectronError(error, 'COLLECTION_EXISTS') || isVectronError(error, 'ALIAS_EXISTS'))
          return
        this.#world.trace.add(NAME, `not yet: ${toVectronError(error).message}`)
        await sleep(this.#clock, PAUSE_MS)
      }
    }
  }
}

function describeReplica(
  { replicaId, workerId, learner, searchOnly, leaving }: placement.Replica,
  status: placement.ReplicaStatus | undefined,
): string {
  const kind = searchOnly ? ' search-only' : learner ? ' learner' : ''
  const state = `${kind}${leaving ? ' leaving' : ''}`
  const { matchIndex = 0n, active = false, snapshot = false } = status?.member ?? {}
  const known = `match ${matchIndex}${active ? ' active' : ''}${snapshot ? ' snapshot' : ''}`
  const workerState = placement.WorkerState[status?.workerState ?? 0]
  return `${replicaId} on worker ${workerId} ${workerState}${state} ${known}`
}

function disorderOf(status: placement.ShardStatus): string | undefined {
  const { shard, replicationFactor, searchReplicas, membershipVersion, joint, replicas } = status
  const { shardId, epoch, replicas: places } = shard!
  const voters = places.filter(({ learner, leaving }) => !learner && !leaving)
  const searchOnly = places.filter((place) => place.searchOnly && !place.leaving)
  const wanted = epoch?.membership
  if (joint) return `shard ${shardId} is in a joint configuration`
  if (membershipVersion !== wanted) {
    return `shard ${shardId} has members ${membershipVersion}, the catalog wants ${wanted}`
  }
  const isInNumber =
    voters.length === replicationFactor &&
    searchOnly.length === searchReplicas &&
    places.length === replicationFactor + searchReplicas
  if (!isInNumber) {
    const found = places.map((place, i) => describeReplica(place, replicas[i]))
    return `shard ${shardId} of last index ${status.lastIndex}: ${found.join(', ')}`
  }
  const down = replicas.find((replica) => replica.workerState !== placement.WorkerState.UP)
  return down && `replica ${down.replicaId} of shard ${shardId} is on a worker that is not up`
}
