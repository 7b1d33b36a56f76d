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
import { placement, vectron, worker } from '@vectron/contracts'
import { aliasesOf, changeAliases, describeAliases } from './catalog-aliases.ts'
import {
  addReplica,
  forgetReplica,
  type MembersChange,
  promoteReplica,
  removeReplica,
} from './catalog-members.ts'
import { dropRerankPreset, type PresetChange, setRerankPreset } from './catalog-presets.ts'
import { IdMap, type ReadonlyIdMap } from './id-map.ts'
import { type PlacedShard, ShardIndex } from './shard-index.ts'

/** What became of a command. A refused one changed nothing. */
export type CatalogResult =
  | { readonly kind: 'done' }
  | { readonly kind: 'worker'; readonly workerId: bigint }
  | { readonly kind: 'collection'; readonly collection: placement.CatalogCollection }
  | { readonly kind: 'replica'; readonly replicaId: bigint }
  | { readonly kind: 'preset'; readonly preset: vectron.RerankPreset }
  | { readonly kind: 'refused'; readonly reason: ErrorReason; readonly message: string }

/** Aliases that a refusal names. */
const ALIASES_NAMED_MAX = 5

/** Members have the ids 1 to 5, which are their first seats too. */
const FIRST_NEW_SEAT = 6n

const DONE: CatalogResult = { kind: 'done' }

export class Catalog {
  readonly #state: placement.CatalogState
  readonly #collections = new Map<string, placement.CatalogCollection>()
  /** Invariant: each points to a collection of the catalog, and none has a collection's name. */
  #aliases: ReadonlyMap<string, string>
  readonly #workers = new IdMap<placement.CatalogWorker>()
  readonly #index = new ShardIndex()

  constructor(state: placement.CatalogState = emptyState()) {
    this.#state = state
    for (const entry of state.collections) {
      this.#collections.set(nameOf(entry), entry)
      this.#index.add(entry)
    }
    this.#aliases = new Map(state.aliases.map(({ alias, collection }) => [alias, collection]))
    for (const entry of state.workers) {
      this.#workers.set(entry.workerId, entry)
      // A snapshot of a release before this version existed: all may have changed.
      if (entry.assignmentsVersion === 0n) entry.assignmentsVersion = state.version
    }
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

  /** Second names of collections, with the collections that they point to. */
  get aliases(): ReadonlyMap<string, string> {
    return this.#aliases
  }

  get workers(): ReadonlyIdMap<placement.CatalogWorker> {
    return this.#workers
  }

  get shards(): ReadonlyIdMap<PlacedShard> {
    return this.#index.shards
  }

  /** Shards of which the worker has a replica, one that is leaving included. */
  hostedBy(workerId: bigint): ReadonlyIdMap<PlacedShard> {
    return this.#index.hostedBy(workerId)
  }

  /** The replica id of the catalog's own group under which a member of placement takes part. */
  seatOf(memberId: bigint): bigint {
    const seat = this.#state.seats.find((one) => one.memberId === memberId)
    return seat?.replicaId ?? memberId
  }

  /** The whole state as one message; sorted, so that equal catalogs give equal bytes. */
  snapshot(): placement.CatalogState {
    return create(placement.CatalogStateSchema, {
      ...this.#state,
      collections: [...this.#collections.values()].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1)),
      workers: [...this.#workers.values()].sort((a, b) => Number(a.workerId - b.workerId)),
      aliases: describeAliases(this.#aliases),
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
      case 'changeAliases':
        return this.#changeAliases(command.value)
      case 'addReplica': {
        const add = command.value
        if (!this.#workers.has(add.workerId)) return noWorker(add.workerId)
        const replicaId = this.#state.nextReplicaId
        const result = this.#changeMembers(add.shardId, (shard) =>
          addReplica(shard, add, replicaId),
        )
        if (result.kind !== 'refused') this.#state.nextReplicaId += 1n
        return result
      }
      case 'promoteReplica':
        return this.#changeMembers(command.value.shardId, (shard) =>
          promoteReplica(shard, command.value),
        )
      case 'removeReplica':
        return this.#changeMembers(command.value.shardId, (shard) =>
          removeReplica(shard, command.value),
        )
      case 'forgetReplica':
        return this.#changeMembers(command.value.shardId, (shard) =>
          forgetReplica(shard, command.value),
        )
      case 'setDraining':
        return this.#setDraining(command.value)
      case 'removeWorker':
        return this.#removeWorker(command.value)
      case 'seatMember':
        return this.#seatMember(command.value)
      case 'setRerankPreset': {
        const { collection, preset } = command.value
        return this.#changePresets(collection, (entry) => setRerankPreset(entry, preset, timeMs))
      }
      case 'dropRerankPreset': {
        const { collection, preset } = command.value
        return this.#changePresets(collection, (entry) => dropRerankPreset(entry, preset))
      }
      case undefined:
        return refused('INCOMPATIBLE_DATA', 'The catalog command is of a newer release.')
    }
  }

  #initializeCluster({ clusterId }: placement.InitializeCluster): CatalogResult {
    if (this.#state.clusterId === '') this.#state.clusterId = clusterId
    return DONE
  }

  #addWorker({ address, zone, raftAddress }: placement.AddWorker): CatalogResult {
    const workerId = this.#state.nextWorkerId
    this.#state.nextWorkerId += 1n
    const entry = { workerId, address, zone, raftAddress, assignmentsVersion: this.#nextVersion() }
    this.#workers.set(workerId, create(placement.CatalogWorkerSchema, entry))
    return { kind: 'worker', workerId }
  }

  #setWorkerAddress(set: placement.SetWorkerAddress): CatalogResult {
    const { workerId, address, zone, raftAddress } = set
    const entry = this.#workers.get(workerId)
    if (entry === undefined) return refused('WRONG_CLUSTER', `There is no worker ${workerId}.`)
    const isMoved = entry.raftAddress !== raftAddress
    Object.assign(entry, { address, zone, raftAddress })
    // Those that share a shard with it must learn where it is now.
    if (isMoved) for (const { shard } of this.hostedBy(workerId).values()) this.#touchHosts(shard)
    return { kind: 'worker', workerId }
  }

  #setDraining({ workerId, draining }: placement.SetDraining): CatalogResult {
    const entry = this.#workers.get(workerId)
    if (entry === undefined) return noWorker(workerId)
    entry.draining = draining
    return { kind: 'worker', workerId }
  }

  #removeWorker({ workerId }: placement.RemoveWorker): CatalogResult {
    const hosted = this.hostedBy(workerId).size
    if (hosted > 0) {
      const message = `Worker ${workerId} has ${hosted} replicas still; drain it first.`
      return refused('CONFLICT', message)
    }
    return this.#workers.delete(workerId) ? DONE : noWorker(workerId)
  }

  #seatMember({ memberId, presentReplicaId }: placement.SeatMember): CatalogResult {
    if (this.seatOf(memberId) !== presentReplicaId) {
      return refused('CONFLICT', `Member ${memberId} was seated anew meanwhile.`)
    }
    const replicaId = this.#state.nextSeat === 0n ? FIRST_NEW_SEAT : this.#state.nextSeat
    this.#state.nextSeat = replicaId + 1n
    const others = this.#state.seats.filter((seat) => seat.memberId !== memberId)
    const seat = create(placement.MemberSeatSchema, { memberId, replicaId })
    this.#state.seats = [...others, seat].sort((a, b) => Number(a.memberId - b.memberId))
    return { kind: 'replica', replicaId }
  }

  #changeMembers(
    shardId: bigint,
    change: (shard: placement.ShardRouting) => MembersChange,
  ): CatalogResult {
    const placed = this.shards.get(shardId)
    if (placed === undefined) return refused('SHARD_NOT_FOUND', `There is no shard ${shardId}.`)
    const { shard } = placed
    const next = change(shard)
    if (next.kind === 'refused') return next
    const { membership = 0n, range = 0n } = shard.epoch ?? {}
    // Whoever hosts a replica before or after learns of it.
    this.#touchHosts(shard)
    this.#index.setReplicas(shardId, next.replicas)
    this.#touchHosts(shard)
    if (next.isNewVersion) {
      shard.epoch = create(worker.ShardEpochSchema, { membership: membership + 1n, range })
    }
    return { kind: 'replica', replicaId: next.replicaId }
  }

  /** What the workers with a replica of the shard are told has changed. */
  #touchHosts({ replicas }: placement.ShardRouting): void {
    for (const { workerId } of replicas) {
      const host = this.#workers.get(workerId)
      if (host !== undefined) host.assignmentsVersion = this.#nextVersion()
    }
  }

  #addCollection(add: placement.AddCollection, timeMs: bigint): CatalogResult {
    const collection = assertDefined(add.collection, 'a collection to add is described')
    const { name } = collection
    if (this.#collections.has(name)) {
      return refused('COLLECTION_EXISTS', `The collection "${name}" exists already.`)
    }
    if (this.#aliases.has(name)) {
      return refused('ALIAS_EXISTS', `There is an alias "${name}" already.`)
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
    this.#index.add(entry)
    for (const shard of entry.shards) this.#touchHosts(shard)
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
      replicas: [
        ...planned.workerIds.map((workerId) => this.#createReplica(workerId, false)),
        ...planned.searchWorkerIds.map((workerId) => this.#createReplica(workerId, true)),
      ],
    })
  }

  #createReplica(workerId: bigint, searchOnly: boolean): placement.Replica {
    const replicaId = this.#state.nextReplicaId
    this.#state.nextReplicaId += 1n
    const replica = { replicaId, workerId, learner: searchOnly, searchOnly }
    return create(placement.ReplicaSchema, replica)
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
    const { description, searchReplicas } = change
    if (description !== undefined) collection.description = description
    if (searchReplicas !== undefined) collection.searchReplicas = searchReplicas
    collection.etag = this.#nextEtag()
    for (const shard of entry.shards) this.#touchHosts(shard)
    return { kind: 'collection', collection: entry }
  }

  #dropCollection({ name }: placement.DropCollection): CatalogResult {
    const entry = this.#collections.get(name)
    if (entry === undefined) return this.#unknown(name)
    const aliases = aliasesOf(this.#aliases, name)
    if (aliases.length > 0) {
      const named = aliases.slice(0, ALIASES_NAMED_MAX).map((alias) => `"${alias}"`)
      const more = aliases.length > named.length ? ` and ${aliases.length - named.length} more` : ''
      const message = `The collection "${name}" is what ${named.join(', ')}${more} points to.`
      return refused('COLLECTION_HAS_ALIAS', message)
    }
    this.#collections.delete(name)
    for (const shard of entry.shards) this.#touchHosts(shard)
    this.#index.drop(entry)
    return DONE
  }

  #changeAliases({ actions }: placement.ChangeAliases): CatalogResult {
    const changed = changeAliases(this.#aliases, this.#collections, actions)
    if (changed.kind === 'refused') return changed
    this.#aliases = changed.aliases
    return DONE
  }

  #changePresets(
    collection: string,
    change: (entry: placement.CatalogCollection) => PresetChange,
  ): CatalogResult {
    const entry = this.#collections.get(collection)
    if (entry === undefined) return this.#unknown(collection)
    const changed = change(entry)
    if (changed.kind === 'changed') {
      entry.rerankPresets = changed.presets
      entry.rerankPresetsVersion = changed.version
      return changed.set === undefined ? DONE : { kind: 'preset', preset: changed.set }
    }
    return changed
  }

  #unknown(name: string): CatalogResult {
    if (this.#aliases.has(name)) {
      const message = `"${name}" is an alias: this needs the name of the collection itself.`
      return refused('COLLECTION_NOT_FOUND', message)
    }
    const hint = didYouMean(name, this.#collections.keys())
    return refused('COLLECTION_NOT_FOUND', `There is no collection "${name}".${hint}`)
  }

  #nextEtag(): string {
    return `${this.#nextVersion()}`
  }

  /** The version that the catalog has once this command is applied. */
  #nextVersion(): bigint {
    return this.#state.version + 1n
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

function noWorker(workerId: bigint): CatalogResult {
  return refused('WORKER_NOT_FOUND', `There is no worker ${workerId}.`)
}

function refused(reason: ErrorReason, message: string): CatalogResult {
  return { kind: 'refused', reason, message }
}
