/**
 * Tracer: spans of requests, told to a collector of traces by whoever implements it.
 *
 * Where requests are not traced there is no tracer: what would use one wraps nothing, so that
 * tracing costs nothing while it is off. Spans are called after the functions that they time.
 */

export type SpanAttributes = Readonly<Record<string, string | number | boolean>>

export interface SpanOptions {
  readonly name: string
  readonly attributes?: SpanAttributes
}

export interface Span {
  /** What is known only later. */
  set(attributes: SpanAttributes): void
}

/** Headers of a call by their lower-case names. */
export type ReadHeader = (name: string) => string | undefined

export interface Tracer {
  /**
   * Runs the work of a call that came in, in a span of the caller's trace; begins a trace when the
   * caller has none.
   */
  serve<T>(span: SpanOptions, header: ReadHeader, work: (span: Span) => Promise<T>): Promise<T>
  /** Runs a call to another process in a span of the present trace; outside of one it only runs. */
  call<T>(span: SpanOptions, work: (span: Span) => Promise<T>): Promise<T>
  /** Runs a part of a request in a span of the present trace; outside of one it only runs. */
  part<T>(span: SpanOptions, work: (span: Span) => Promise<T>): Promise<T>
  /** By which another process continues the present trace; none outside of one. */
  headers(): Readonly<Record<string, string>>
  /** Of the present trace, as collectors show it; undefined outside of one. */
  traceId(): string | undefined
}
