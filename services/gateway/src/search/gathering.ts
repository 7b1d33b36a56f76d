/**
 * The steps of one search under way, with all that shards answered to it.
 *
 * Its account of shards is over all of its queries: a shard has answered when it did so each time
 * that it was asked.
 */

import { assertDefined, type LogIndex, type ShardId, type VectronError } from '@vectron/base'
import type { AnswerOrigin, FanOutAnswer, ShardPositions } from '@vectron/routing'
import type { MergedHits } from './merge.ts'
import type { Gathered, Leg, SearchSteps } from './search-steps.ts'

/** What came back for one query. */
export interface LegAnswer {
  readonly hits: MergedHits
  /** What the query went out with. */
  readonly fanned: FanOutAnswer
  /** How far each shard had applied its log. */
  readonly positions: ShardPositions
  /** When the next point of the shards expires, in Unix milliseconds; Infinity for never. */
  readonly expiresMs: number
}

/** Which shards a search is of. */
export interface ShardAccount {
  readonly shardsTotal: number
  readonly shardsAnswered: number
  readonly failures: ReadonlyMap<ShardId, VectronError>
  /** How the answers were had: once for each time that the shards were asked. */
  readonly origins: readonly ReadonlyMap<ShardId, AnswerOrigin>[]
  /** How far each shard had applied its log, at least. */
  readonly positions: ShardPositions
}

export class Gathering {
  readonly #steps: SearchSteps
  readonly #answers: LegAnswer[] = []
  #state: IteratorResult<readonly Leg[], Gathered>

  constructor(steps: SearchSteps) {
    this.#steps = steps
    this.#state = steps.next()
  }

  /** The queries to be answered next; none when the search has its results. */
  get wanted(): readonly Leg[] {
    return this.#state.done ? [] : this.#state.value
  }

  /** What was found; undefined while there is something wanted. */
  get gathered(): Gathered | undefined {
    return this.#state.done ? this.#state.value : undefined
  }

  /** Of all queries, in the order in which they were wanted. */
  get answers(): readonly LegAnswer[] {
    return this.#answers
  }

  /** Of all queries, each once. */
  get warnings(): string[] {
    const [only, ...others] = this.#answers
    if (only !== undefined && others.length === 0) return only.hits.warnings
    return [...new Set(this.#answers.flatMap(({ hits }) => hits.warnings))]
  }

  /** Encoded `vectron.v1.ShardPlan`s of all queries. */
  get plans(): Uint8Array[] {
    return this.#answers.flatMap(({ hits }) => hits.plans)
  }

  get shards(): ShardAccount {
    const fanned = [...new Set(this.#answers.map((answer) => answer.fanned))]
    const [only] = fanned
    if (only !== undefined && fanned.length === 1) {
      return {
        shardsTotal: only.shardsTotal,
        shardsAnswered: only.answers.size,
        failures: only.failures,
        origins: [only.origins],
        positions: assertDefined(this.#answers[0], 'it was answered').positions,
      }
    }
    const failures = new Map(fanned.flatMap((each) => [...each.failures]))
    const asked = new Set(
      fanned.flatMap((each) => [...each.answers.keys(), ...each.failures.keys()]),
    )
    return {
      shardsTotal: asked.size,
      shardsAnswered: asked.size - failures.size,
      failures,
      origins: fanned.map((each) => each.origins),
      positions: earliestOf(this.#answers.map(({ positions }) => positions)),
    }
  }

  /** When the next point of the shards that were asked expires. */
  get expiresMs(): number {
    return Math.min(...this.#answers.map(({ expiresMs }) => expiresMs))
  }

  /** Takes one answer for each of the queries that were wanted. */
  take(answers: readonly LegAnswer[]): void {
    this.#answers.push(...answers)
    this.#state = this.#steps.next(answers.map(({ hits }) => hits))
  }
}

function earliestOf(all: readonly ShardPositions[]): ShardPositions {
  const earliest = new Map<ShardId, LogIndex>()
  for (const [shard, index] of all.flatMap((positions) => [...positions])) {
    const known = earliest.get(shard)
    if (known === undefined || index < known) earliest.set(shard, index)
  }
  return earliest
}
