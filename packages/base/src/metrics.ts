/**
 * Metrics of one process, in Prometheus's text form, by prom-client.
 *
 * Names begin with `vectron_` and end in their base unit (`_seconds`, `_bytes`) or `_total`. Each
 * part declares its own metrics on the registry that it is given; there is no global one, so that
 * two nodes can live in one process.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

export interface Metrics {
  /** The same name gives the same metric, so that several servers share theirs. */
  counter<L extends string = string>(options: MetricOptions<L>): Counter<L>
  gauge<L extends string = string>(options: MetricOptions<L>): Gauge<L>
  histogram<L extends string = string>(options: HistogramOptions<L>): Histogram<L>
  /** Everything in the text exposition format. */
  expose(): Promise<string>
  readonly contentType: string
}

export interface MetricOptions<L extends string> {
  /** Without the `vectron_` prefix. */
  readonly name: string
  readonly help: string
  readonly labels?: readonly L[]
  /** Called before each exposition, to set values that are only known then. */
  readonly collect?: () => void | Promise<void>
}

export interface HistogramOptions<L extends string> extends MetricOptions<L> {
  /** Upper bounds in base units. Default: latencies from 50 microseconds to 10 seconds. */
  readonly buckets?: readonly number[]
}

export type { Counter, Gauge, Histogram }

/** Seconds: 50 microseconds to 10 seconds, about three to a decade. */
const LATENCY_BUCKETS = [
  0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5,
  5, 10,
]

/** An empty registry; `withProcess` adds the metrics of Node and of the process. */
export function createMetrics(options: { readonly withProcess?: boolean } = {}): Metrics {
  const registry = new Registry()
  if (options.withProcess === true) collectDefaultMetrics({ register: registry })
  const base = <L extends string>(metric: MetricOptions<L>) => ({
    name: `vectron_${metric.name}`,
    help: metric.help,
    labelNames: [...(metric.labels ?? [])],
    registers: [registry],
    ...(metric.collect === undefined ? {} : { collect: metric.collect }),
  })
  const known = <T>(name: string) => registry.getSingleMetric(`vectron_${name}`) as T | undefined
  return {
    counter: (metric) => known<Counter>(metric.name) ?? new Counter(base(metric)),
    gauge: (metric) => known<Gauge>(metric.name) ?? new Gauge(base(metric)),
    histogram: (metric) =>
      known<Histogram>(metric.name) ??
      new Histogram({ ...base(metric), buckets: [...(metric.buckets ?? LATENCY_BUCKETS)] }),
    expose: () => registry.metrics(),
    contentType: registry.contentType,
  }
}
