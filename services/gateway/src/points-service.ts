/**
 * The handlers of vectron.v1.Points: writes grouped by shard, reads gathered from shards.
 *
 * A write is acknowledged when every shard that it touches has applied it; the answer's session
 * token says where. Points and payloads pass as bytes.
 */

import { randomUUID } from 'node:crypto'
import { create, fromBinary } from '@bufbuild/protobuf'
import { type Deadline, deadlineAfter, LIMITS, VectronError } from '@vectron/base'
import { engine, type vectron, wire } from '@vectron/contracts'
import {
  encodeSessionToken,
  readEveryShard,
  readShard,
  shardOfId,
  type WriteOutcome,
  writeEverywhere,
  writeItems,
} from '@vectron/routing'
import type { CallContext, ServiceHandlers } from '@vectron/rpc'
import { encodeCommand, encodeUpsert } from '@vectron/shard'
import { checkBatch, takePageSize } from './check-collection.ts'
import { checkFilter, takeFilter } from './check-filter.ts'
import { checkId, checkPayload } from './check-point.ts'
import type { GatewayContext } from './context.ts'
import { decodeReadResult, encodeGet, encodeRead } from './engine-read.ts'
import { takeFreshness } from './freshness.ts'
import { runInOrder } from './ordered-pipeline.ts'
import { encodePageToken, type PagedList, parsePageToken } from './page-token.ts'
import { readByIds } from './read-by-ids.ts'
import { mergeScrolls } from './scroll.ts'
import { takePoints } from './take-points.ts'
import { refuseUnknownFields, unknownEverywhere } from './unknown-fields.ts'

/** Which points a delete or a payload update is about. */
type Selection =
  | { readonly kind: 'ids'; readonly ids: readonly string[] }
  | { readonly kind: 'filter'; readonly filter: vectron.Filter }

export class PointsService implements ServiceHandlers<typeof wire.Points> {
  readonly #context: GatewayContext

  constructor(context: GatewayContext) {
    this.#context = context
  }

  upsertPoints(request: wire.UpsertPointsRequest, { deadline }: CallContext) {
    return this.#upsert(request, deadline)
  }

  upsertPointsStream(requests: AsyncIterable<wire.UpsertPointsRequest>) {
    const { clock } = this.#context
    return runInOrder({
      inputs: requests,
      // The stream may last for hours; each batch has the time of a single upsert.
      work: (request) =>
        this.#upsert(request, deadlineAfter(clock, LIMITS.requestTimeoutMsDefault)),
      inFlightMax: LIMITS.streamBatchesInFlightMax,
    })
  }

  async getPoint(request: vectron.GetPointRequest, { deadline }: CallContext) {
    const { collection, id, withVector } = request
    checkId(id, () => 'id')
    const { router } = this.#context
    const encoded = await readShard(router, {
      collection,
      shard: (route) => shardOfId(route, id),
      read: encodeGet({ ids: [id], withPayload: true, withVector }),
      freshness: takeFreshness(await this.#clusterId(collection), request),
      deadline,
    })
    const [found] = decodeReadResult(encoded).points
    if (found !== undefined) return fromBinary(wire.PointSchema, found.point)
    throw new VectronError(
      'POINT_NOT_FOUND',
      `There is no point "${id}" in the collection "${collection}".`,
      { subject: id },
    )
  }

  async batchGetPoints(request: vectron.BatchGetPointsRequest, { deadline }: CallContext) {
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
      freshness: takeFreshness(await this.#clusterId(collection), request),
      deadline,
    })
    return {
      points: ids.flatMap((id) => found.get(id) ?? []),
      missing: ids.filter((id) => !found.has(id)),
    }
  }

  async deletePoints(request: vectron.DeletePointsRequest, { deadline }: CallContext) {
    const selection = takeSelection(request)
    return this.#writeSelected(request.collection, selection, deadline, (requestId, part) => {
      const value = create(engine.DeletePointsSchema, part)
      return encodeCommand(requestId, { case: 'delete', value })
    })
  }

  async updatePayload(request: vectron.UpdatePayloadRequest, { deadline }: CallContext) {
    const selection = takeSelection(request)
    const { remove, replace } = request
    const set = Buffer.from(request.set, 'utf8')
    checkPayload(set, () => 'set')
    if (set.length === 0 && remove.length === 0 && !replace) {
      throw new VectronError('MISSING_FIELD', 'Nothing to do: give set, remove or replace.', {
        field: 'set',
      })
    }
    return this.#writeSelected(request.collection, selection, deadline, (requestId, part) => {
      const value = create(engine.UpdatePayloadSchema, { ...part, set, remove, replace })
      return encodeCommand(requestId, { case: 'updatePayload', value })
    })
  }

  async scrollPoints(request: vectron.ScrollPointsRequest, { deadline }: CallContext) {
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
    }
    const value = create(engine.ScrollSchema, {
      ...(request.filter === undefined ? {} : { filter: request.filter }),
      limit,
      afterId: parsePageToken(list, request.pageToken),
      withPayload: withPayload ?? true,
      withVector,
    })
    const results = await this.#readAll(request, encodeRead({ case: 'scroll', value }), deadline)
    const page = mergeScrolls(results, limit)
    return {
      points: page.points,
      nextPageToken: page.lastId === undefined ? '' : encodePageToken(list, page.lastId),
    }
  }

  async countPoints(request: vectron.CountPointsRequest, { deadline }: CallContext) {
    if (request.filter !== undefined) checkFilter(request.filter, 'filter')
    const { filter } = request
    const value = create(engine.CountSchema, filter === undefined ? {} : { filter })
    const results = await this.#readAll(request, encodeRead({ case: 'count', value }), deadline)
    return { count: results.reduce((sum, { count }) => sum + count, 0n) }
  }

  async #upsert(request: wire.UpsertPointsRequest, deadline: Deadline) {
    const { collection, points } = request
    checkBatch(points.length, LIMITS.batchPointsMax, 'points')
    const { router } = this.#context
    const route = await router.route(collection)
    const records = await takePoints(this.#context, route.collection, points)
    const requestId = randomUUID()
    const outcome = await writeItems(router, {
      collection,
      items: records,
      shardOf: (current, { id }) => shardOfId(current, id),
      encode: (items, shard) => encodeUpsert(`${requestId}/${shard}`, items),
      deadline,
    })
    return this.#acknowledge(outcome)
  }

  /** Sends ids to the shards that own them, a filter to all shards. */
  async #writeSelected(
    collection: string,
    selection: Selection,
    deadline: Deadline,
    encode: (requestId: string, part: SelectionPart) => Uint8Array,
  ) {
    const { router } = this.#context
    const requestId = randomUUID()
    switch (selection.kind) {
      case 'ids':
        return this.#acknowledge(
          await writeItems(router, {
            collection,
            items: selection.ids,
            shardOf: shardOfId,
            encode: (ids, shard) => encode(`${requestId}/${shard}`, { ids: [...ids] }),
            deadline,
          }),
        )
      case 'filter': {
        await this.#checkFieldsKnown(collection, selection.filter, deadline)
        const { filter } = selection
        return this.#acknowledge(
          await writeEverywhere(router, {
            collection,
            encode: (shard) => encode(`${requestId}/${shard}`, { filter }),
            deadline,
          }),
        )
      }
    }
  }

  /** A count tells unknown fields and wrong types before anything is written. */
  async #checkFieldsKnown(
    collection: string,
    filter: vectron.Filter,
    deadline: Deadline,
  ): Promise<void> {
    const value = create(engine.CountSchema, { filter })
    const read = encodeRead({ case: 'count', value })
    await this.#readAll({ collection, consistency: 0, sessionToken: '' }, read, deadline)
  }

  async #readAll(
    request: {
      readonly collection: string
      readonly consistency: vectron.Consistency
      readonly sessionToken: string
    },
    read: Uint8Array,
    deadline: Deadline,
  ): Promise<engine.ReadResult[]> {
    const { collection } = request
    const encoded = await readEveryShard(this.#context.router, {
      collection,
      read,
      freshness: takeFreshness(await this.#clusterId(collection), request),
      deadline,
    })
    const results = encoded.map(decodeReadResult)
    const unknown = unknownEverywhere(results.map(({ unknownFields }) => unknownFields))
    await refuseUnknownFields(this.#context, collection, unknown, deadline)
    return results
  }

  #acknowledge({ affected, positions }: WriteOutcome) {
    const { clusterId } = this.#context.router.table
    return { affected, sessionToken: encodeSessionToken(clusterId, positions) }
  }

  /** Known once the routing is; the collection's existence is checked on the way. */
  async #clusterId(collection: string): Promise<string> {
    await this.#context.router.route(collection)
    return this.#context.router.table.clusterId
  }
}

type SelectionPart = { readonly ids: string[] } | { readonly filter: vectron.Filter }

/**
 * @throws VectronError MISSING_FIELD, INVALID_ARGUMENT, BATCH_TOO_LARGE, INVALID_ID, INVALID_FILTER
 */
function takeSelection(request: {
  readonly ids: readonly string[]
  readonly filter?: vectron.Filter | undefined
}): Selection {
  const { ids, filter } = request
  if (ids.length > 0 && filter !== undefined) {
    throw new VectronError('INVALID_ARGUMENT', 'ids and filter are both set; set one of them.', {
      field: 'filter',
    })
  }
  if (filter !== undefined) {
    checkFilter(filter, 'filter')
    return { kind: 'filter', filter }
  }
  if (ids.length === 0) {
    throw new VectronError('MISSING_FIELD', 'ids or filter must say which points.', {
      field: 'ids',
    })
  }
  checkBatch(ids.length, LIMITS.batchPointsMax, 'ids')
  ids.forEach((id, index) => {
    checkId(id, () => `ids[${index}]`)
  })
  return { kind: 'ids', ids }
}
