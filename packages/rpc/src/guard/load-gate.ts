/**
 * LoadGate: refuses calls that would wait too long, before anything is spent on them.
 *
 * The simple version allows a fixed number of calls at once. Too few, and bursts are refused that
 * would have passed in a moment; too many, and under overload every call waits until its caller has
 * left, so that all work is for nothing. What matters is how long a call would wait: the calls
 * before it, divided by how many the process gets done in a second (Little, A Proof for the Queuing
 * Formula, 1961). So the gate measures that, in two ways, and believes the better one: how many
 * calls were answered within the last second, which is right when the process is busy; and how long
 * a call took for each that was under way when it came, which is right soon after a quiet time.
 *
 * Only calls that were answered well count: refusals are quick and tell nothing of the work.
 */
import { type Clock, type Metrics, VectronError } from '@vectron/base'
import type { Interceptor } from '../dispatch.ts'
import type { BoundService } from '../service.ts'

export interface LoadGateOptions {
  /** Milliseconds that a call may be expected to take. */
  readonly expectedMsMax: number
  readonly clock: Clock
  readonly metrics: Metrics
}

/** A call that was let in. To be ended once. */
export interface AdmittedCall {
  end(outcome: 'answered' | 'failed'): void
}

/** Calls at once that are always let in: heavy ones come alone, and few of them tell nothing. */
const ALWAYS_IN = 32
/** Calls at once before anything was measured. */
const FIRST_LIMIT = 256
const SLICE_US = 100_000
const SLICES = 10
/** Share of a new sample in the mean of what a call takes. */
const SAMPLE_SHARE = 0.02
const RETRY_AFTER_MS = 1000

export class LoadGate {
  readonly #options: LoadGateOptions
  readonly #refused: { inc(): void }
  /** Calls answered in each tenth of a second of the last one. */
  readonly #slices = new Array<number>(SLICES).fill(0)
  #slice = 0
  #inFlight = 0
  /** Microseconds that a call takes for each that is under way; undefined: nothing was measured. */
  #shareUs: number | undefined

  constructor(options: LoadGateOptions) {
    this.#options = options
    const { metrics } = options
    this.#refused = metrics.counter({
      name: 'calls_refused_total',
      help: 'Calls refused at once because too many were under way.',
    })
    const inFlight = metrics.gauge({
      name: 'calls_in_flight',
      help: 'Calls under way that were let in.',
      collect: (): void => inFlight.set(this.#inFlight),
    })
    const limit = metrics.gauge({
      name: 'calls_in_flight_limit',
      help: 'Calls at once that can be expected to be answered in time.',
      collect: (): void => limit.set(this.limit),
    })
  }

  /** Calls that may be under way now. */
  get limit(): number {
    if (this.#shareUs === undefined) return FIRST_LIMIT
    this.#turn()
    const answeredPerUs = this.#slices.reduce((sum, count) => sum + count, 0) / (SLICES * SLICE_US)
    const perUs = Math.max(answeredPerUs, 1 / this.#shareUs)
    const expectedUs = this.#options.expectedMsMax * 1000
    return Math.max(ALWAYS_IN, Math.floor(perUs * expectedUs))
  }

  /** @throws VectronError OVERLOADED */
  checkRoom(): void {
    if (this.#inFlight >= ALWAYS_IN && this.#inFlight >= this.limit) {
      this.#refused.inc()
      throw new VectronError(
        'OVERLOADED',
        `${this.#inFlight} calls are under way, as many as can be answered within ` +
          `${this.#options.expectedMsMax} ms.`,
        { retryAfterMs: RETRY_AFTER_MS },
      )
    }
  }

  /** @throws VectronError OVERLOADED */
  enter(): AdmittedCall {
    this.checkRoom()
    const startUs = this.#options.clock.monotonicUs()
    const underWay = ++this.#inFlight
    return {
      end: (outcome) => {
        this.#inFlight--
        if (outcome === 'answered') this.#learn((this.#now() - startUs) / underWay)
      },
    }
  }

  #learn(shareUs: number): void {
    this.#turn()
    this.#slices[this.#slice % SLICES] = (this.#slices[this.#slice % SLICES] ?? 0) + 1
    const known = this.#shareUs ?? shareUs
    this.#shareUs = Math.max(1, known + SAMPLE_SHARE * (shareUs - known))
  }

  /** Empties the slices whose second is over. */
  #turn(): void {
    const slice = Math.floor(this.#now() / SLICE_US)
    const gone = Math.min(SLICES, slice - this.#slice)
    for (let back = 0; back < gone; back++) this.#slices[(slice - back) % SLICES] = 0
    this.#slice = slice
  }

  #now(): number {
    return this.#options.clock.monotonicUs()
  }
}

/** Refuses a call before its body is read. It takes no room yet: who sends slowly is no work. */
export function refuseOverload(gate: LoadGate): Interceptor {
  return async (call, next) => {
    if (call.method.methodKind === 'unary') gate.checkRoom()
    return next()
  }
}

/** The service, whose calls take room in the gate; streams may take as long as they like. */
export function gateService(service: BoundService, gate: LoadGate): BoundService {
  const methods = service.methods.map((method) => {
    const { handler } = method
    if (handler.kind !== 'unary') return method
    const handle: typeof handler.handle = async (request, call) => {
      const admitted = gate.enter()
      try {
        const answer = await handler.handle(request, call)
        admitted.end('answered')
        return answer
      } catch (error) {
        admitted.end('failed')
        throw error
      }
    }
    return { ...method, handler: { ...handler, handle } }
  })
  return { ...service, methods }
}
