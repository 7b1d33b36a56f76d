/**
 * The handlers of vectron.v1.Points: writes grouped by shard, reads gathered from shards.
 *
 * A write is acknowledged when every shard that it touches has applied it; the answer's session
 * token says where. Points and payloads pass as bytes.
 */

import { create, fromBinary } from '@bufbuild/protobuf'
import { type Deadline, deadlineAfter, LIMITS, VectronError } from '@vectron/base'
import { checkFilter, engine, takeFilter, vectron, wire } from '@vectron/contracts'
import {
  encodeSessionToken,
  readEveryShard,
  shardOfId,
  type WriteOutcome,
  writeItems,
} from '@vectron/routing'
import type { CallContext, ServiceHandlers } from '@vectron/rpc'
import { encodeCommand, encodeUpsert } from '@vectron/shard'
import { rowRuleOf } from './access/row-rule.ts'
import { ByteBudget } from './byte-budget.ts'
import { checkBatch, takePageSize } from './check-collection.ts'
import { checkId, checkPayload, takeExpiry } from './check-point.ts'
import type { GatewayContext } from './context.ts'
import { decodeReadResult, encodeRead } from './engine-read.ts'
import { mergeFacets, valuesOfShard } from './facets.ts'
import { takeFreshness } from './freshness.ts'
import { runInOrder } from './ordered-pipeline.ts'
import { encodePageToken, type PagedList, parsePageToken } from './page-token.ts'
import { partitionKeyOf, partitionOfUpdate, shardsFor } from './partition-key.ts'
import { readByIds } from './read-by-ids.ts'
import { mergeScrolls } from './scroll.ts'
import { takeSelection, writeSelected } from './selection.ts'
import { takePoints } from './take-points.ts'
import { refuseUnknownFields, unknownEverywhere } from './unknown-fields.ts'
import { upsertPartitioned } from './upsert-partitioned.ts'
import { claimKey, partOf, takeHead, type WriteHead } from './write-head.ts'

export class PointsService implements ServiceHandlers<typeof wire.Points> {
  readonly #context: GatewayContext
  /** Batches of all upsert streams under way. */
  readonly #streamed = new ByteBudget(LIMITS.streamBytesInFlightMax)

  constructor(context: GatewayContext) {
    this.#context = context
  }

  upsertPoints(request: wire.UpsertPointsRequest, call: CallContext) {
    return this.#upsert(request, this.#headOfUpsert(call, request), call.deadline)
  }

  upsertPointsStream(requests: AsyncIterable<wire.UpsertPointsRequest>, call: CallContext) {
    const { clock } = this.#context
    return runInOrder({
      inputs: requests,
      // The stream may last for hours; each batch has the time of a single upsert.
      work: (request) =>
        this.#upsert(
          request,
          this.#headOfUpsert(call, request, true),
          deadlineAfter(clock, LIMITS.requestTimeoutMsDefault),
        ),
      inFlightMax: LIMITS.streamBatchesInFlightMax,
      budget: this.#streamed,
      bytesOf: bytesOfUpsert,
    })
  }

  async getPoint(request: vectron.GetPointRequest, call: CallContext) {
    const { collection, id, withVector } = request
    checkId(id, () => 'id')
    const points = await readByIds(this.#context.router, {
      collection,
      ids: [id],
      withPayload: true,
      withVector,
      rowRule: rowRuleOf(call),
      freshness: takeFreshness(await this.#clusterId(collection), request),
      deadline: call.deadline,
    })
    const found = points.get(id)
    if (found !== undefined) return fromBinary(wire.PointSchema, found)
    throw new VectronError(
      'POINT_NOT_FOUND',
      `There is no point "${id}" in the collection "${collection}".`,
      { subject: id },
    )
  }

  async batchGetPoints(request: vectron.BatchGetPointsRequest, call: CallContext) {
    const { collection, ids, withVector, withPayload } = request
    checkBatch(ids.length, LIMITS.batchPointsMax, 'ids')
    ids.forEach((id, index) => {
      checkId(id, () => `ids[${index}]`)
    })
    const found = await readByIds(this.#context.router, {
      collection,
      ids,
      withPayload: withPayload ?? true,
      withVector,
      rowRule: rowRuleOf(call),
      freshness: takeFreshness(await this.#clusterId(collection), request),
      deadline: call.deadline,
    })
    return {
      points: ids.flatMap((id) => found.get(id) ?? []),
      missing: ids.filter((id) => !found.has(id)),
    }
  }

  async deletePoints(request: vectron.DeletePointsRequest, call: CallContext) {
    const outcome = await writeSelected(this.#context, {
      collection: request.collection,
      selection: takeSelection(request),
      head: takeHead(this.#context.clock, call, {
        schema: vectron.DeletePointsRequestSchema,
        request,
      }),
      encode: (head, part) => {
        const value = create(engine.DeletePointsSchema, part)
        return encodeCommand(head, { case: 'delete', value })
      },
      deadline: call.deadline,
    })
    return this.#acknowledge(outcome)
  }

  async updatePayload(request: vectron.UpdatePayloadRequest, call: CallContext) {
    const selection = takeSelection(request)
    const { collection, remove, replace } = request
    const set = Buffer.from(request.set, 'utf8')
    const changes = checkPayload(set, () => 'set')
    const { expireTime } = request
    const expireMs =
      expireTime === undefined ? undefined : takeExpiry(expireTime, () => 'expireTime')
    if (set.length === 0 && remove.length === 0 && !replace && expireTime === undefined) {
      const text = 'Nothing to do: give set, remove, replace or expireTime.'
      throw new VectronError('MISSING_FIELD', text, { field: 'set' })
    }
    const route = await this.#context.router.route(collection)
    const key = partitionKeyOf(route.collection)
    const outcome = await writeSelected(this.#context, {
      collection,
      selection,
      partition: key && partitionOfUpdate(key, { set: changes, remove, replace }),
      head: takeHead(this.#context.clock, call, {
        schema: vectron.UpdatePayloadRequestSchema,
        request,
      }),
      encode: (head, part) => {
        const value = create(engine.UpdatePayloadSchema, {
          ...part,
          set,
          remove,
          replace,
          ...(expireTime === undefined ? {} : { expireMs: BigInt(expireMs ?? 0) }),
        })
        return encodeCommand(head, { case: 'updatePayload', value })
      },
      deadline: call.deadline,
    })
    return this.#acknowledge(outcome)
  }

  async scrollPoints(request: vectron.ScrollPointsRequest, call: CallContext) {
    const { collection, withVector, withPayload } = request
    const limit = takePageSize(request.pageSize, {
      default: LIMITS.scrollPageDefault,
      max: LIMITS.scrollPageMax,
    })
    const encodedFilter = takeFilter(request.filter, 'filter')
    const clusterId = await this.#clusterId(collection)
    const list: PagedList = {
      clusterId,
      shape: ['scroll', collection, encodedFilter ?? ''],
      field: 'pageToken',
    }
    const value = create(engine.ScrollSchema, {
      ...(request.filter === undefined ? {} : { filter: request.filter }),
      limit,
      afterId: parsePageToken(list, request.pageToken),
      withPayload: withPayload ?? true,
      withVector,
    })
    const results = await this.#readAll(request, { case: 'scroll', value }, call)
    const page = mergeScrolls(results, limit)
    return {
      points: page.points,
      nextPageToken: page.lastId === undefined ? '' : encodePageToken(list, page.lastId),
    }
  }

  async countPoints(request: vectron.CountPointsRequest, call: CallContext) {
    if (request.filter !== undefined) checkFilter(request.filter, 'filter')
    const { filter } = request
    const value = create(engine.CountSchema, filter === undefined ? {} : { filter })
    const results = await this.#readAll(request, { case: 'count', value }, call)
    return { count: results.reduce((sum, { count }) => sum + count, 0n) }
  }

  async facetPoints(request: vectron.FacetPointsRequest, call: CallContext) {
    const { collection, field, filter, exact } = request
    if (field === '') {
      throw new VectronError('MISSING_FIELD', 'field must say which values are counted.', {
        field: 'field',
      })
    }
    if (filter !== undefined) checkFilter(filter, 'filter')
    const limit = takePageSize(
      request.limit,
      { default: LIMITS.facetValuesDefault, max: LIMITS.facetValuesMax },
      'limit',
    )
    const shards = shardsFor({ filters: [filter, rowRuleOf(call)] })
    const { length } = shards(await this.#context.router.route(collection))
    const value = create(engine.FacetSchema, {
      field,
      limit: valuesOfShard({ limit, exact }, length),
      ...(filter === undefined ? {} : { filter }),
    })
    return mergeFacets(await this.#readAll(request, { case: 'facet', value }, call), limit)
  }

  async #upsert(request: wire.UpsertPointsRequest, head: WriteHead, deadline: Deadline) {
    const { collection, points } = request
    checkBatch(points.length, LIMITS.batchPointsMax, 'points')
    const { router } = this.#context
    const route = await router.route(collection)
    const { records, partitions } = await takePoints(this.#context, route.collection, points)
    await claimKey(router, { collection, head, deadline })
    const outcome =
      partitions === undefined
        ? await writeItems(router, {
            collection,
            items: records,
            shardOf: (current, { id }) => shardOfId(current, id),
            encode: (items, shard) => encodeUpsert(partOf(head, shard), items),
            deadline,
          })
        : await upsertPartitioned(router, { collection, records, partitions, head, deadline })
    return this.#acknowledge(outcome)
  }

  async #readAll(
    request: {
      readonly collection: string
      readonly consistency: vectron.Consistency
      readonly sessionToken: string
      readonly filter?: vectron.Filter | undefined
    },
    read: Extract<engine.ReadRequest['read'], { case: string }>,
    call: CallContext,
  ): Promise<engine.ReadResult[]> {
    const { collection, filter } = request
    const { deadline } = call
    const rowRule = rowRuleOf(call)
    const encoded = await readEveryShard(this.#context.router, {
      collection,
      shards: shardsFor({ filters: [filter, rowRule] }),
      read: encodeRead(read, rowRule),
      kind: read.case,
      freshness: takeFreshness(await this.#clusterId(collection), request),
      deadline,
    })
    const results = encoded.map(decodeReadResult)
    const unknown = unknownEverywhere(results.map(({ unknownFields }) => unknownFields))
    await refuseUnknownFields(this.#context, { collection, rowRule, unknown, deadline })
    return results
  }

  #headOfUpsert(
    call: CallContext,
    request: wire.UpsertPointsRequest,
    isStreamed = false,
  ): WriteHead {
    const schema = wire.UpsertPointsRequestSchema
    return takeHead(this.#context.clock, call, { schema, request, isStreamed })
  }

  #acknowledge({ affected, positions }: WriteOutcome) {
    this.#context.written.note(positions)
    const { clusterId } = this.#context.router.table
    return { affected, sessionToken: encodeSessionToken(clusterId, positions) }
  }

  /** Known once the routing is; the collection's existence is checked on the way. */
  async #clusterId(collection: string): Promise<string> {
    await this.#context.router.route(collection)
    return this.#context.router.table.clusterId
  }
}

/** Bytes that a batch keeps while it is under way, roughly. */
function bytesOfUpsert({ points }: wire.UpsertPointsRequest): number {
  let bytes = 0
  for (const { vector, payload, text } of points) {
    bytes += (vector?.length ?? 0) + payload.length + text.length
  }
  return bytes
}
