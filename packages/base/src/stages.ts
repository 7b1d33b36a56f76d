/**
 * Stages: how long each part of a request takes, in a histogram, and as spans where requests are
 * traced.
 */

import type { Clock } from './clock.ts'
import type { Histogram, Metrics } from './metrics.ts'
import type { SpanAttributes, Tracer } from './tracer.ts'

export interface StagesOptions<S extends string> {
  /** Without the `vectron_` prefix; ends in `_seconds`. */
  readonly name: string
  readonly help: string
  /** Each stage with the function that it times, whose name its spans have. */
  readonly functions: Readonly<Record<S, string>>
  readonly metrics: Metrics
  readonly clock: Clock
  readonly tracer: Tracer | undefined
}

/** Runs a part of a request and notes how long it took. */
export interface StageTimer<S extends string> {
  run<T>(stage: S, work: () => Promise<T>, attributes?: SpanAttributes): Promise<T>
}

/** Notes nothing. */
export const UNTIMED: StageTimer<string> = { run: (_stage, work) => work() }

export class Stages<S extends string> implements StageTimer<S> {
  readonly #options: StagesOptions<S>
  /** One look-up of labels for each stage. */
  readonly #timers: Readonly<Record<S, Histogram.Internal<'stage'>>>

  constructor(options: StagesOptions<S>) {
    this.#options = options
    const { name, help, functions, metrics } = options
    const histogram = metrics.histogram<'stage'>({ name, help, labels: ['stage'] })
    const stages = Object.keys(functions) as S[]
    const timers = stages.map((stage) => [stage, histogram.labels(stage)])
    this.#timers = Object.fromEntries(timers)
  }

  /** Runs the work and notes how long it took, also when it fails. */
  async run<T>(stage: S, work: () => Promise<T>, attributes?: SpanAttributes): Promise<T> {
    const { clock, tracer, functions } = this.#options
    const startUs = clock.monotonicUs()
    try {
      if (tracer === undefined) return await work()
      const span = { name: functions[stage], ...(attributes === undefined ? {} : { attributes }) }
      return await tracer.part(span, work)
    } finally {
      this.#timers[stage].observe((clock.monotonicUs() - startUs) / 1e6)
    }
  }
}
