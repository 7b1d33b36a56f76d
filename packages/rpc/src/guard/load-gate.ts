/**
 * LoadGate: refuses calls that would wait too long, before anything is spent on them.
 *
 * The simple version allows a fixed number of calls at once. Too few, and bursts are refused that
 * would have passed in a moment; too many, and under overload every call waits until its caller has
 * left, so that all work is for nothing. What matters is how long a call would wait: the calls
 * before it, divided by how many get done in a second (Little, A Proof for the Queuing Formula,
 * 1961). So the gate measures how many are answered in a second in which there is something to do.
 *
 * Calls may also take long without waiting for each other, for another service perhaps. So how long
 * they take when there are few is measured as well, and does not count as waiting.
 *
 * One gate is for calls of one kind: when writes wait for a leader, searches are still let in. Only
 * calls that were answered well count: refusals are quick and tell nothing of the work.
 */
import type { DescMethod } from '@bufbuild/protobuf'
import { type Clock, VectronError } from '@vectron/base'
import type { CallContext } from '../call.ts'
import type { BoundHandler, BoundService } from '../service.ts'
import type { TurnLine } from './turn-line.ts'

export interface LoadGateOptions {
  /** Milliseconds that a call may be expected to wait for those before it. */
  readonly queueMsMax: number
  readonly clock: Clock
  /** Where calls that are let in wait to begin, with those of other gates. */
  readonly line: TurnLine
  /** Told of each call that is refused. */
  readonly onRefused: () => void
}

/** A call that was let in. To be ended once. */
export interface AdmittedCall {
  end(outcome: 'answered' | 'failed'): void
}

/** Calls at once that are always let in: heavy ones come alone, and few of them tell nothing. */
const FEW = 32
/** What was measured before anything was: a hundred calls in a tenth of a second. */
const FIRST = { answered: 100, busyUs: 100_000 }
/** Over how much time with something to do calls are counted; older ones count less and less. */
const WINDOW_US = 1_000_000
/** Share of a new sample in the mean of what a call takes. */
const SAMPLE_SHARE = 0.05
const RETRY_AFTER_MS = 1000

export class LoadGate {
  readonly line: TurnLine
  readonly #options: LoadGateOptions
  readonly #refusal: VectronError
  #inFlight = 0
  /** Calls answered within the window, and how much of it there was. */
  #answered = FIRST.answered
  #busyUs = FIRST.busyUs
  /** Until when these are counted. */
  #countedUs: number
  /** What a call takes that has few beside it. */
  #aloneMs = 0

  constructor(options: LoadGateOptions) {
    this.line = options.line
    this.#options = options
    this.#countedUs = options.clock.monotonicUs()
    // The same for all: making one, with its stack, costs a good part of a refusal.
    this.#refusal = new VectronError(
      'OVERLOADED',
      `So many requests are under way that this one would wait for over ${options.queueMsMax} ms.`,
      { retryAfterMs: RETRY_AFTER_MS },
    )
  }

  get inFlight(): number {
    return this.#inFlight
  }

  /** Calls that may be under way now. */
  get limit(): number {
    return this.#limitWithin(Infinity)
  }

  /**
   * Why a call is refused whose caller waits for `remainingMs`; undefined: there is room. It takes
   * none yet: who sends slowly is no work.
   */
  whyFull(remainingMs: number): VectronError | undefined {
    if (this.#inFlight < FEW || this.#inFlight < this.#limitWithin(remainingMs)) return undefined
    this.#options.onRefused()
    return this.#refusal
  }

  /** @throws VectronError OVERLOADED */
  enter(remainingMs: number): AdmittedCall {
    const refusal = this.whyFull(remainingMs)
    if (refusal !== undefined) throw refusal
    this.#count()
    const startUs = this.#countedUs
    const isAmongFew = this.#inFlight++ < FEW
    return {
      end: (outcome) => {
        this.#count()
        this.#inFlight--
        if (outcome === 'failed') return
        this.#answered++
        if (isAmongFew && this.#inFlight < FEW) this.#learn((this.#countedUs - startUs) / 1000)
      },
    }
  }

  #limitWithin(remainingMs: number): number {
    this.#count()
    const perMs = (this.#answered * 1000) / this.#busyUs
    const allowedMs = Math.min(this.#aloneMs + this.#options.queueMsMax, remainingMs)
    return Math.max(FEW, Math.floor(perMs * allowedMs))
  }

  /** Time passes for what was counted, if there was something to do. */
  #count(): void {
    const nowUs = this.#options.clock.monotonicUs()
    if (this.#inFlight > 0) {
      const kept = Math.exp((this.#countedUs - nowUs) / WINDOW_US)
      this.#answered *= kept
      this.#busyUs = this.#busyUs * kept + WINDOW_US * (1 - kept)
    }
    this.#countedUs = nowUs
  }

  #learn(aloneMs: number): void {
    this.#aloneMs += SAMPLE_SHARE * (aloneMs - this.#aloneMs)
  }
}

/** The gate of a method; undefined where nothing is refused. */
export type GateOf = (method: DescMethod) => LoadGate | undefined

/** The service, whose calls take room in their gates. */
export function gateService(service: BoundService, gateOf: GateOf): BoundService {
  const methods = service.methods.map((method) => {
    const gate = gateOf(method.open)
    return gate === undefined ? method : { ...method, handler: gateHandler(method.handler, gate) }
  })
  return { ...service, methods }
}

function gateHandler(handler: BoundHandler, gate: LoadGate): BoundHandler {
  switch (handler.kind) {
    case 'unary':
      return {
        kind: 'unary',
        handle: async (request, call) => {
          const admitted = gate.enter(call.deadline.remainingMs())
          try {
            const turn = gate.line.wait()
            // Awaiting nothing already costs a turn of the microtask queue in every search.
            if (turn !== undefined) await standInLine(turn, call)
            const answer = await handler.handle(request, call)
            admitted.end('answered')
            return answer
          } catch (error) {
            admitted.end('failed')
            throw error
          }
        },
      }
    case 'server_streaming':
      return {
        kind: 'server_streaming',
        handle: (request, call) => untilFirst(() => handler.handle(request, call), gate, call),
      }
    // Who sends messages as he likes may take as long; what waits of them is bounded in bytes.
    case 'client_streaming':
    case 'bidi_streaming':
      return handler
  }
}

/** Throws when the call has ended meanwhile: nobody waits for what would be done. */
async function standInLine(turn: Promise<void>, call: CallContext): Promise<void> {
  await turn
  if (call.aborted) call.signal.throwIfAborted()
}

/** The answers; the call takes room until the first: who reads slowly is no work either. */
async function* untilFirst<T>(
  answer: () => AsyncIterable<T>,
  gate: LoadGate,
  call: CallContext,
): AsyncIterable<T> {
  let admitted: AdmittedCall | undefined = gate.enter(call.deadline.remainingMs())
  try {
    const turn = gate.line.wait()
    if (turn !== undefined) await standInLine(turn, call)
    for await (const each of answer()) {
      admitted?.end('answered')
      admitted = undefined
      yield each
    }
  } finally {
    admitted?.end('failed')
  }
}
