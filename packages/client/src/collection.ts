/** The points of one collection: writes, reads, counts and searches, typed by the payload. */
import { batchesOf, writeInParallel } from './bulk.ts'
import type { Filter } from './filter.ts'
import { RerankPresets } from './rerank-presets.ts'
import type { FeedbackEntry, FeedbackResult } from './reranking.ts'
import type {
  CollectionInfo,
  CollectionStats,
  Example,
  FacetResult,
  Point,
  PointInput,
  PointQuery,
  ReadOptions,
  ScoredPoint,
  SearchGroup,
  SearchRequest,
  SearchResult,
  WriteResult,
} from './resources.ts'
import type { CallOptions, Transport } from './transport.ts'
import { decodeVector, encodeVector } from './vector.ts'

/** What a point's payload is when nothing is said about it. */
export type AnyPayload = Record<string, unknown>

/** Points by their ids, or all that match a filter. */
export type Selection<Payload> =
  | { readonly ids: readonly string[] }
  | { readonly filter: Filter<Payload> }

/** Points by their ids, one of them in one version, or all that match a filter. */
export type WriteSelection<Payload> =
  | Selection<Payload>
  /** Fails with VERSION_MISMATCH when the point has another version. */
  | { readonly ids: readonly [string]; readonly ifVersion: number }

export type PayloadChange<Payload> = WriteSelection<Payload> & {
  /** Keys to set. */
  readonly set?: Partial<Payload>
  /** Top-level keys to remove. */
  readonly remove?: readonly (keyof Payload & string)[]
  /** Make `set` the whole payload. */
  readonly replace?: boolean
  /** RFC 3339: from then on there is no such point; empty: never. Left out: as it is. */
  readonly expireTime?: string
}

export interface ScrollOptions<Payload> extends ReadOptions {
  readonly filter?: Filter<Payload>
  /** Points fetched at a time, 1 to 10,000. Default 1,000. */
  readonly pageSize?: number
  readonly withVector?: boolean
  /** Default true. */
  readonly withPayload?: boolean
}

export interface ScrollPage<Payload> {
  /** In the order of their ids. */
  readonly points: readonly Point<Payload>[]
  /** For the next page; empty on the last one. */
  readonly nextPageToken: string
}

export interface FacetOptions<Payload> extends ReadOptions {
  readonly filter?: Filter<Payload>
  /** Values to tell, 1 to 1,000. Default 10. */
  readonly limit?: number
  /** Gather up to 65,536 values from each shard, so that counts of rare values are exact too. */
  readonly exact?: boolean
}

export interface WriteOptions extends CallOptions {
  /**
   * Your own word for the request, up to 128 bytes: sent again under the same one, it changes
   * nothing more and answers as it did the first time. Made by the SDK for writes with `ifVersion`,
   * so that its own retries are safe.
   */
  readonly requestId?: string
}

export interface BulkOptions extends CallOptions {
  /** Points of one request. Default 500. */
  readonly batchSize?: number
  /** Requests on the way at once. Default 4. */
  readonly concurrency?: number
}

const PAGE_SIZE_DEFAULT = 1000
const BATCH_SIZE_DEFAULT = 500
const CONCURRENCY_DEFAULT = 4

/** A point or scored point as it comes over the wire. */
type WirePoint<P extends Point<unknown>> = Omit<P, 'vector'> & {
  readonly vector?: string | readonly number[]
}
type WireResult<Payload> = Omit<SearchResult<Payload>, 'results' | 'groups'> & {
  readonly results: readonly WirePoint<ScoredPoint<Payload>>[]
  /** Absent from servers that do not group. */
  readonly groups?: readonly WireGroup<Payload>[]
}
type WireGroup<Payload> = Omit<SearchGroup<Payload>, 'results'> & {
  readonly results: readonly WirePoint<ScoredPoint<Payload>>[]
}

export class Collection<Payload = AnyPayload> {
  readonly name: string
  readonly rerankPresets: RerankPresets
  readonly #transport: Transport
  readonly #path: string

  /** Use `Vectron.collection(name)`. Nothing is sent until a method is called. */
  constructor(transport: Transport, name: string) {
    this.name = name
    this.#transport = transport
    this.#path = `/v1/collections/${encodeURIComponent(name)}`
    this.rerankPresets = new RerankPresets(transport, this.#path)
  }

  /** The collection's settings and counts. */
  info(options?: CallOptions): Promise<CollectionInfo> {
    return this.#get('', options)
  }

  /** Counts, bytes by component and the state of each shard. */
  stats(options?: CallOptions): Promise<CollectionStats> {
    return this.#get('/stats', options)
  }

  /**
   * Inserts points, or replaces those whose ids exist: 1 to 10,000 in one request. Acknowledged
   * means on stable storage and visible to every later search.
   */
  upsert(points: readonly PointInput<Payload>[], options?: WriteOptions): Promise<WriteResult> {
    const body = { points: points.map(encodePoint) }
    return this.#write('upsert', body, points.some(isConditional), options)
  }

  /**
   * Loads any number of points in batches, some at once, each retried by itself; yields one
   * acknowledgement for each batch, in order.
   */
  async *upsertAll(
    points: Iterable<PointInput<Payload>> | AsyncIterable<PointInput<Payload>>,
    options: BulkOptions = {},
  ): AsyncGenerator<WriteResult> {
    const batches = batchesOf(points, options.batchSize ?? BATCH_SIZE_DEFAULT)
    const concurrency = options.concurrency ?? CONCURRENCY_DEFAULT
    yield* writeInParallel(batches, concurrency, (batch) => this.upsert(batch, options))
  }

  /**
   * Loads points over one streaming request; yields one acknowledgement for each batch, in order.
   * The fastest way in, and not retried: after an error, send what is not acknowledged again. Needs
   * a `fetch` that sends streams: Node, Deno, Bun, workers; in browsers use `upsertAll`.
   */
  async *upsertStream(
    points: Iterable<PointInput<Payload>> | AsyncIterable<PointInput<Payload>>,
    options: Omit<BulkOptions, 'concurrency'> = {},
  ): AsyncGenerator<WriteResult> {
    const batches = batchesOf(points, options.batchSize ?? BATCH_SIZE_DEFAULT)
    const lines = mapAsync(batches, (batch) => ({ points: batch.map(encodePoint) }))
    const call = this.#pointsCall('upsertStream')
    yield* this.#transport.stream<WriteResult>(call, options, lines)
  }

  /** One point; undefined when there is none of this id. */
  async get(
    id: string,
    options: ReadOptions & { readonly withVector?: boolean } & CallOptions = {},
  ): Promise<Point<Payload> | undefined> {
    const { points } = await this.getMany([id], options)
    return points[0]
  }

  /** Points by their ids, in the order asked; ids that do not exist are listed in `missing`. */
  async getMany(
    ids: readonly string[],
    options: ReadOptions & {
      readonly withVector?: boolean
      readonly withPayload?: boolean
    } & CallOptions = {},
  ): Promise<{ points: Point<Payload>[]; missing: readonly string[] }> {
    const { timeoutMs: _, signal: __, ...read } = options
    const answer = await this.#post<{
      points: WirePoint<Point<Payload>>[]
      missing: readonly string[]
    }>('batchGet', { ids, ...read }, options)
    return { points: answer.points.map(decodePoint), missing: answer.missing }
  }

  /** Deletes points by ids or by a filter. */
  delete(selection: WriteSelection<Payload>, options?: WriteOptions): Promise<WriteResult> {
    return this.#write('delete', selection, isConditional(selection), options)
  }

  /** Merges keys into payloads, removes keys, or replaces payloads; vectors stay. */
  updatePayload(change: PayloadChange<Payload>, options?: WriteOptions): Promise<WriteResult> {
    return this.#write('updatePayload', change, isConditional(change), options)
  }

  /**
   * All points that match, in the order of their ids, fetched page by page as they are consumed.
   */
  async *scroll(
    options: ScrollOptions<Payload> & CallOptions = {},
  ): AsyncGenerator<Point<Payload>> {
    const { timeoutMs, signal, ...query } = options
    const call = { ...(timeoutMs && { timeoutMs }), ...(signal && { signal }) }
    let pageToken = ''
    do {
      const page = await this.scrollPage({ ...query, pageToken }, call)
      yield* page.points
      pageToken = page.nextPageToken
    } while (pageToken !== '')
  }

  /** One page of what `scroll` walks through, for who keeps the tokens. */
  async scrollPage(
    query: ScrollOptions<Payload> & { readonly pageToken?: string } = {},
    options?: CallOptions,
  ): Promise<ScrollPage<Payload>> {
    const page = await this.#post<{
      points: WirePoint<Point<Payload>>[]
      nextPageToken: string
    }>('scroll', { pageSize: PAGE_SIZE_DEFAULT, ...query }, options)
    return { points: page.points.map(decodePoint), nextPageToken: page.nextPageToken }
  }

  /** Number of points that match; always exact. */
  async count(
    query: ReadOptions & { readonly filter?: Filter<Payload> } = {},
    options?: CallOptions,
  ): Promise<number> {
    const { count } = await this.#post<{ count: number }>('count', query, options)
    return count
  }

  /**
   * How many points have each value of a payload field, the most frequent values first. With
   * `exact` in the answer no value is missing and no count too low.
   */
  facet(
    field: string,
    query: FacetOptions<Payload> = {},
    options?: CallOptions,
  ): Promise<FacetResult> {
    return this.#post('facet', { field, ...query }, options)
  }

  /** The points nearest to a vector, to another point, or to a text. */
  async search(
    request: SearchRequest<Payload>,
    options?: CallOptions,
  ): Promise<SearchResult<Payload>> {
    const body = encodeSearch(request)
    return decodeResult(await this.#post<WireResult<Payload>>('search', body, options))
  }

  /**
   * The same search page by page, `topK` results each, fetched as they are consumed: no result
   * comes twice, and none that stays where it is is left out, whatever is written in between.
   */
  async *searchPages(
    request: Omit<SearchRequest<Payload>, 'offset' | 'pageToken'> & PointQuery,
    options?: CallOptions,
  ): AsyncGenerator<SearchResult<Payload>> {
    let pageToken = ''
    do {
      const page = await this.search({ ...request, pageToken }, options)
      yield page
      pageToken = page.nextPageToken
    } while (pageToken !== '')
  }

  /** Up to 1,000 searches in one request, answered in order. */
  async batchSearch(
    requests: readonly SearchRequest<Payload>[],
    options?: CallOptions,
  ): Promise<SearchResult<Payload>[]> {
    const body = { searches: requests.map(encodeSearch) }
    const { responses } = await this.#post<{ responses: WireResult<Payload>[] }>(
      'batchSearch',
      body,
      options,
    )
    return responses.map(decodeResult)
  }

  /** Answers that improve as shards answer; the last one is complete. */
  async *searchStream(
    request: SearchRequest<Payload>,
    options?: CallOptions,
  ): AsyncGenerator<SearchResult<Payload>> {
    const call = { ...this.#pointsCall('searchStream'), body: encodeSearch(request) }
    for await (const result of this.#transport.stream<WireResult<Payload>>(call, options)) {
      yield decodeResult(result)
    }
  }

  /** Notes clicks and judgements of results, 1 to 1,000; `vectron rerank train` learns of them. */
  addFeedback(entries: readonly FeedbackEntry[], options?: CallOptions): Promise<FeedbackResult> {
    const encoded = entries.map((entry) =>
      entry.vector === undefined ? entry : { ...entry, vector: encodeVector(entry.vector) },
    )
    const body = { entries: encoded }
    // A click without a request would be noted twice.
    const idempotent = entries.every(
      ({ kind, requestId }) => kind === 'judgement' || requestId !== undefined,
    )
    const call = { method: 'POST', path: `${this.#path}/feedback`, body, idempotent } as const
    return this.#transport.call(call, options)
  }

  #get<Answer>(path: string, options: CallOptions | undefined): Promise<Answer> {
    const call = { method: 'GET', path: this.#path + path, idempotent: true } as const
    return this.#transport.call(call, options)
  }

  #post<Answer>(verb: string, body: unknown, options: CallOptions | undefined): Promise<Answer> {
    return this.#transport.call({ ...this.#pointsCall(verb), body }, options)
  }

  /**
   * A conditional write that was done and is sent again would find the version that it made itself;
   * its request id tells that it was done.
   */
  #write(
    verb: string,
    body: object,
    isConditional: boolean,
    options: WriteOptions = {},
  ): Promise<WriteResult> {
    const requestId = options.requestId ?? (isConditional ? randomId() : undefined)
    const call = {
      ...this.#pointsCall(verb),
      body: requestId === undefined ? body : { ...body, requestId },
      idempotent: !isConditional || requestId !== undefined,
    }
    return this.#transport.call(call, options)
  }

  /** Every other verb on points leaves the same state when it is sent twice. */
  #pointsCall(verb: string) {
    return { method: 'POST', path: `${this.#path}/points:${verb}`, idempotent: true } as const
  }
}

/** Undefined in browsers on pages that are not secure. */
function randomId(): string | undefined {
  return globalThis.crypto.randomUUID?.()
}

function isConditional(write: object): boolean {
  return 'ifVersion' in write && write.ifVersion !== undefined
}

function encodePoint<Payload>(point: PointInput<Payload>): object {
  return 'vector' in point ? { ...point, vector: encodeVector(point.vector) } : point
}

function encodeSearch<Payload>(request: SearchRequest<Payload>): object {
  if (!('fused' in request)) return { ...request, ...encodeQuery(request) }
  const { fused } = request
  const legs = fused.legs.map((leg) => ({ ...leg, ...encodeQuery(leg) }))
  return { ...request, fused: { ...fused, legs } }
}

/** The part of a query that holds vectors. */
function encodeQuery(query: PointQuery): object {
  if ('vector' in query) return { vector: encodeVector(query.vector) }
  if (!('recommend' in query)) return {}
  const { positive, negative = [], ...more } = query.recommend
  const encode = (example: Example) =>
    'vector' in example ? { vector: encodeVector(example.vector) } : example
  return {
    recommend: { ...more, positive: positive.map(encode), negative: negative.map(encode) },
  }
}

function decodePoint<P extends Point<unknown>>(point: WirePoint<P>): P {
  const { vector, ...rest } = point
  return (vector === undefined ? rest : { ...rest, vector: decodeVector(vector) }) as unknown as P
}

function decodeResult<Payload>(result: WireResult<Payload>): SearchResult<Payload> {
  const decode = decodePoint<ScoredPoint<Payload>>
  const groups = (result.groups ?? []).map((group) => ({
    ...group,
    results: group.results.map(decode),
  }))
  return { ...result, results: result.results.map(decode), groups }
}

async function* mapAsync<From, To>(
  values: AsyncIterable<From>,
  change: (value: From) => To,
): AsyncGenerator<To> {
  for await (const value of values) yield change(value)
}
