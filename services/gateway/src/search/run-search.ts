/**
 * Answers the searches of a job: turn targets into queries, ask the shards, merge what they say.
 *
 * One request goes to each worker for all its shards and all queries of a batch. Filters, points
 * and payloads pass as bytes; JavaScript looks at a hit only to merge several shards.
 */

import { create, fromBinary } from '@bufbuild/protobuf'
import { assertDefined, logIndex, type ShardId } from '@vectron/base'
import { engine, vectron, type wire } from '@vectron/contracts'
import { type FanOutAnswer, searchShards } from '@vectron/routing'
import type { Handler } from '@vectron/rpc'
import { encodeSearchRequest, type Query } from '@vectron/shard'
import type { GatewayContext } from '../context.ts'
import { toEngineError } from '../engine-read.ts'
import { refuseUnknownFields, unknownEverywhere } from '../unknown-fields.ts'
import { completenessOf } from './completeness.ts'
import { explainSearch, shardStages } from './explain-search.ts'
import { type MergedHits, mergeResults } from './merge.ts'
import { resolveTargets } from './resolve-targets.ts'
import type { Positions } from './result-cache.ts'
import { pick, pickSearches, type SearchJob, shardsOfJob, splitByShards } from './search-job.ts'
import { fanOutDeadline } from './split-deadline.ts'
import { inOrder } from './stage-times.ts'

/** An answer, as a plain object of the message's shape. */
export type SearchAnswer = Awaited<ReturnType<Handler<typeof wire.Search.method.search>>>

const FROM_SHARDS = create(vectron.CacheUseSchema)
/** Results of one search that take noticeably longer to gather than a few. */
const DEEP = 200

/** An answer, and what it is of. */
export interface SearchOutcome {
  readonly answer: SearchAnswer
  /** How far each shard had applied its log, at least. */
  readonly positions: Positions
}

/** One outcome for each search; searches of the same shards go together. */
export async function runSearches(
  context: GatewayContext,
  job: SearchJob,
): Promise<SearchOutcome[]> {
  const queries = await job.stages.time('resolve', () => resolveTargets(context, job))
  const parts = splitByShards(job)
  if (parts.length === 1) return askShards(context, job, queries)
  const outcomes: SearchOutcome[] = []
  await Promise.all(
    parts.map(async (indexes) => {
      const part = pickSearches(job, indexes)
      const ofPart = await askShards(context, part, pick(queries, indexes))
      ofPart.forEach((outcome, at) => {
        outcomes[assertDefined(indexes[at], 'one outcome for each search')] = outcome
      })
    }),
  )
  return outcomes
}

/** The answer of a job of one search, as it gets better: the complete one last. */
export async function* streamSearch(
  context: GatewayContext,
  job: SearchJob,
): AsyncGenerator<SearchAnswer> {
  const queries = await job.stages.time('resolve', () => resolveTargets(context, job))
  let news = Promise.withResolvers<void>()
  let partial: FanOutAnswer | undefined
  const final = fanOut(context, job, queries, (answer) => {
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
      yield* (await toOutcomes(context, job, partial)).map(({ answer }) => answer)
    }
  }
  yield* (await toOutcomes(context, job, await final)).map(({ answer }) => answer)
}

async function askShards(
  context: GatewayContext,
  job: SearchJob,
  queries: readonly Query[],
): Promise<SearchOutcome[]> {
  return toOutcomes(context, job, await fanOut(context, job, queries))
}

function fanOut(
  { router, clock }: GatewayContext,
  job: SearchJob,
  queries: readonly Query[],
  onAnswer?: (answer: FanOutAnswer) => void,
): Promise<FanOutAnswer> {
  const { route, rowRule, freshness, allowPartial, stages } = job
  const deadline = fanOutDeadline(clock, job.deadline, { reranks: false })
  return stages.time('fan_out', () =>
    searchShards(router, {
      collection: route.name,
      shards: shardsOfJob(job),
      encode: ({ remainingMs }) => encodeSearchRequest(queries, remainingMs() * 1000, rowRule),
      kind: kindOf(queries),
      freshness,
      deadline,
      allowPartial,
      ...(onAnswer === undefined ? {} : { onAnswer }),
    }),
  )
}

/** One outcome for each search. */
async function toOutcomes(
  context: GatewayContext,
  job: SearchJob,
  fanned: FanOutAnswer,
): Promise<SearchOutcome[]> {
  const results = decodeResults(fanned)
  const merged = await job.stages.time('merge', () => mergeAll(context, job, results))
  const positions = new Map(
    results.map(([shard, { appliedIndex }]) => [shard, logIndex(appliedIndex)]),
  )
  return merged.map((hits, index) => {
    const { query } = assertDefined(job.searches[index], 'one answer for each search')
    return { answer: toAnswer(job, fanned, { hits, explain: query.explain }), positions }
  })
}

function toAnswer(
  { stages }: SearchJob,
  fanned: FanOutAnswer,
  { hits, explain }: { readonly hits: MergedHits; readonly explain: boolean },
): SearchAnswer {
  const { shardsTotal, answers, origins } = fanned
  const missing = missingShards(fanned)
  const unanswered = shardsTotal - answers.size
  const exact = hits.exact && unanswered === 0
  const completeness = completenessOf({ exact, missing, unanswered })
  const tookUs = stages.elapsedUs
  const answer: SearchAnswer = {
    results: hits.points,
    exact,
    complete: unanswered === 0,
    completeness,
    shardsTotal,
    shardsAnswered: answers.size,
    ...(hits.matches === undefined || unanswered > 0 ? {} : { matches: hits.matches }),
    warnings: hits.warnings,
    plans: hits.plans,
    tookUs,
    missing,
    cache: FROM_SHARDS,
  }
  if (!explain) return answer
  const { plans } = hits
  const ofShards = shardStages(origins).map((stage) => stages.placed(stage))
  const all = inOrder([...stages.all, ...ofShards])
  const explained = { tookUs, stages: all, completeness, shardsTotal, origins, missing, plans }
  return { ...answer, explanation: explainSearch(explained) }
}

type ShardResults = readonly (readonly [ShardId, engine.SearchResult])[]

/** The order of arrival is chance; of equal scores the same shard's comes first every time. */
function decodeResults({ answers }: FanOutAnswer): ShardResults {
  return [...answers]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([shard, encoded]) => [shard, fromBinary(engine.SearchResultSchema, encoded)])
}

/** What the shards found for each search. */
function mergeAll(
  context: GatewayContext,
  job: SearchJob,
  ofShards: ShardResults,
): Promise<MergedHits[]> {
  const { metric } = job.route.collection
  return Promise.all(
    job.searches.map(async ({ query }, index) => {
      const results = ofShards.map(([, { results: all }]) =>
        assertDefined(all[index], 'each query is answered'),
      )
      for (const { error } of results) {
        if (error !== undefined) throw toEngineError(error, job.prefixes[index] ?? '')
      }
      if (query.filter !== undefined) await checkFieldsKnown(context, job, results)
      return mergeResults(results, { metric, topK: query.topK })
    }),
  )
}

async function checkFieldsKnown(
  context: GatewayContext,
  { route, rowRule, deadline }: SearchJob,
  results: readonly engine.QueryResult[],
): Promise<void> {
  const unknown = unknownEverywhere(results.map(({ unknownFields }) => unknownFields))
  if (unknown.length === 0) return
  await refuseUnknownFields(context, { collection: route.name, rowRule, unknown, deadline })
}

/** Searches that take about as long: by how they look, for how many results, how many at once. */
function kindOf(queries: readonly Query[]): string {
  const looks = queries.some(({ exact }) => exact) ? 'scan' : 'walk'
  const depth = queries.some(({ topK }) => topK > DEEP) ? ' deep' : ''
  return `${looks}${depth} x${2 ** Math.floor(Math.log2(queries.length))}`
}

function missingShards({ failures }: FanOutAnswer): vectron.ShardMissing[] {
  return [...failures].map(([shardId, { reason, message }]) =>
    create(vectron.ShardMissingSchema, { shardId, reason, message }),
  )
}
