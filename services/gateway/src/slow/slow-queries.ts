/**
 * Slow queries: searches and reads of points that took longer than a threshold, the newest of them
 * remembered here and told to the log.
 *
 * Streams are left out: they take as long as their reader. Bounded by number and by bytes; and a
 * server that is overloaded, so that every query is slow, does not write a line for each.
 */

import type { DescMessage, MessageInitShape, MessageShape } from '@bufbuild/protobuf'
import {
  type Clock,
  type Counter,
  LIMITS,
  type Logger,
  type Metrics,
  type Tracer,
  toVectronError,
} from '@vectron/base'
import type { BoundService, CallContext } from '@vectron/rpc'
import type { StageTime, StageTimes } from '../search/stage-times.ts'
import {
  type AnswerShape,
  isQuery,
  type QueryShape,
  shapeOf,
  shapeOfAnswer,
} from './query-shape.ts'

export interface SlowQueryLimits {
  /** Milliseconds; 0: every query is slow. */
  readonly thresholdMs: number
  /** Name of this gateway, for those who read the list of one of several. */
  readonly gateway: string
}

export interface SlowQueriesOptions {
  readonly limits: SlowQueryLimits
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
  readonly tracer: Tracer | undefined
}

/** A query that was slow. */
export interface SlowQuery extends QueryShape, AnswerShape {
  /** Milliseconds since the epoch. */
  readonly timeMs: number
  readonly projectId: string
  /** As inside: a project's prefix before the name. */
  readonly innerCollection: string
  readonly method: string
  readonly requestId: string
  readonly traceId: string
  readonly outcome: string
  readonly tookUs: number
  readonly stages: readonly StageTime[]
}

type AnyMessage = MessageShape<DescMessage>
type AnyInit = MessageInitShape<DescMessage>

/** How a query ended. */
interface Ended {
  readonly outcome: string
  readonly answer: AnyInit | undefined
}

/** Lines of one second. */
const LINES_PER_SECOND = 10
/** Memory that an entry takes beside its texts. */
const ENTRY_BYTES = 512
const STAGE_BYTES = 64

export class SlowQueries {
  readonly limits: SlowQueryLimits
  readonly #options: SlowQueriesOptions
  readonly #total: Counter<'method'>
  /** Stages of searches under way. */
  readonly #stages = new WeakMap<CallContext, StageTimes>()
  /** Newest last. */
  #kept: SlowQuery[] = []
  #bytes = 0
  /** Lines of the second under way, and those that were left out since the last one. */
  #lines = { second: 0, written: 0, leftOut: 0 }

  constructor(options: SlowQueriesOptions) {
    this.#options = options
    this.limits = options.limits
    this.#total = options.metrics.counter({
      name: 'slow_queries_total',
      help: 'Searches and reads of points that took longer than slowQueries.thresholdMs.',
      labels: ['method'],
    })
  }

  /** The service; its searches and reads are watched. */
  watch(service: BoundService): BoundService {
    const methods = service.methods.map((method) => {
      const { handler, open } = method
      if (handler.kind !== 'unary' || !isQuery(open.localName)) return method
      const handle = (request: AnyMessage, call: CallContext) =>
        this.#time(request, call, () => handler.handle(request, call))
      return { ...method, handler: { kind: 'unary' as const, handle } }
    })
    return { ...service, methods }
  }

  /** A search says where its stages are noted. */
  noteStages(call: CallContext, stages: StageTimes): void {
    this.#stages.set(call, stages)
  }

  /** Newest first. */
  list(): readonly SlowQuery[] {
    return this.#kept.toReversed()
  }

  async #time(
    request: AnyMessage,
    call: CallContext,
    handle: () => Promise<AnyInit>,
  ): Promise<AnyInit> {
    const { clock, limits } = this.#options
    const startUs = clock.monotonicUs()
    const judge = (ended: () => Ended) => {
      const tookUs = clock.monotonicUs() - startUs
      if (tookUs >= limits.thresholdMs * 1000) this.#keep(request, call, { ...ended(), tookUs })
    }
    try {
      const answer = await handle()
      judge(() => ({ outcome: 'OK', answer }))
      return answer
    } catch (error) {
      judge(() => ({ outcome: toVectronError(error).reason, answer: undefined }))
      throw error
    }
  }

  #keep(
    request: AnyMessage,
    call: CallContext,
    { outcome, answer, tookUs }: Ended & { readonly tookUs: number },
  ): void {
    const { clock, tracer } = this.#options
    const { method, requestId, principal, audited } = call
    const { collection } = request as unknown as { readonly collection: string }
    const stages = this.#stages.get(call)?.all ?? []
    const query: SlowQuery = {
      timeMs: clock.nowMs(),
      projectId: principal?.projectId ?? '',
      innerCollection: collection,
      method: method.name,
      requestId,
      traceId: tracer?.traceId() ?? '',
      outcome,
      tookUs: Math.round(tookUs),
      stages,
      ...shapeOf(method.localName, request),
      ...shapeOfAnswer(answer),
    }
    this.#total.inc({ method: method.name })
    this.#log(query, audited)
    this.#kept.push(query)
    this.#bytes += bytesOf(query)
    while (this.#kept.length > LIMITS.slowQueriesKept || this.#bytes > LIMITS.slowQueriesBytesMax) {
      const [oldest] = this.#kept.splice(0, 1)
      if (oldest !== undefined) this.#bytes -= bytesOf(oldest)
    }
  }

  /** @param collection its name as the caller gave it */
  #log({ innerCollection: _, timeMs, stages, ...told }: SlowQuery, collection: string): void {
    const second = Math.floor(timeMs / 1000)
    if (this.#lines.second !== second) this.#lines = { ...this.#lines, second, written: 0 }
    if (this.#lines.written === LINES_PER_SECOND) {
      this.#lines.leftOut += 1
      return
    }
    const { leftOut } = this.#lines
    const times = Object.fromEntries(stages.map(({ name, tookUs }) => [name, tookUs]))
    const line = { ...told, collection, stages: times, ...(leftOut === 0 ? {} : { leftOut }) }
    this.#options.logger.warn(line, 'slow query')
    this.#lines.written += 1
    this.#lines.leftOut = 0
  }
}

function bytesOf({ filter, requestId, innerCollection, stages }: SlowQuery): number {
  const texts = 2 * (filter.length + requestId.length + innerCollection.length)
  return ENTRY_BYTES + texts + stages.length * STAGE_BYTES
}
