/** What every part of a process is given: time, randomness, log, metrics, and its life's number. */
import {
  type Clock,
  createMetrics,
  type Logger,
  type Metrics,
  type Random,
  systemClock,
  systemRandom,
  type Tracer,
} from '@vectron/base'
import type { Closers } from './closers.ts'

export interface Surroundings {
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly metrics: Metrics
  /** Default: requests are not traced. */
  readonly tracer?: Tracer | undefined
  /** Release of the product, as people are told it. */
  readonly version: string
  /** Grows with each start; 0 where nothing is kept on a disk. */
  readonly bootEpoch: bigint
  /** A part can no longer go on, for instance after a failed fsync: the process must stop. */
  readonly onFatal: (error: unknown) => void
  /** What is opened is added here. */
  readonly closers: Closers
  /** Aborts when the process is asked to stop, also while it still opens. */
  readonly signal: AbortSignal
}

/** The machine's clock and randomness, new metrics, and what only the process knows. */
export function systemSurroundings(
  given: Omit<Surroundings, 'clock' | 'random' | 'metrics'>,
): Surroundings {
  const metrics = createMetrics({ withProcess: true })
  const build = metrics.gauge({
    name: 'build_info',
    help: 'Always 1; the labels tell the release.',
    labels: ['version', 'node'],
  })
  build.set({ version: given.version, node: process.version }, 1)
  return { ...given, clock: systemClock, random: systemRandom, metrics }
}
