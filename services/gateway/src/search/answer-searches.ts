/**
 * Answers the searches of a job, from the cache where that may be.
 *
 * Of a batch each search is looked up on its own, and those that are not found go to the shards
 * together.
 */

import { hash } from 'node:crypto'
import { create, toBinary } from '@bufbuild/protobuf'
import { assertDefined, concatBytes, LIMITS } from '@vectron/base'
import { vectron, wire } from '@vectron/contracts'
import type { GatewayContext } from '../context.ts'
import type { CachedRead, FreshAnswer } from './cached-searches.ts'
import { readPromise } from './read-promise.ts'
import { KEPT_MS, type KeptAnswer } from './result-cache.ts'
import { runSearches, type SearchAnswer, type SearchOutcome } from './run-search.ts'
import { pickSearches, type SearchJob, shardsOf } from './search-job.ts'
import { pointsNamed, type SearchTarget } from './take-target.ts'

/** Memory that an answer takes beside its points. */
const ANSWER_BYTES = 1024
/** Memory that a point takes beside its bytes. */
const POINT_BYTES = 96

/** One answer for each search. */
export async function answerSearches(
  context: GatewayContext,
  job: SearchJob,
): Promise<SearchAnswer[]> {
  const { results } = context
  const reads = results.enabled ? toReads(context, job) : []
  const [only] = reads
  if (job.searches.length === 1 && only !== undefined) {
    const answered = await results.answer(only, () => askOne(context, job))
    return [answered.kind === 'kept' ? fromKept(answered.kept, job) : answered.fresh.answer]
  }
  const answers = await Promise.all(
    job.searches.map(async (_, index) => {
      const read = reads[index]
      const kept = read && (await results.find(read))
      return kept && fromKept(kept, job)
    }),
  )
  const missed = [...answers.keys()].filter((index) => answers[index] === undefined)
  if (missed.length === 0) return answers.map(whole)
  const askedUs = context.clock.monotonicUs()
  const outcomes = await runSearches(context, pickSearches(job, missed))
  outcomes.forEach((outcome, at) => {
    const index = assertDefined(missed[at], 'one outcome for each search')
    answers[index] = outcome.answer
    const read = reads[index]
    if (read !== undefined) results.keep(read.key, toFresh(context, outcome), askedUs)
  })
  return answers.map(whole)
}

function whole(answer: SearchAnswer | undefined): SearchAnswer {
  return assertDefined(answer, 'every search is found or asked for')
}

async function askOne(context: GatewayContext, job: SearchJob): Promise<FreshAnswer<SearchAnswer>> {
  const [outcome] = await runSearches(context, job)
  return toFresh(context, assertDefined(outcome, 'one query has one answer'))
}

function toFresh(
  { clock }: GatewayContext,
  { answer, positions, expiresMs }: SearchOutcome,
): FreshAnswer<SearchAnswer> {
  const points = [...(answer.results ?? []), ...(answer.groups ?? []).flatMap(resultsOf)]
  const bytes = points.reduce((sum, point) => sum + point.length + POINT_BYTES, ANSWER_BYTES)
  // A point that expires leaves no trace in the logs; an answer that could outlive one is not kept.
  const outlivesNone = expiresMs > clock.nowMs() + KEPT_MS
  return { answer, positions, bytes, lasting: answer.complete === true && outlivesNone }
}

function resultsOf({ results }: { readonly results?: Uint8Array[] }): Uint8Array[] {
  return results ?? []
}

/** The answer as it is given to somebody else. */
function fromKept(kept: KeptAnswer<SearchAnswer>, { stages }: SearchJob): SearchAnswer {
  const { answer, ageMs, shared } = kept
  const cache = create(vectron.CacheUseSchema, { hit: true, ageMs: Math.round(ageMs), shared })
  return { ...answer, cache, tookUs: stages.elapsedUs }
}

/** How each search is looked up; undefined for one that is not to be answered from the cache. */
function toReads(context: GatewayContext, job: SearchJob): (CachedRead | undefined)[] {
  const { freshness, deadline } = job
  const promise = readPromise(context.router, {
    freshness,
    collection: job.route.name,
    shards: shardsOf(job.searches),
    deadline,
    written: context.written.positions,
    eventualAgeMsMax: context.eventualAgeMsMax,
  })
  const scope = scopeOf(job)
  return job.searches.map(({ request, legs }) => {
    const isOfTwoMoments = legs.some(({ target }) => readsBefore(target, job))
    // The time and a model decide with the request where results are reranked.
    const isReranked = request.rerank !== undefined
    if (request.cache === false || request.explain || isOfTwoMoments || isReranked) return undefined
    return { key: keyOf(request, scope), ...promise, deadline }
  })
}

/** Whether vectors of points are read first: they are of another moment than the answer. */
function readsBefore(target: SearchTarget, { route }: SearchJob): boolean {
  // With one shard the engine reads the one that a search names.
  return pointsNamed(target).length > 0 && (target.kind !== 'id' || route.shards.length > 1)
}

/** What an answer depends on beside the request: whom it is for, and of what it is. */
function scopeOf({ route, rowRule }: SearchJob): Uint8Array {
  const { name, collection, shards } = route
  const rule = rowRule === undefined ? '' : toBinary(vectron.FilterSchema, rowRule)
  const ofWhat = [name, collection.etag, ...shards.map(({ shardId }) => shardId)].join(' ')
  return concatBytes([Buffer.from(`${ofWhat}\n`), Buffer.from(rule)])
}

/**
 * The same for requests that are answered alike: how long and how fresh they want it does not
 * matter. Whatever is added to requests makes another key, unless it is left out here.
 */
function keyOf(request: wire.SearchRequest, scope: Uint8Array): string {
  const asked = {
    ...request,
    collection: '',
    topK: request.topK ?? LIMITS.topKDefault,
    withPayload: request.withPayload ?? true,
    consistency: vectron.Consistency.UNSPECIFIED,
    sessionToken: '',
    timeoutMs: undefined,
    allowPartial: false,
    cache: undefined,
  }
  return hash(
    'sha256',
    concatBytes([scope, toBinary(wire.SearchRequestSchema, asked)]),
    'base64url',
  )
}
