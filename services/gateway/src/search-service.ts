/**
 * The handlers of vectron.v1.Search: plan, fan out, merge.
 *
 * One request goes to each worker for all its shards and all queries of a batch. Filters, points
 * and payloads pass as bytes; JavaScript looks at a hit only to merge several shards.
 */

import { create, fromBinary } from '@bufbuild/protobuf'
import { assertDefined, type Deadline, deadlineAfter, LIMITS, VectronError } from '@vectron/base'
import { engine, parseVector, vectron, wire } from '@vectron/contracts'
import {
  type CollectionRoute,
  type FanOutAnswer,
  type ReadFreshness,
  type ShardSelection,
  searchShards,
  shardsOfPartitions,
} from '@vectron/routing'
import type { CallContext, Handler, ServiceHandlers } from '@vectron/rpc'
import { encodeSearchRequest, type Query } from '@vectron/shard'
import { rowRuleOf } from './access/row-rule.ts'
import { checkBatch } from './check-collection.ts'
import type { GatewayContext } from './context.ts'
import { embedTexts } from './embed-texts.ts'
import { toEngineError } from './engine-read.ts'
import { takeFreshness } from './freshness.ts'
import { mergeResults } from './merge.ts'
import { type PlannedSearch, planSearch, takeTimeoutMs } from './plan-search.ts'
import { readByIds } from './read-by-ids.ts'
import { refuseUnknownFields, unknownEverywhere } from './unknown-fields.ts'

/** An answer, as a plain object of the message's shape. */
type SearchAnswer = Awaited<ReturnType<Handler<typeof wire.Search.method.search>>>

/** All searches of one request. */
interface SearchJob {
  readonly route: CollectionRoute
  /** For its searches there are only points that match it. */
  readonly rowRule: vectron.Filter | undefined
  readonly searches: readonly PlannedSearch[]
  /** `searches[3].` for each search of a batch; empty for a single one. */
  readonly prefixes: readonly string[]
  readonly freshness: ReadFreshness
  readonly deadline: Deadline
  /** All searches take an answer from some of the shards. */
  readonly allowPartial: boolean
  readonly startUs: number
}

/** Results of one search that take noticeably longer to gather than a few. */
const DEEP = 200

export class SearchService implements ServiceHandlers<typeof wire.Search> {
  readonly #context: GatewayContext

  constructor(context: GatewayContext) {
    this.#context = context
  }

  async search(request: wire.SearchRequest, call: CallContext): Promise<SearchAnswer> {
    const job = await this.#openJob(request.collection, [request], [''], call)
    const queries = await this.#resolveTargets(job)
    const [answer] = await this.#answer(job, queries)
    return assertDefined(answer, 'one query has one answer')
  }

  async batchSearch({ collection, searches }: wire.BatchSearchRequest, call: CallContext) {
    checkBatch(searches.length, LIMITS.batchSearchesMax, 'searches')
    const prefixes = searches.map((_, index) => `searches[${index}].`)
    checkSameCollection(collection, searches)
    const job = await this.#openJob(collection, searches, prefixes, call)
    const queries = await this.#resolveTargets(job)
    return { responses: await this.#answer(job, queries) }
  }

  /** Answers that improve: one whenever another worker has answered, and the complete one last. */
  async *searchStream(request: wire.SearchRequest, call: CallContext) {
    const job = await this.#openJob(request.collection, [request], [''], call)
    const queries = await this.#resolveTargets(job)
    let news = Promise.withResolvers<void>()
    let partial: FanOutAnswer | undefined
    const final = this.#fanOut(job, queries, (answer) => {
      partial = answer
      news.resolve()
    })
    // A failure is thrown where the final answer is awaited.
    const ended = final.then(
      () => true,
      () => true,
    )
    for (;;) {
      if (await Promise.race([ended, news.promise.then(() => false)])) break
      news = Promise.withResolvers()
      if (partial !== undefined && partial.answers.size < partial.shardsTotal) {
        yield* await this.#merge(job, partial)
      }
    }
    yield* await this.#merge(job, await final)
  }

  async #openJob(
    collection: string,
    requests: readonly wire.SearchRequest[],
    prefixes: readonly string[],
    call: CallContext,
  ): Promise<SearchJob> {
    const { router, clock } = this.#context
    const startUs = clock.monotonicUs()
    const route = await router.route(collection)
    const rowRule = rowRuleOf(call)
    const { collection: described } = route
    const searches = requests.map((request, index) =>
      planSearch(request, { collection: described, rowRule, prefix: prefixes[index] ?? '' }),
    )
    const timeouts = requests.map((request, index) =>
      takeTimeoutMs(request.timeoutMs, prefixes[index] ?? ''),
    )
    const timeoutMs = Math.min(Math.max(...timeouts), call.deadline.remainingMs())
    const { clusterId } = router.table
    const freshness = strictest(requests.map((request) => takeFreshness(clusterId, request)))
    const deadline = deadlineAfter(clock, timeoutMs)
    const allowPartial = requests.every((request) => request.allowPartial)
    return { route, rowRule, searches, prefixes, freshness, deadline, allowPartial, startUs }
  }

  /** Turns texts and ids into what the engine can search for. */
  async #resolveTargets(job: SearchJob): Promise<Query[]> {
    const { route, searches } = job
    const texts = searches.flatMap(({ target }) => (target.kind === 'text' ? [target] : []))
    const vectors = await embedTexts(this.#context, route.collection, texts)
    return Promise.all(
      searches.map(async ({ target, query }): Promise<Query> => {
        switch (target.kind) {
          case 'vector':
            return { ...query, target, excludeIds: [] }
          case 'text': {
            const vector = assertDefined(vectors[texts.indexOf(target)], 'a text has a vector')
            return { ...query, target: { kind: 'vector', vector }, excludeIds: [] }
          }
          case 'id': {
            // With one shard the engine finds the vector itself.
            if (route.shards.length === 1) return { ...query, target, excludeIds: [] }
            const vector = await this.#vectorOf(target.id, job)
            return { ...query, target: { kind: 'vector', vector }, excludeIds: [target.id] }
          }
        }
      }),
    )
  }

  /** One answer for each search; searches of the same shards go together. */
  async #answer(job: SearchJob, queries: readonly Query[]): Promise<SearchAnswer[]> {
    const parts = splitByShards(job)
    if (parts.length === 1) return this.#merge(job, await this.#fanOut(job, queries))
    const answers: SearchAnswer[] = []
    await Promise.all(
      parts.map(async (indexes) => {
        const part = pickSearches(job, indexes)
        const fanOut = await this.#fanOut(part, pick(queries, indexes))
        const merged = await this.#merge(part, fanOut)
        merged.forEach((answer, at) => {
          answers[assertDefined(indexes[at], 'one answer for each search')] = answer
        })
      }),
    )
    return answers
  }

  #fanOut(
    job: SearchJob,
    queries: readonly Query[],
    onAnswer?: (answer: FanOutAnswer) => void,
  ): Promise<FanOutAnswer> {
    return searchShards(this.#context.router, {
      collection: job.route.name,
      shards: shardsOfJob(job),
      encode: (deadline) =>
        encodeSearchRequest(queries, deadline.remainingMs() * 1000, job.rowRule),
      kind: kindOf(queries),
      freshness: job.freshness,
      deadline: job.deadline,
      allowPartial: job.allowPartial,
      ...(onAnswer === undefined ? {} : { onAnswer }),
    })
  }

  /** One answer for each search. */
  async #merge(job: SearchJob, fanOut: FanOutAnswer): Promise<SearchAnswer[]> {
    const decoded = [...fanOut.answers]
      // The order of arrival is chance; of equal scores the same shard's comes first every time.
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, encoded]) => fromBinary(engine.SearchResultSchema, encoded).results)
    const complete = decoded.length === fanOut.shardsTotal
    const answers: SearchAnswer[] = []
    for (const [index, { query }] of job.searches.entries()) {
      const results = decoded.map((all) => assertDefined(all[index], 'each query is answered'))
      for (const { error } of results) {
        if (error !== undefined) throw toEngineError(error, job.prefixes[index] ?? '')
      }
      if (query.filter !== undefined) await this.#refuseUnknownFields(job, results)
      const { metric } = job.route.collection
      const hits = mergeResults(results, { metric, topK: query.topK })
      answers.push({
        results: hits.points,
        exact: hits.exact && complete,
        complete,
        shardsTotal: fanOut.shardsTotal,
        shardsAnswered: decoded.length,
        ...(hits.matches === undefined || !complete ? {} : { matches: hits.matches }),
        warnings: hits.warnings,
        plans: hits.plans,
        tookUs: Math.round(this.#context.clock.monotonicUs() - job.startUs),
        missing: missingShards(fanOut),
      })
    }
    return answers
  }

  async #refuseUnknownFields(
    job: SearchJob,
    results: readonly engine.QueryResult[],
  ): Promise<void> {
    const unknown = unknownEverywhere(results.map(({ unknownFields }) => unknownFields))
    if (unknown.length === 0) return
    const { route, rowRule, deadline } = job
    await refuseUnknownFields(this.#context, { collection: route.name, rowRule, unknown, deadline })
  }

  /** The vector of a point, from the shard that owns it. */
  async #vectorOf(id: string, job: SearchJob): Promise<Uint8Array> {
    const { route, rowRule, freshness, deadline } = job
    const found = await readByIds(this.#context.router, {
      collection: route.name,
      rowRule,
      ids: [id],
      withPayload: false,
      withVector: true,
      freshness,
      deadline,
    })
    const point = found.get(id)
    const vector = point && fromBinary(wire.PointSchema, point).vector
    const f32 = vector && parseVector(vector)
    if (f32 !== undefined) return f32
    throw new VectronError(
      'POINT_NOT_FOUND',
      `There is no point "${id}" in the collection "${route.name}".`,
      { field: 'id', subject: id },
    )
  }
}

/** A batch searches one collection: what its searches name beside is that one, or nothing. */
function checkSameCollection(collection: string, searches: readonly wire.SearchRequest[]): void {
  searches.forEach((search, index) => {
    // Inside, a collection's name may have its project before it.
    const isSame = collection === search.collection || collection.endsWith(`/${search.collection}`)
    if (search.collection === '' || isSame) return
    const field = `searches[${index}].collection`
    throw new VectronError(
      'INVALID_ARGUMENT',
      `${field} is "${search.collection}"; the batch searches "${collection}".`,
      { field },
    )
  })
}

/** The shards of a job, whose searches all are about the same. */
function shardsOfJob({ searches }: SearchJob): ShardSelection {
  const partitions = searches[0]?.partitions
  return (route) =>
    partitions === undefined ? route.shards : shardsOfPartitions(route, partitions)
}

/** The places of searches that are about the same shards. */
function splitByShards({ route, searches }: SearchJob): number[][] {
  if (searches.every(({ partitions }) => partitions === undefined)) return [[...searches.keys()]]
  const groups = new Map<string, number[]>()
  searches.forEach(({ partitions }, index) => {
    const shards = partitions === undefined ? [] : shardsOfPartitions(route, partitions)
    const key = shards.map(({ shardId }) => shardId).join()
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [index])
    else group.push(index)
  })
  return [...groups.values()]
}

/** Searches that take about as long: by how they look, for how many results, how many at once. */
function kindOf(queries: readonly Query[]): string {
  const looks = queries.some(({ exact }) => exact) ? 'scan' : 'walk'
  const depth = queries.some(({ topK }) => topK > DEEP) ? ' deep' : ''
  return `${looks}${depth} x${2 ** Math.floor(Math.log2(queries.length))}`
}

function pickSearches(job: SearchJob, indexes: readonly number[]): SearchJob {
  return {
    ...job,
    searches: pick(job.searches, indexes),
    prefixes: pick(job.prefixes, indexes),
  }
}

function pick<T>(items: readonly T[], indexes: readonly number[]): T[] {
  return indexes.map((index) => assertDefined(items[index], 'within bounds'))
}

/** The freshness that satisfies all of a batch. */
function strictest(wanted: readonly ReadFreshness[]): ReadFreshness {
  if (wanted.some(({ kind }) => kind === 'strong')) return { kind: 'strong' }
  const [only, ...others] = wanted.filter((freshness) => freshness.kind === 'session')
  if (only === undefined) return { kind: 'eventual' }
  const positions = new Map(only.positions)
  for (const [shard, index] of others.flatMap((session) => [...session.positions])) {
    const known = positions.get(shard)
    if (known === undefined || known < index) positions.set(shard, index)
  }
  return { kind: 'session', positions }
}

function missingShards({ failures }: FanOutAnswer): vectron.ShardMissing[] {
  return [...failures].map(([shardId, { reason, message }]) =>
    create(vectron.ShardMissingSchema, { shardId, reason, message }),
  )
}
