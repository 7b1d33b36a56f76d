/**
 * The tracer of OpenTelemetry: spans go in batches to a collector over OTLP/HTTP.
 *
 * Loaded only where tracing is on. Endpoint, headers, timeouts and compression that the settings do
 * not say come from the OTEL_EXPORTER_OTLP_* variables, as everywhere with OpenTelemetry. A
 * collector that is gone costs nothing but its spans: they wait in a bounded queue and are dropped.
 */

import { AsyncLocalStorage } from 'node:async_hooks'
import { type Context, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { setGlobalErrorHandler, W3CTraceContextPropagator } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace'
import {
  type Clock,
  type Logger,
  type ReadHeader,
  type Span,
  type SpanOptions,
  sleep,
  type Tracer,
  toVectronError,
} from '@vectron/base'

export interface OtelTracerOptions {
  /** Base URL of the collector; empty: by the environment. */
  readonly endpoint: string
  /** Of the traces that begin here, 0 to 1. */
  readonly sampleRatio: number
  /** `gateway` */
  readonly service: string
  /** Name of the node. */
  readonly node: string
  readonly version: string
  readonly clock: Clock
  readonly logger: Logger
}

/** Milliseconds that the last spans get to be sent. */
const CLOSE_MS_MAX = 2000
/** Statuses of HTTP from here on are the server's fault. */
const SERVER_ERROR = 500
/** Least milliseconds between two lines about spans that cannot be sent. */
const COMPLAIN_EVERY_MS = 60_000

export class OtelTracer implements Tracer {
  readonly #provider: TracerProvider
  readonly #tracer: ReturnType<TracerProvider['getTracer']>
  readonly #present = new AsyncLocalStorage<Context>()
  readonly #clock: Clock
  readonly #propagator = new W3CTraceContextPropagator()

  constructor(options: OtelTracerOptions) {
    const { endpoint, sampleRatio, service, node, version } = options
    this.#clock = options.clock
    const url = endpoint === '' ? {} : { url: `${endpoint.replace(/\/$/, '')}/v1/traces` }
    this.#provider = new TracerProvider({
      resource: resourceFromAttributes({
        'service.name': `vectron-${service}`,
        'service.version': version,
        'service.instance.id': node,
      }),
      sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(sampleRatio) }),
      spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter(url) })],
    })
    this.#tracer = this.#provider.getTracer('vectron', version)
    complainTo(options)
  }

  serve<T>(span: SpanOptions, header: ReadHeader, work: (span: Span) => Promise<T>): Promise<T> {
    const from = this.#propagator.extract(ROOT_CONTEXT, header, HEADERS_OF_CALL)
    return this.#run(from, SpanKind.SERVER, span, work)
  }

  call<T>(span: SpanOptions, work: (span: Span) => Promise<T>): Promise<T> {
    const present = this.#present.getStore()
    return present === undefined ? work(NO_SPAN) : this.#run(present, SpanKind.CLIENT, span, work)
  }

  part<T>(span: SpanOptions, work: (span: Span) => Promise<T>): Promise<T> {
    const present = this.#present.getStore()
    return present === undefined ? work(NO_SPAN) : this.#run(present, SpanKind.INTERNAL, span, work)
  }

  headers(): Readonly<Record<string, string>> {
    const present = this.#present.getStore()
    const headers: Record<string, string> = {}
    if (present !== undefined) this.#propagator.inject(present, headers, HEADERS_TO_CALL)
    return headers
  }

  traceId(): string | undefined {
    const present = this.#present.getStore()
    return present && trace.getSpanContext(present)?.traceId
  }

  /** Sends what is left, as far as that is quick: a collector that is gone holds up no stop. */
  async close(): Promise<void> {
    const waiting = new AbortController()
    const ended = this.#provider.shutdown().catch(() => {})
    const late = sleep(this.#clock, CLOSE_MS_MAX, waiting.signal).catch(() => {})
    await Promise.race([ended, late])
    waiting.abort()
  }

  async #run<T>(
    parent: Context,
    kind: SpanKind,
    { name, attributes = {} }: SpanOptions,
    work: (span: Span) => Promise<T>,
  ): Promise<T> {
    const span = this.#tracer.startSpan(name, { kind, attributes }, parent)
    // Of a request that is not sampled nothing more is noted, here or in other processes.
    if (!span.isRecording()) return work(NO_SPAN)
    try {
      return await this.#present.run(trace.setSpan(parent, span), work, {
        set: (more) => span.setAttributes(more),
      })
    } catch (error) {
      const { reason, row } = toVectronError(error)
      span.setAttributes({ 'error.type': reason })
      // What the caller did wrong is no failure of who answers.
      if (row.http >= SERVER_ERROR) span.setStatus({ code: SpanStatusCode.ERROR, message: reason })
      throw error
    } finally {
      span.end()
    }
  }
}

const NO_SPAN: Span = { set: () => {} }

const HEADERS_OF_CALL = {
  get: (header: ReadHeader, name: string) => header(name),
  keys: () => [],
}

const HEADERS_TO_CALL = {
  set: (headers: Record<string, string>, name: string, value: string) => {
    headers[name] = value
  },
}

/** Of OpenTelemetry's errors one a minute is logged: a collector may be away for long. */
function complainTo({ clock, logger }: OtelTracerOptions): void {
  let quietUntilMs = 0
  setGlobalErrorHandler((error) => {
    if (clock.nowMs() < quietUntilMs) return
    quietUntilMs = clock.nowMs() + COMPLAIN_EVERY_MS
    logger.warn({ err: error }, 'spans cannot be sent')
  })
}
