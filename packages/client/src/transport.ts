/**
 * One HTTP call: address, key, deadline, retries and errors. The only place that calls `fetch`, and
 * the only place that retries.
 */
import { errorOfProblem, errorOfResponse, VectronApiError } from './api-error.ts'
import { readLines, writeLines } from './ndjson.ts'
import { RETRY_DEFAULTS, type RetryPolicy, retryDelayMs } from './retry.ts'

export interface ClientOptions {
  /** Base address, such as `http://127.0.0.1:6180`. */
  readonly url: string
  /** An API key or an access token; sent as a bearer token. */
  readonly apiKey?: string | undefined
  /** Milliseconds for one call with all its retries. Default 30,000. */
  readonly timeoutMs?: number
  /** Overrides single values of the default retry policy. */
  readonly retry?: Partial<RetryPolicy>
  /** Stands in for the global `fetch`: a proxy agent, a test. */
  readonly fetch?: typeof fetch
}

/** What every method takes beside its own arguments. */
export interface CallOptions {
  /** Milliseconds for this call with all its retries; overrides the client's. */
  readonly timeoutMs?: number
  /** Ends the call; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal
}

export interface Call {
  readonly method: 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE'
  /** Path and query, already percent-encoded. */
  readonly path: string
  /** Sent as JSON. */
  readonly body?: unknown
  /** Safe to send twice: may be retried. */
  readonly idempotent: boolean
}

const TIMEOUT_MS_DEFAULT = 30_000

export class Transport {
  readonly #base: string
  readonly #headers: Readonly<Record<string, string>>
  readonly #timeoutMs: number
  readonly #retry: RetryPolicy
  readonly #fetch: typeof fetch

  constructor(options: ClientOptions) {
    this.#base = options.url.replace(/\/+$/, '')
    const key = options.apiKey
    this.#headers = key === undefined ? {} : { authorization: `Bearer ${key}` }
    this.#timeoutMs = options.timeoutMs ?? TIMEOUT_MS_DEFAULT
    this.#retry = { ...RETRY_DEFAULTS, ...options.retry }
    this.#fetch = options.fetch ?? ((input, init) => fetch(input, init))
  }

  /** Sends a call and answers its JSON body. */
  async call<Answer>(call: Call, options: CallOptions = {}): Promise<Answer> {
    const timeoutMs = options.timeoutMs ?? this.#timeoutMs
    const deadlineMs = performance.now() + timeoutMs
    const timeout = AbortSignal.timeout(timeoutMs)
    const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout
    for (let attempts = 1; ; attempts += 1) {
      try {
        const response = await this.#send(call, signal)
        return (await response.json()) as Answer
      } catch (cause) {
        const error = this.#explain(cause, call, { signal: options.signal, timeout, timeoutMs })
        const leftMs = deadlineMs - performance.now()
        const failed = { error, attempts, leftMs, idempotent: call.idempotent }
        const delayMs = retryDelayMs(this.#retry, failed, Math.random)
        if (delayMs === undefined) throw error
        await pause(delayMs, options.signal)
      }
    }
  }

  /**
   * Sends a call whose answer is a stream of JSON lines. Never retried: part of it may have been
   * seen. A time limit is the caller's to set with `signal`, for a stream may be long.
   *
   * @param lines sent as the body, one JSON line each, as the network takes them
   */
  async *stream<Answer>(
    call: Call,
    options: CallOptions = {},
    lines?: AsyncIterable<unknown>,
  ): AsyncGenerator<Answer> {
    const signal = options.signal
    const body = lines === undefined ? undefined : writeLines(lines)
    try {
      const response = await this.#send(call, signal, body)
      if (response.body === null) return
      for await (const value of readLines(response.body)) yield takeLine<Answer>(value)
    } catch (cause) {
      throw this.#explain(cause, call, { signal })
    }
  }

  async #send(
    call: Call,
    signal: AbortSignal | undefined,
    stream?: ReadableStream<Uint8Array>,
  ): Promise<Response> {
    const type = stream ? 'application/x-ndjson' : 'application/json'
    const body = stream ?? (call.body === undefined ? undefined : JSON.stringify(call.body))
    const response = await this.#fetch(this.#base + call.path, {
      method: call.method,
      headers: { ...this.#headers, ...(body === undefined ? {} : { 'content-type': type }) },
      ...(body === undefined ? {} : { body }),
      ...(signal === undefined ? {} : { signal }),
      // A streamed body needs it (Fetch standard); TypeScript's DOM library does not know it.
      ...(stream ? { duplex: 'half' } : {}),
    } as RequestInit)
    if (!response.ok) throw await errorOfResponse(response)
    return response
  }

  /** Any failure as a VectronApiError; what the caller aborted is thrown on as it is. */
  #explain(
    cause: unknown,
    call: Call,
    ends: { signal?: AbortSignal | undefined; timeout?: AbortSignal; timeoutMs?: number },
  ): VectronApiError {
    if (cause instanceof VectronApiError) return cause
    if (ends.signal?.aborted) throw ends.signal.reason
    const what = `${call.method} ${this.#base}${call.path}`
    if (ends.timeout?.aborted) {
      return new VectronApiError('TIMED_OUT', `${what} took over ${ends.timeoutMs} ms.`, { cause })
    }
    const why = rootMessage(cause)
    return new VectronApiError('UNREACHABLE', `${what} got no answer: ${why}`, { cause })
  }
}

/** One line of a stream; a line that holds an error ends the stream with it. */
function takeLine<Answer>(value: unknown): Answer {
  if (typeof value === 'object' && value !== null && 'error' in value) {
    throw errorOfProblem(value.error as Record<string, unknown>)
  }
  return value as Answer
}

/** `fetch` says "fetch failed"; what failed is its cause. */
function rootMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const inner = error.cause
  if (!(inner instanceof Error)) return error.message
  return rootMessage(inner) || (inner as { code?: string }).code || error.message
}

function pause(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }, delayMs)
    if (signal?.aborted) onAbort()
    else signal?.addEventListener('abort', onAbort, { once: true })
  })
}
