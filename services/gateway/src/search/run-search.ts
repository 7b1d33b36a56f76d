/**
 * Answers the searches of a job: turn targets into queries, ask the shards, merge what they say,
 * and ask on while a search is not at its end (search-steps.ts).
 *
 * One request goes to each worker for all its shards and all queries of a batch. Filters, points
 * and payloads pass as bytes; JavaScript looks at a hit only to merge several shards.
 */

import { create, fromBinary } from '@bufbuild/protobuf'
import { assertDefined, logIndex, type ShardId } from '@vectron/base'
import { engine, vectron, type wire } from '@vectron/contracts'
import { type FanOutAnswer, type ShardPositions, searchShards } from '@vectron/routing'
import type { Handler } from '@vectron/rpc'
import { encodeSearchRequest, type Query } from '@vectron/shard'
import type { GatewayContext } from '../context.ts'
import { toEngineError } from '../engine-read.ts'
import { findUnknownFields, type UnknownFields, unknownEverywhere } from '../unknown-fields.ts'
import { stepsOf } from './choose-steps.ts'
import { completenessOf } from './completeness.ts'
import { explainSearch, shardStages } from './explain-search.ts'
import { Gathering, type LegAnswer } from './gathering.ts'
import { type MergedHits, mergeResults } from './merge.ts'
import { type Ordered, orderAll, orderEarly } from './order-results.ts'
import type { PlannedSearch } from './plan-search.ts'
import { resolveTargets } from './resolve-targets.ts'
import { pick, type SearchJob, shardsOf, splitByShards } from './search-job.ts'
import type { Gathered, Leg } from './search-steps.ts'
import { fanOutDeadline } from './split-deadline.ts'
import { inOrder } from './stage-times.ts'
import { withFields } from './take-fields.ts'

/** An answer, as a plain object of the message's shape. */
export type SearchAnswer = Awaited<ReturnType<Handler<typeof wire.Search.method.search>>>

const FROM_SHARDS = create(vectron.CacheUseSchema)
/** Results of one search that take noticeably longer to gather than a few. */
const DEEP = 200

/** An answer, and what it is of. */
export interface SearchOutcome {
  readonly answer: SearchAnswer
  /** How far each shard had applied its log, at least. */
  readonly positions: ShardPositions
  /** When the next point of those shards expires, in Unix milliseconds; Infinity for never. */
  readonly expiresMs: number
}

/** One outcome for each search. */
export async function runSearches(
  context: GatewayContext,
  job: SearchJob,
): Promise<SearchOutcome[]> {
  const legs = await job.stages.time('resolve', () => resolveTargets(context, job))
  const gatherings = job.searches.map((search, index) => open(search, legs[index] ?? []))
  await gather(context, job, gatherings)
  const ordered = await orderAll(context, job, gatherings.map(foundBy))
  return gatherings.map((gathering, index) => {
    const results = assertDefined(ordered[index], 'one order for each search')
    return toOutcome(job, index, { gathering, results })
  })
}

/** The answer of a job of one search, as it gets better: the complete one last. */
export async function* streamSearch(
  context: GatewayContext,
  job: SearchJob,
): AsyncGenerator<SearchAnswer> {
  const [legs = []] = await job.stages.time('resolve', () => resolveTargets(context, job))
  const search = assertDefined(job.searches[0], 'a stream is of one search')
  const gathering = open(search, legs)
  if (splitByShards(job.route, gathering.wanted).length === 1) {
    let news = Promise.withResolvers<void>()
    let partial: FanOutAnswer | undefined
    const final = fanOut(context, job, gathering.wanted, (answer) => {
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
      if (partial === undefined || partial.answers.size === partial.shardsTotal) continue
      const early = open(search, legs)
      early.take(await takeAnswers(context, job, early.wanted, partial))
      if (early.gathered === undefined) continue
      const results = orderEarly(search, early.gathered)
      yield toOutcome(job, 0, { gathering: early, results }).answer
    }
    gathering.take(await takeAnswers(context, job, gathering.wanted, await final))
  }
  await gather(context, job, [gathering])
  const [results] = await orderAll(context, job, [foundBy(gathering)])
  const ordered = assertDefined(results, 'one order for each search')
  yield toOutcome(job, 0, { gathering, results: ordered }).answer
}

function foundBy({ gathered }: Gathering): Gathered {
  return assertDefined(gathered, 'the search is at its end')
}

function open(search: PlannedSearch, legs: readonly Leg[]): Gathering {
  return new Gathering(stepsOf(search, legs))
}

/** Runs searches to their ends; what is wanted next of all of them goes to the shards together. */
async function gather(
  context: GatewayContext,
  job: SearchJob,
  gatherings: readonly Gathering[],
): Promise<void> {
  for (;;) {
    const open = gatherings.filter(({ gathered }) => gathered === undefined)
    const legs = open.flatMap(({ wanted }) => wanted)
    if (open.length === 0) return
    const answers = await askShards(context, job, legs)
    let at = 0
    for (const gathering of open) {
      const { length } = gathering.wanted
      gathering.take(answers.slice(at, at + length))
      at += length
    }
  }
}

/** One answer for each query; queries of the same shards go together. */
async function askShards(
  context: GatewayContext,
  job: SearchJob,
  legs: readonly Leg[],
): Promise<LegAnswer[]> {
  const answers: LegAnswer[] = []
  await Promise.all(
    splitByShards(job.route, legs).map(async (indexes) => {
      const part = pick(legs, indexes)
      const ofPart = await takeAnswers(context, job, part, await fanOut(context, job, part))
      ofPart.forEach((answer, at) => {
        answers[assertDefined(indexes[at], 'one answer for each query')] = answer
      })
    }),
  )
  return answers
}

function fanOut(
  { router, clock }: GatewayContext,
  job: SearchJob,
  legs: readonly Leg[],
  onAnswer?: (answer: FanOutAnswer) => void,
): Promise<FanOutAnswer> {
  const { route, rowRule, freshness, allowPartial, stages } = job
  const reranks = job.searches.some(({ reranking }) => reranking !== undefined)
  const deadline = fanOutDeadline(clock, job.deadline, { reranks })
  const queries = legs.map(({ query }) => query)
  return stages.time('fan_out', () =>
    searchShards(router, {
      collection: route.name,
      shards: shardsOf(legs),
      encode: ({ remainingMs }) => encodeSearchRequest(queries, remainingMs() * 1000, rowRule),
      kind: kindOf(queries),
      freshness,
      deadline,
      allowPartial,
      ...(onAnswer === undefined ? {} : { onAnswer }),
    }),
  )
}

/** What the shards found for each query. */
async function takeAnswers(
  context: GatewayContext,
  job: SearchJob,
  legs: readonly Leg[],
  fanned: FanOutAnswer,
): Promise<LegAnswer[]> {
  const results = decodeResults(fanned)
  const merged = await job.stages.time('merge', () =>
    mergeAll(context, job, legs, {
      ofShards: results,
      unanswered: fanned.shardsTotal - results.length,
      failed: fanned.failures.size,
    }),
  )
  const positions = new Map(
    results.map(([shard, { appliedIndex }]) => [shard, logIndex(appliedIndex)]),
  )
  const expiresMs = earliestExpiry(results.flatMap(([, { results: found }]) => found))
  return merged.map((hits) => ({ hits, fanned, positions, expiresMs }))
}

/** When the next point expires of those that shards hold, in Unix milliseconds. */
function earliestExpiry(results: readonly engine.QueryResult[]): number {
  let earliest = Number.POSITIVE_INFINITY
  for (const { nextExpiryMs } of results) {
    if (nextExpiryMs > 0n) earliest = Math.min(earliest, Number(nextExpiryMs))
  }
  return earliest
}

function toOutcome(
  job: SearchJob,
  index: number,
  of: { readonly gathering: Gathering; readonly results: Ordered },
): SearchOutcome {
  const { gathering, results: found } = of
  const search = assertDefined(job.searches[index], 'one answer for each search')
  const { request, fields, fusion } = search
  const { stages } = job
  const { warnings, plans, shards, expiresMs } = gathering
  const { shardsTotal, shardsAnswered, failures, origins, positions } = shards
  const missing = missingShards(failures)
  const unanswered = shardsTotal - shardsAnswered
  const exact = found.exact && unanswered === 0
  const { truncatedBy, nextPageToken } = found
  const completeness = completenessOf({ exact, missing, unanswered, truncatedBy })
  const tookUs = stages.elapsedUs
  const answer: SearchAnswer = {
    results: withFields(found.points, request, fields),
    groups: found.groups.map(({ value, points }) => ({
      value: { kind: value },
      results: withFields(points, request, fields),
    })),
    exact,
    complete: unanswered === 0,
    completeness,
    shardsTotal,
    shardsAnswered,
    ...(found.matches === undefined || unanswered > 0 ? {} : { matches: found.matches }),
    warnings,
    plans,
    tookUs,
    missing,
    cache: FROM_SHARDS,
    nextPageToken,
    ...(found.rerank === undefined ? {} : { rerank: found.rerank }),
    legs: fusion === undefined ? [] : gathering.answers.map(completenessOfLeg),
  }
  if (!request.explain) return { answer, positions, expiresMs }
  const ofShards = origins.flatMap(shardStages).map((stage) => stages.placed(stage))
  const all = inOrder([...stages.all, ...ofShards])
  const explained = {
    tookUs,
    stages: all,
    completeness,
    shardsTotal,
    shardsAnswered,
    missing,
    plans,
  }
  const explanation = explainSearch(explained)
  return { answer: { ...answer, explanation }, positions, expiresMs }
}

function completenessOfLeg({ hits, fanned }: LegAnswer): vectron.Completeness {
  const unanswered = fanned.shardsTotal - fanned.answers.size
  const exact = hits.exact && unanswered === 0
  return completenessOf({
    exact,
    missing: missingShards(fanned.failures),
    unanswered,
    truncatedBy: [],
  })
}

type ShardResults = readonly (readonly [ShardId, engine.SearchResult])[]

/** The order of arrival is chance; of equal scores the same shard's comes first every time. */
function decodeResults({ answers }: FanOutAnswer): ShardResults {
  return [...answers]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([shard, encoded]) => [shard, fromBinary(engine.SearchResultSchema, encoded)])
}

interface Fanned {
  readonly ofShards: ShardResults
  /** Shards without an answer: those that gave up, and those that have yet to answer. */
  readonly unanswered: number
  readonly failed: number
}

/** The hits of each query, of all shards. */
function mergeAll(
  context: GatewayContext,
  job: SearchJob,
  legs: readonly Leg[],
  { ofShards, unanswered, failed }: Fanned,
): Promise<MergedHits[]> {
  return Promise.all(
    legs.map(async (leg, index) => {
      const results = ofShards.map(([, { results: all }]) =>
        assertDefined(all[index], 'each query is answered'),
      )
      for (const { error } of results) {
        if (error !== undefined) throw toEngineError(error, leg.prefix)
      }
      const hits = mergeResults(results, { metric: leg.order, topK: leg.query.topK })
      const unknown = unknownFieldsOf(leg, results)
      // What is yet to come may know the field.
      if (unknown.length === 0 || failed < unanswered) return hits
      // The shards that gave up may know it too, and waiting for them is what nobody wants.
      const fields =
        failed > 0 ? unknown : await findUnknownFields(context, asked(job, leg, unknown))
      return { ...hits, warnings: [...hits.warnings, ...fields.map(unknownHere)] }
    }),
  )
}

function asked(job: SearchJob, leg: Leg, unknown: readonly string[]): UnknownFields {
  const { route, rowRule, deadline } = job
  return { collection: route.name, rowRule, unknown, namedAt: leg.namedAt ?? new Map(), deadline }
}

/** Fields of the filter that no shard which answered knows. */
function unknownFieldsOf(
  { query, isChecked }: Leg,
  results: readonly engine.QueryResult[],
): readonly string[] {
  if (query.filter === undefined || isChecked === true) return []
  return unknownEverywhere(results.map(({ unknownFields }) => unknownFields))
}

function unknownHere(field: string): string {
  return `No shard that answered knows the field "${field}" of the filter.`
}

/** Searches that take about as long: by how they look, for how many results, how many at once. */
function kindOf(queries: readonly Query[]): string {
  const looks = queries.some(({ exact }) => exact) ? 'scan' : 'walk'
  const depth = queries.some(({ topK, width = 0 }) => Math.max(topK, width) > DEEP) ? ' deep' : ''
  const searches = queries.reduce((sum, { target }) => sum + searchesFor(target), 0)
  return `${looks}${depth} x${2 ** Math.floor(Math.log2(searches))}`
}

/** Searches that a shard makes for a query. */
function searchesFor(target: Query['target']): number {
  return target.kind === 'examples' ? target.positive.length : 1
}

function missingShards(failures: FanOutAnswer['failures']): vectron.ShardMissing[] {
  return [...failures].map(([shardId, { reason, message }]) =>
    create(vectron.ShardMissingSchema, { shardId, reason, message }),
  )
}
