/**
 * When each stage of a search began and how long it took: for `explain`, for metrics, for the log.
 *
 * Stages may overlap: shards answer side by side within the fan-out.
 */

import type { Clock, Metrics, Tracer } from '@vectron/base'

/** The stages that the metric `vectron_search_stage_seconds` knows. */
export type SearchStage = (typeof STAGES)[number]

/** The functions that they time, whose names the spans of traces have. */
const FUNCTIONS: Readonly<Record<SearchStage, string>> = {
  plan: 'openSearchJob',
  resolve: 'resolveTargets',
  fan_out: 'searchShards',
  merge: 'mergeAll',
  rerank: 'rerank',
}

/** Label look-ups are most of what prom-client costs, so each series is looked up once. */
export type StageSeconds = Readonly<Record<SearchStage, { observe(seconds: number): void }>>

const STAGES = ['plan', 'resolve', 'fan_out', 'merge', 'rerank'] as const

export function declareStageSeconds(metrics: Metrics): StageSeconds {
  const seconds = metrics.histogram({
    name: 'search_stage_seconds',
    help: 'Time of each stage of a search at the gateway.',
    labels: ['stage'],
  })
  const byStage = STAGES.map((stage) => [stage, seconds.labels(stage)] as const)
  return Object.fromEntries(byStage) as Record<SearchStage, (typeof byStage)[number][1]>
}

export interface StageTime {
  /** A `SearchStage`, or `shard 7`. */
  readonly name: string
  /** Microseconds since the search began. */
  readonly startUs: number
  readonly tookUs: number
  /** For people; empty for nothing to say. */
  readonly detail: string
}

export interface TimedPart {
  readonly name: string
  /** In monotonic microseconds. */
  readonly span: { readonly fromUs: number; readonly tookUs: number }
  readonly detail: string
}

export class StageTimes {
  readonly #clock: Clock
  readonly #seconds: StageSeconds
  readonly #tracer: Tracer | undefined
  readonly #startUs: number
  readonly #times: StageTime[] = []

  constructor(clock: Clock, seconds: StageSeconds, tracer: Tracer | undefined) {
    this.#clock = clock
    this.#seconds = seconds
    this.#tracer = tracer
    this.#startUs = clock.monotonicUs()
  }

  /** Microseconds since the search began. */
  get elapsedUs(): number {
    return Math.round(this.#clock.monotonicUs() - this.#startUs)
  }

  /** The stages that have ended, in the order in which they did. */
  get all(): readonly StageTime[] {
    return this.#times
  }

  /** Runs a stage; one that fails is noted too. */
  async time<T>(stage: SearchStage, run: () => Promise<T>): Promise<T> {
    const fromUs = this.#clock.monotonicUs()
    try {
      if (this.#tracer === undefined) return await run()
      return await this.#tracer.part({ name: FUNCTIONS[stage] }, run)
    } finally {
      const tookUs = this.#clock.monotonicUs() - fromUs
      this.#seconds[stage].observe(tookUs / 1e6)
      this.#times.push(this.placed({ name: stage, span: { fromUs, tookUs }, detail: '' }))
    }
  }

  /** A part that timed itself, placed among the stages. */
  placed({ name, span, detail }: TimedPart): StageTime {
    const startUs = Math.max(0, Math.round(span.fromUs - this.#startUs))
    return { name, startUs, tookUs: Math.round(span.tookUs), detail }
  }
}

/** Stages in the order in which they began. */
export function inOrder(stages: readonly StageTime[]): StageTime[] {
  return [...stages].sort((a, b) => a.startUs - b.startUs)
}
