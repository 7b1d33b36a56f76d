/**
 * The catalog: the cluster's metadata as a deterministic state machine. Commands in, results out.
 *
 * Every placement member applies the same commands in the same order and holds the same catalog, so
 * nothing here asks for the time, draws, or depends on anything but the command and the state.
 * Where shards go was decided before (planner.ts) and stands in the command; ids are handed out
 * here.
 *
 * Invariant: an id, once handed out, is never handed out again, whatever is deleted.
 */

import { create } from '@bufbuild/protobuf'
import { assertDefined, didYouMean, type ErrorReason, LIMITS } from '@vectron/base'
import { placement, vectron } from '@vectron/contracts'

/** What became of a command. A refused one changed nothing. */
export type CatalogResult =
  | { readonly kind: 'done' }
  | { readonly kind: 'worker'; readonly workerId: bigint }
  | { readonly kind: 'collection'; readonly collection: placement.CatalogCollection }
  | { readonly kind: 'refused'; readonly reason: ErrorReason; readonly message: string }

const DONE: CatalogResult = { kind: 'done' }

export class Catalog {
  readonly #state: placement.CatalogState
  readonly #collections = new Map<string, placement.CatalogCollection>()
  readonly #workers = new Map<bigint, placement.CatalogWorker>()

  constructor(state: placement.CatalogState = emptyState()) {
    this.#state = state
    for (const entry of state.collections) this.#collections.set(nameOf(entry), entry)
    for (const entry of state.workers) this.#workers.set(entry.workerId, entry)
  }

  get clusterId(): string {
    return this.#state.clusterId
  }

  /** Grows with each change of what placement tells gateways and workers. */
  get version(): bigint {
    return this.#state.version
  }

  get appliedIndex(): bigint {
    return this.#state.appliedIndex
  }

  get collections(): ReadonlyMap<string, placement.CatalogCollection> {
    return this.#collections
  }

  get workers(): ReadonlyMap<bigint, placement.CatalogWorker> {
    return this.#workers
  }

  /** The whole state as one message; sorted, so that equal catalogs give equal bytes. */
  snapshot(): placement.CatalogState {
    return create(placement.CatalogStateSchema, {
      ...this.#state,
      collections: [...this.#collections.values()].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1)),
      workers: [...this.#workers.values()].sort((a, b) => Number(a.workerId - b.workerId)),
    })
  }

  /** Moves past a log entry that holds no command. */
  skip(index: bigint): void {
    this.#state.appliedIndex = index
  }

  apply(index: bigint, command: placement.CatalogCommand): CatalogResult {
    const result = this.#execute(command)
    if (result.kind !== 'refused') this.#state.version += 1n
    this.#state.appliedIndex = index
    return result
  }

  #execute({ command, timeMs }: placement.CatalogCommand): CatalogResult {
    switch (command.case) {
      case 'initializeCluster':
        return this.#initializeCluster(command.value)
      case 'addWorker':
        return this.#addWorker(command.value)
      case 'setWorkerAddress':
        return this.#setWorkerAddress(command.value)
      case 'addCollection':
        return this.#addCollection(command.value, timeMs)
      case 'changeCollection':
        return this.#changeCollection(command.value)
      case 'dropCollection':
        return this.#dropCollection(command.value)
      case undefined:
        return refused('INCOMPATIBLE_DATA', 'The catalog command is of a newer release.')
    }
  }

  #initializeCluster({ clusterId }: placement.InitializeCluster): CatalogResult {
    if (this.#state.clusterId === '') this.#state.clusterId = clusterId
    return DONE
  }

  #addWorker({ address }: placement.AddWorker): CatalogResult {
    const workerId = this.#state.nextWorkerId
    this.#state.nextWorkerId += 1n
    this.#workers.set(workerId, create(placement.CatalogWorkerSchema, { workerId, address }))
    return { kind: 'worker', workerId }
  }

  #setWorkerAddress({ workerId, address }: placement.SetWorkerAddress): CatalogResult {
    const worker = this.#workers.get(workerId)
    if (worker === undefined) return refused('WRONG_CLUSTER', `There is no worker ${workerId}.`)
    worker.address = address
    return { kind: 'worker', workerId }
  }

  #addCollection(add: placement.AddCollection, timeMs: bigint): CatalogResult {
    const collection = assertDefined(add.collection, 'a collection to add is described')
    const { name } = collection
    if (this.#collections.has(name)) {
      return refused('COLLECTION_EXISTS', `The collection "${name}" exists already.`)
    }
    collection.createTime = new Date(Number(timeMs)).toISOString()
    collection.etag = this.#nextEtag()
    collection.shardCount = add.shards.length
    const entry = create(placement.CatalogCollectionSchema, {
      collection,
      schemaVersion: 1n,
      shards: add.shards.map((shard) => this.#createShard(shard)),
    })
    this.#collections.set(name, entry)
    return { kind: 'collection', collection: entry }
  }

  #createShard(planned: placement.PlannedShard): placement.ShardRouting {
    const shardId = this.#state.nextShardId
    this.#state.nextShardId += 1n
    return create(placement.ShardRoutingSchema, {
      shardId,
      epoch: { membership: 1n, range: 1n },
      rangeStart: planned.rangeStart,
      rangeEnd: planned.rangeEnd,
      replicas: planned.workerIds.map((workerId) => {
        const replicaId = this.#state.nextReplicaId
        this.#state.nextReplicaId += 1n
        return create(placement.ReplicaSchema, { replicaId, workerId })
      }),
    })
  }

  #changeCollection(change: placement.ChangeCollection): CatalogResult {
    const entry = this.#collections.get(change.name)
    if (entry === undefined) return this.#unknown(change.name)
    const collection = assertDefined(entry.collection, 'a collection is described')
    const conflict = schemaConflict(collection.payloadSchema, change.payloadSchema)
    if (conflict !== undefined) return refused('SCHEMA_CONFLICT', conflict)

    const added = Object.keys(change.payloadSchema).some((f) => !(f in collection.payloadSchema))
    Object.assign(collection.payloadSchema, change.payloadSchema)
    if (added) entry.schemaVersion += 1n
    if (change.description !== undefined) collection.description = change.description
    collection.etag = this.#nextEtag()
    return { kind: 'collection', collection: entry }
  }

  #dropCollection({ name }: placement.DropCollection): CatalogResult {
    return this.#collections.delete(name) ? DONE : this.#unknown(name)
  }

  #unknown(name: string): CatalogResult {
    const hint = didYouMean(name, this.#collections.keys())
    return refused('COLLECTION_NOT_FOUND', `There is no collection "${name}".${hint}`)
  }

  /** The version that the catalog has once this command is applied. */
  #nextEtag(): string {
    return `${this.#state.version + 1n}`
  }
}

/** The name of a collection of the catalog. */
export function nameOf(entry: placement.CatalogCollection): string {
  return assertDefined(entry.collection, 'a collection is described').name
}

function emptyState(): placement.CatalogState {
  // Ids start at 1: 0 stands for "none" on the wire.
  return create(placement.CatalogStateSchema, {
    nextWorkerId: 1n,
    nextShardId: 1n,
    nextReplicaId: 1n,
  })
}

/** Why the fields cannot be added; undefined when they can. */
function schemaConflict(
  schema: Readonly<Record<string, vectron.FieldType>>,
  added: Readonly<Record<string, vectron.FieldType>>,
): string | undefined {
  for (const [field, type] of Object.entries(added)) {
    const declared = schema[field]
    if (declared !== undefined && declared !== type) {
      const name = vectron.FieldType[declared]
      return `The payload field "${field}" is declared as ${name}; its type cannot change.`
    }
  }
  const count = new Set([...Object.keys(schema), ...Object.keys(added)]).size
  if (count <= LIMITS.schemaFieldsMax) return undefined
  return `The payload schema would have ${count} fields; the limit is ${LIMITS.schemaFieldsMax}.`
}

function refused(reason: ErrorReason, message: string): CatalogResult {
  return { kind: 'refused', reason, message }
}
