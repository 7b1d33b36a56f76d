/**
 * Why a point is not among the results of a search.
 *
 * Asked in the order in which a search loses points: is there such a point for the caller, did its
 * shard answer, does it match the filter (and if not, by which part), how many are nearer. What is
 * left was missed by the search of its shard, which is made again and watched: either the walk in
 * the graph did not meet the point, or its code misled. All of it is read at the search's own
 * freshness; writes that come between may change the answer, as they would change the search's.
 */

import { create, fromBinary } from '@bufbuild/protobuf'
import { assertDefined, LIMITS } from '@vectron/base'
import { engine, vectron } from '@vectron/contracts'
import { readEveryShard, searchShards, shardOfId } from '@vectron/routing'
import { encodeSearchRequest, type Query } from '@vectron/shard'
import type { GatewayContext } from '../context.ts'
import { decodeReadResult, encodeRead } from '../engine-read.ts'
import { partitionKeyOf, shardsFor } from '../partition-key.ts'
import { readByIds } from '../read-by-ids.ts'
import { isNearer, mergeResults } from './merge.ts'
import type { PlannedSearch } from './plan-search.ts'
import { resolveTargets } from './resolve-targets.ts'
import type { SearchAnswer } from './run-search.ts'
import { pickSearches, type SearchJob, shardsOf } from './search-job.ts'
import type { Leg } from './search-steps.ts'
import { pointsNamed } from './take-target.ts'

const { WhyNotCause } = vectron

/** The answers of a job, each with why its point is not in it, where the search asks that. */
export function tellWhyNot(
  context: GatewayContext,
  job: SearchJob,
  answers: readonly SearchAnswer[],
): Promise<SearchAnswer[]> {
  return Promise.all(
    answers.map(async (answer, index) => {
      const only = pickSearches(job, [index])
      const search = assertDefined(only.searches[0], 'one search for each answer')
      if (search.request.whyNot === '') return answer
      const question = new WhyNotQuestion(context, only, search)
      return { ...answer, whyNot: await question.ask(answer) }
    }),
  )
}

class WhyNotQuestion {
  readonly #context: GatewayContext
  /** Of the one search. */
  readonly #job: SearchJob
  readonly #search: PlannedSearch
  readonly #id: string

  constructor(context: GatewayContext, job: SearchJob, search: PlannedSearch) {
    this.#context = context
    this.#job = job
    this.#search = search
    this.#id = search.request.whyNot
  }

  async ask(answer: SearchAnswer): Promise<vectron.WhyNot> {
    const found = placeIn(answer.results ?? [], this.#id)
    if (found !== undefined) {
      return this.#say(WhyNotCause.FOUND, `It is number ${found.rank} of the results.`, found)
    }
    const named = this.#search.legs.flatMap(({ target }) => pointsNamed(target))
    if (named.some(({ id }) => id === this.#id)) {
      return this.#say(
        WhyNotCause.ASKED_BY_IT,
        'The search is by this point, which is left out itself.',
      )
    }
    const missing = this.#missingShard(answer)
    if (missing !== undefined) return missing
    const { collection } = this.#job.route
    if (!(await this.#exists())) {
      return this.#say(
        WhyNotCause.NO_SUCH_POINT,
        `There is no point "${this.#id}" in the collection "${collection.name}".`,
      )
    }
    const clause = await this.#failingClause()
    if (clause !== undefined) {
      return this.#say(WhyNotCause.FILTERED, `It does not match ${clause}.`, { clause })
    }
    return this.#byRank(answer)
  }

  #say(
    cause: vectron.WhyNotCause,
    text: string,
    more: Partial<Omit<vectron.WhyNot, '$typeName' | '$unknown' | 'id' | 'cause' | 'text'>> = {},
  ): vectron.WhyNot {
    return create(vectron.WhyNotSchema, { id: this.#id, cause, text, ...more })
  }

  /** Its shard is known before it is found only where ids choose the shard. */
  #missingShard({ missing = [] }: SearchAnswer): vectron.WhyNot | undefined {
    const { route } = this.#job
    if (missing.length === 0 || partitionKeyOf(route.collection) !== undefined) return undefined
    const { shardId } = shardOfId(route, this.#id)
    const gone = missing.find((each) => each.shardId === shardId)
    if (gone === undefined) return undefined
    const text = `Its shard ${shardId} did not answer: ${gone.message ?? gone.reason ?? ''}`
    return this.#say(WhyNotCause.SHARD_MISSING, text)
  }

  async #exists(): Promise<boolean> {
    const { route, rowRule, freshness, deadline } = this.#job
    const found = await readByIds(this.#context.router, {
      collection: route.name,
      rowRule,
      ids: [this.#id],
      withPayload: false,
      withVector: false,
      freshness,
      deadline,
    })
    return found.has(this.#id)
  }

  /** The first part of the filter that the point does not match, as a path. */
  async #failingClause(): Promise<string | undefined> {
    const encoded = this.#search.legs[0]?.query.filter
    if (encoded === undefined) return undefined
    const filter = fromBinary(vectron.FilterSchema, encoded)
    if (await this.#matches(nested(filter))) return undefined
    for (const [index, condition] of filter.must.entries()) {
      if (!(await this.#matches(condition))) {
        return describe('must', index, condition)
      }
    }
    for (const [index, condition] of filter.mustNot.entries()) {
      if (await this.#matches(condition)) {
        return describe('mustNot', index, condition)
      }
    }
    return 'any part of filter.should'
  }

  async #matches(condition: vectron.Condition): Promise<boolean> {
    const { route, rowRule, freshness, deadline } = this.#job
    const itself = create(vectron.ConditionSchema, {
      test: { case: 'hasId', value: create(vectron.IdsSchema, { values: [this.#id] }) },
    })
    const both = create(vectron.FilterSchema, { must: [itself, condition] })
    const value = create(engine.CountSchema, { filter: both })
    const results = await readEveryShard(this.#context.router, {
      collection: route.name,
      shards: shardsFor({ filters: [rowRule] }),
      read: encodeRead({ case: 'count', value }, rowRule),
      kind: 'count',
      freshness,
      deadline,
    })
    return results.some((result) => decodeReadResult(result).count > 0n)
  }

  /** By an exact search, as deep as one may be. */
  async #byRank(answer: SearchAnswer): Promise<vectron.WhyNot> {
    const { topK, offset, threshold } = this.#search.window
    const [legs = []] = await resolveTargets(this.#context, this.#job)
    const leg = assertDefined(legs[0], 'a search has a query')
    const exact = await this.#exactRank(leg)
    if (exact === undefined) {
      const text = `More than ${LIMITS.topKMax} points that match are nearer.`
      return this.#say(WhyNotCause.OUTRANKED, text)
    }
    const { rank, score } = exact
    if (rank > offset + topK) {
      const reach = offset === 0 ? `topK is ${topK}` : `offset + topK is ${offset + topK}`
      const text = `It is number ${rank} of those that match, and ${reach}.`
      return this.#say(WhyNotCause.OUTRANKED, text, exact)
    }
    if (threshold !== undefined && !isNearer(leg.order, score, threshold)) {
      const text = `Its score ${score} is not nearer than scoreThreshold ${threshold}.`
      return this.#say(WhyNotCause.TOO_FAR, text, exact)
    }
    if (rank <= offset) {
      const text = `It is number ${rank} of those that match, and offset passes over ${offset}.`
      return this.#say(WhyNotCause.PASSED_OVER, text, exact)
    }
    if (answer.exact === true) {
      const text = `It is number ${rank} by now: it was written while the search ran, or those before it went.`
      return this.#say(WhyNotCause.MISSED, text, exact)
    }
    return this.#byTrace(leg, exact)
  }

  /** By the search of its shard once more, watched. */
  async #byTrace(leg: Leg, exact: Place): Promise<vectron.WhyNot> {
    const { topK, offset } = this.#search.window
    const query = { ...leg.query, topK: offset + topK, trace: this.#id }
    const [trace] = (await this.#ask(query)).flatMap(({ trace: told }) => told ?? [])
    const itsRank = `It is number ${exact.rank} of those that match`
    const { codedRank = 0, rescored = 0, width = 0, widthSufficient = 0 } = trace ?? {}
    const more = { ...exact, codedRank, rescored, width, widthSufficient }
    const cure =
      widthSufficient === 0
        ? `No width up to ${LIMITS.topKMax} finds it: set exact.`
        : `The width was ${width}; ${widthSufficient} finds it, and so does exact.`
    switch (trace?.fate) {
      case engine.PointFate.NOT_REACHED: {
        const text = `${itsRank}, but the walk in the graph never met it. ${cure}`
        return this.#say(WhyNotCause.NOT_REACHED, text, more)
      }
      case engine.PointFate.LOST_BY_CODES: {
        const text =
          `${itsRank}, but its code misleads: by codes it is number ${codedRank} of its shard, ` +
          `and ${rescored} were compared by their stored vectors. ${cure}`
        return this.#say(WhyNotCause.LOST_BY_CODES, text, more)
      }
      case engine.PointFate.SCORED:
      case engine.PointFate.UNSPECIFIED:
      case undefined: {
        const text =
          `${itsRank}, and the search missed it. It was asked again, and does not say so now: ` +
          'graphs change, and replicas have their own. Raise width, or set exact.'
        return this.#say(WhyNotCause.MISSED, text, exact)
      }
    }
  }

  async #exactRank(leg: Leg): Promise<Place | undefined> {
    const topK = LIMITS.topKMax
    const results = await this.#ask({ ...leg.query, topK, exact: true })
    return placeIn(mergeResults(results, { metric: leg.order, topK }).points, this.#id)
  }

  /** What the shards say to a query, of points without what belongs to them. */
  async #ask(query: Query): Promise<engine.QueryResult[]> {
    const { router } = this.#context
    const { route, rowRule, freshness, deadline } = this.#job
    const asked = { ...query, explain: false, withPayload: false, withVector: false }
    const { answers } = await searchShards(router, {
      collection: route.name,
      shards: shardsOf([this.#search]),
      encode: ({ remainingMs }) => encodeSearchRequest([asked], remainingMs() * 1000, rowRule),
      kind: 'why not',
      freshness,
      deadline,
      allowPartial: true,
    })
    return [...answers.values()].flatMap(
      (encoded) => fromBinary(engine.SearchResultSchema, encoded).results,
    )
  }
}

interface Place {
  /** The first is 1. */
  readonly rank: number
  readonly score: number
}

/** @param points each an encoded `vectron.v1.ScoredPoint`, nearest first */
function placeIn(points: readonly Uint8Array[], wanted: string): Place | undefined {
  for (const [index, encoded] of points.entries()) {
    const { id, score } = fromBinary(vectron.ScoredPointSchema, encoded)
    if (id === wanted) return { rank: index + 1, score }
  }
  return undefined
}

function nested(filter: vectron.Filter): vectron.Condition {
  return create(vectron.ConditionSchema, { test: { case: 'filter', value: filter } })
}

/** `filter.must[1] (field "price")` */
function describe(list: string, index: number, { field }: vectron.Condition): string {
  const about = field === '' ? '' : ` (field "${field}")`
  return `filter.${list}[${index}]${about}`
}
