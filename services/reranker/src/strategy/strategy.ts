/**
 * What a strategy is: one file that checks its parameters and ranks candidates by them.
 *
 * Invariant: the same job gives the same order. Each strategy passes strategy.contract.ts.
 */
import type { JsonReader, JsonValue } from '@vectron/ranking'

export interface Strategy {
  readonly name: string
  /** Changes whenever the same job may get another order. */
  readonly version: string
  /** For people, one sentence. */
  readonly description: string
  readonly wantsPayload: boolean
  readonly wantsVector: boolean
  /** Whether its results cost so much that they are kept for equal requests. */
  readonly isCostly: boolean
  /** Why it cannot be used here; empty when it can. */
  problem(): string
  /**
   * Checks the parameters, every field of them.
   *
   * @throws VectronError naming the field; UNAVAILABLE when the strategy cannot be used here
   */
  prepare(parameters: JsonReader): Prepared | Promise<Prepared>
}

/** A strategy with its parameters. */
export interface Prepared {
  /** Version of the strategy, with that of its model where it has one. */
  readonly version: string
  /** The best `topK` candidates, best first. */
  rank(job: RankJob): readonly RankedCandidate[] | Promise<readonly RankedCandidate[]>
}

export interface RankJob {
  /** Empty for a search by vector or id alone. */
  readonly queryText: string
  /** Whether a higher original score is nearer. */
  readonly higherIsBetter: boolean
  /** Nearest first; at least one. */
  readonly candidates: readonly Candidate[]
  readonly topK: number
  /** Milliseconds since 1970. */
  readonly nowMs: number
  /** Aborts when nobody waits any more. */
  readonly signal: AbortSignal
  /** Awaited now and then in long work: lets others of the process run, throws when it is over. */
  readonly breathe: () => Promise<void> | undefined
}

export interface Candidate {
  /** By the collection's metric. */
  readonly score: number
  /** An empty object unless the strategy wants payloads. */
  readonly payload: JsonValue
  /** Empty unless the strategy wants vectors. */
  readonly vector: Float32Array
}

export interface RankedCandidate {
  /** Place in the job's candidates. */
  readonly place: number
  /** Higher is better. */
  readonly score: number
  /** Why, in one line. */
  readonly reason: string
}

/** The best candidates by these scores, of equal ones the nearer first. */
export function bestByScore(
  { topK }: Pick<RankJob, 'topK'>,
  scores: readonly number[],
  order: readonly number[],
  reasonOf: (place: number) => string,
): RankedCandidate[] {
  return order
    .slice(0, topK)
    .map((place) => ({ place, score: scores[place] ?? 0, reason: reasonOf(place) }))
}

/** A number in a reason. */
export function shown(value: number): string {
  return String(Number(value.toPrecision(3)))
}
