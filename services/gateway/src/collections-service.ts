/**
 * The handlers of vectron.v1.Collections: metadata from placement, counts from the shards.
 */

import { create } from '@bufbuild/protobuf'
import {
  assertDefined,
  checkAtMost,
  type Deadline,
  isVectronError,
  LIMITS,
  VectronError,
} from '@vectron/base'
import { engine, type placement, vectron, type worker } from '@vectron/contracts'
import { type CollectionRoute, readEveryShard, shardReports } from '@vectron/routing'
import type { CallContext, Client, ServiceHandlers } from '@vectron/rpc'
import { maySee } from './access/check-verb.ts'
import { isOfProject, prefixOfProject } from './access/project-names.ts'
import { rowRuleOf } from './access/row-rule.ts'
import { listAliases, updateAliases } from './aliases.ts'
import {
  checkDimension,
  checkEmbedderKnown,
  checkMetric,
  checkPayloadSchema,
  takePageSize,
} from './check-collection.ts'
import type { GatewayContext } from './context.ts'
import { decodeReadResult, encodeRead } from './engine-read.ts'
import { encodePageToken, type PagedList, parsePageToken } from './page-token.ts'
import { declarePartitionKey, shardsFor } from './partition-key.ts'
import { sumBytes, sumFields } from './sum-reports.ts'

export interface CollectionsContext extends GatewayContext {
  readonly placement: Client<typeof placement.Placement>
}

export class CollectionsService implements ServiceHandlers<typeof vectron.Collections> {
  readonly #context: CollectionsContext

  constructor(context: CollectionsContext) {
    this.#context = context
  }

  async createCollection(request: vectron.CreateCollectionRequest, { deadline }: CallContext) {
    const collection = this.#takeCollection(request)
    const created = await this.#context.placement.createCollection(
      { collection },
      { timeoutMs: deadline.remainingMs() },
    )
    await this.#context.router.refresh()
    return assertDefined(created.collection, 'a created collection is described')
  }

  async getCollection({ collection }: vectron.GetCollectionRequest, call: CallContext) {
    return this.#describe(await this.#context.router.route(collection), call)
  }

  async listCollections(request: vectron.ListCollectionsRequest, call: CallContext) {
    const { principal } = call
    const prefix = prefixOfProject(principal?.projectId ?? '')
    const pageSize = takePageSize(request.pageSize, {
      default: LIMITS.collectionsPageDefault,
      max: LIMITS.collectionsPageMax,
    })
    const table = await this.#context.router.refresh()
    const list: PagedList = {
      clusterId: table.clusterId,
      shape: ['collections'],
      field: 'pageToken',
    }
    const after = parsePageToken(list, request.pageToken)
    const following = [...table.collections.values()].filter(
      ({ name }) =>
        name > after && isOfProject(name, prefix) && maySee(principal, name.slice(prefix.length)),
    )
    const page = following.slice(0, pageSize)
    const described = await Promise.all(page.map((route) => this.#describeListed(route, call)))
    const last = following.length > page.length ? page.at(-1) : undefined
    return {
      collections: described.filter((collection) => collection !== undefined),
      nextPageToken: last === undefined ? '' : encodePageToken(list, last.name),
    }
  }

  async updateCollection(request: vectron.UpdateCollectionRequest, call: CallContext) {
    const { collection: name, description, payloadSchema, searchReplicas } = request
    if (description !== undefined) checkDescription(description)
    checkAtMost(searchReplicas ?? 0, LIMITS.searchReplicasMax, 'searchReplicas')
    checkPayloadSchema(payloadSchema, 'payloadSchema')
    await this.#context.placement.updateCollection(
      {
        name,
        payloadSchema,
        ...(description === undefined ? {} : { description }),
        ...(searchReplicas === undefined ? {} : { searchReplicas }),
      },
      { timeoutMs: call.deadline.remainingMs() },
    )
    await this.#context.router.refresh()
    return this.#describe(await this.#context.router.route(name), call)
  }

  async deleteCollection({ collection }: vectron.DeleteCollectionRequest, call: CallContext) {
    await this.#context.placement.deleteCollection(
      { name: collection },
      { timeoutMs: call.deadline.remainingMs() },
    )
    await this.#context.router.refresh()
    return {}
  }

  async getCollectionStats(
    { collection }: vectron.GetCollectionStatsRequest,
    { deadline }: CallContext,
  ) {
    const reports = await shardReports(this.#context.router, collection, deadline)
    const shards = reports.flatMap(({ stats }) => (stats === undefined ? [] : [stats]))
    return {
      collection,
      ...sumCounts(reports),
      bytes: sumBytes(shards.map(({ bytes }) => bytes)),
      shards,
      fields: sumFields(reports.map(({ fields }) => fields)),
    }
  }

  updateAliases(request: vectron.UpdateAliasesRequest, call: CallContext) {
    return updateAliases(this.#context, request, call)
  }

  listAliases(request: vectron.ListAliasesRequest, call: CallContext) {
    return listAliases(this.#context.router, request, call)
  }

  #takeCollection(request: vectron.CreateCollectionRequest): vectron.Collection {
    const { name, metric, payloadSchema, embedder, description } = request
    checkMetric(metric, 'metric')
    checkDescription(description)
    checkAtMost(request.shardCount, LIMITS.shardsPerCollectionMax, 'shardCount')
    checkAtMost(request.replicationFactor, LIMITS.replicationFactorMax, 'replicationFactor')
    checkAtMost(request.searchReplicas, LIMITS.searchReplicasMax, 'searchReplicas')
    const { partitionKey } = request
    const declared = declarePartitionKey(payloadSchema, partitionKey)
    checkPayloadSchema(declared, 'payloadSchema')
    return create(vectron.CollectionSchema, {
      name,
      dimension: this.#takeDimension(request),
      metric: metric === vectron.Metric.UNSPECIFIED ? vectron.Metric.COSINE : metric,
      payloadSchema: declared,
      embedder,
      description,
      shardCount: request.shardCount,
      replicationFactor: request.replicationFactor,
      searchReplicas: request.searchReplicas,
      partitionKey,
    })
  }

  /** The embedder's dimension when none is given; the two must agree. */
  #takeDimension({ dimension, embedder }: vectron.CreateCollectionRequest): number {
    if (embedder !== '') {
      const { embedders } = this.#context
      checkEmbedderKnown(embedder, embedders.keys(), 'embedder')
      const own = embedders.get(embedder)?.dimension ?? 0
      if (dimension === 0 || dimension === own) return own
      throw new VectronError(
        'INVALID_ARGUMENT',
        `dimension is ${dimension}; the embedder "${embedder}" gives ${own}.`,
        { field: 'dimension' },
      )
    }
    checkDimension(dimension, 'dimension')
    return dimension
  }

  async #describe(route: CollectionRoute, call: CallContext): Promise<vectron.Collection> {
    const counts = sumCounts(await shardReports(this.#context.router, route.name, call.deadline))
    const rowRule = rowRuleOf(call)
    if (rowRule === undefined) return { ...route.collection, ...counts }
    const visible = await this.#countWithin(route, rowRule, call.deadline)
    return { ...route.collection, ...countsWithin(visible, counts) }
  }

  async #countWithin(
    { name }: CollectionRoute,
    rowRule: vectron.Filter,
    deadline: Deadline,
  ): Promise<bigint> {
    const encoded = await readEveryShard(this.#context.router, {
      collection: name,
      shards: shardsFor({ filters: [rowRule] }),
      read: encodeRead({ case: 'count', value: create(engine.CountSchema) }, rowRule),
      kind: 'count',
      freshness: { kind: 'eventual' },
      deadline,
    })
    try {
      return encoded.reduce((sum, each) => sum + decodeReadResult(each).count, 0n)
    } catch (error) {
      // A rule that does not fit a collection lets nothing through.
      if (isVectronError(error, 'FORBIDDEN')) return 0n
      throw error
    }
  }

  /** A collection that is deleted while the list is made is left out. */
  async #describeListed(
    route: CollectionRoute,
    call: CallContext,
  ): Promise<vectron.Collection | undefined> {
    try {
      return await this.#describe(route, call)
    } catch (error) {
      if (isVectronError(error, 'COLLECTION_NOT_FOUND')) return undefined
      throw error
    }
  }
}

interface Counts {
  readonly pointsCount: bigint
  readonly indexedCount: bigint
}

/** Of the points that a row rule leaves: how many are indexed at least, whichever are not yet. */
function countsWithin(visible: bigint, { pointsCount, indexedCount }: Counts): Counts {
  const indexed = visible - (pointsCount - indexedCount)
  return { pointsCount: visible, indexedCount: indexed < 0n ? 0n : indexed }
}

function sumCounts(reports: readonly worker.ShardReport[]): Counts {
  return {
    pointsCount: reports.reduce((sum, { stats }) => sum + (stats?.pointsCount ?? 0n), 0n),
    indexedCount: reports.reduce((sum, { stats }) => sum + (stats?.indexedCount ?? 0n), 0n),
  }
}

function checkDescription(description: string): void {
  checkAtMost(Buffer.byteLength(description), LIMITS.descriptionBytesMax, 'bytes of description')
}
