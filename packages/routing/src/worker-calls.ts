/**
 * WorkerCalls: every call to a worker passes here. Counts what is under way, measures how long it
 * takes, and notices when a worker falls silent.
 *
 * A worker that is killed refuses connections, and its calls fail at once; one that is paused or
 * cut off says nothing, and its calls would last until their deadlines. So a worker that has not
 * answered anything for a while although it was asked is asked something trivial. If that stays
 * unanswered too, all its calls fail together. Either way it counts as down until it answers again:
 * it is asked in the background, so that no request has to try it. A worker that is only slow
 * answers the trivial question and is left in peace, so no slow write is sent twice.
 *
 * No timer runs for a single call: one sweep looks at all workers while calls are under way.
 */

import { type CancelTimer, type Clock, isVectronError, VectronError } from '@vectron/base'
import { type CallOptions, isConnectionFailure } from '@vectron/rpc'
import type { ConnectWorker, WorkerDoor } from './doors.ts'
import type { WorkerRoute } from './routing-table.ts'
import { WorkerLoad } from './worker-load.ts'

/** Milliseconds without any answer after which a worker is asked the trivial question. */
const QUIET_MS = 600
/** Milliseconds for the answer to it. */
const CHECK_MS = 500
/** Milliseconds between looks at the workers. */
const SWEEP_MS = 100
/** Milliseconds between questions to a worker that is down; half as much again each time. */
const RECHECK_MS_FIRST = 200
const RECHECK_MS_MAX = 2000

export interface WorkerCallsOptions {
  readonly connectWorker: ConnectWorker
  readonly clock: Clock
}

/** One call under way. */
interface OpenCall {
  readonly startUs: number
  readonly lose: (error: VectronError) => void
}

class CalledWorker {
  readonly load: WorkerLoad
  /** In the order of their starts. */
  readonly calls = new Set<OpenCall>()
  /** Monotonic microseconds of the last sign of life. */
  heardUs = 0
  down = false
  checking = false
  recheckMs = RECHECK_MS_FIRST
  cancelRecheck: CancelTimer = () => {}

  constructor(clock: Clock) {
    this.load = new WorkerLoad(clock)
  }
}

export type Send<T> = (door: WorkerDoor, options: CallOptions) => Promise<T>

export interface CallLimits {
  readonly timeoutMs: number
  /** Microseconds that such a call usually takes; undefined when the time tells nothing. */
  readonly usualUs?: number | undefined
  /** Aborted by the caller who wants the answer no more, and here when the worker is down. */
  readonly ending?: AbortController
}

export class WorkerCalls {
  readonly #options: WorkerCallsOptions
  /** By address: a worker that comes back elsewhere is met without prejudice. */
  readonly #workers = new Map<string, CalledWorker>()
  #cancelSweep: CancelTimer | undefined
  #closed = false

  constructor(options: WorkerCallsOptions) {
    this.#options = options
  }

  /** Whether the worker answers nothing, as far as known. */
  isDown({ address }: WorkerRoute): boolean {
    return this.#workers.get(address)?.down ?? false
  }

  /** What one more request to the worker would cost while `more` others go out; see WorkerLoad. */
  cost({ address }: WorkerRoute, more: number): number {
    return this.#find(address).load.cost(more)
  }

  /** A call that nobody watches: where there is one worker alone, and no other to turn to. */
  callUnwatched<T>({ address }: WorkerRoute, timeoutMs: number, send: Send<T>): Promise<T> {
    return send(this.#options.connectWorker(address), { timeoutMs })
  }

  /**
   * Calls a worker.
   *
   * @throws VectronError what the worker answered; UNAVAILABLE when it is down.
   */
  call<T>({ address }: WorkerRoute, limits: CallLimits, send: Send<T>): Promise<T> {
    const { clock, connectWorker } = this.#options
    const { timeoutMs, usualUs, ending = new AbortController() } = limits
    const called = this.#find(address)
    const startUs = clock.monotonicUs()
    const slowness = () =>
      usualUs === undefined ? undefined : (clock.monotonicUs() - startUs) / Math.max(1, usualUs)
    return new Promise<T>((resolve, reject) => {
      const lose = (error: VectronError) => {
        reject(error)
        ending.abort()
      }
      const open: OpenCall = { startUs, lose }
      called.calls.add(open)
      called.load.begin()
      this.#cancelSweep ??= clock.setTimer(SWEEP_MS, () => this.#sweep())
      const end = (slow: number | undefined) => {
        called.calls.delete(open)
        called.load.end(slow)
      }
      send(connectWorker(address), { timeoutMs, signal: ending.signal }).then(
        (answer) => {
          end(slowness())
          this.#hear(called)
          resolve(answer)
        },
        (error) => {
          // A refusal is quick and says nothing; a call that was let go took at least this long.
          end(isVectronError(error, 'CANCELLED') ? slowness() : undefined)
          if (isAnswer(error)) this.#hear(called)
          if (isConnectionFailure(error)) this.#takeDown(address, called)
          reject(error)
        },
      )
    })
  }

  /** Forgets workers whose addresses are used no more. */
  keepOnly(addresses: ReadonlySet<string>): void {
    for (const [address, called] of this.#workers) {
      if (addresses.has(address)) continue
      called.cancelRecheck()
      if (called.calls.size === 0) this.#workers.delete(address)
    }
  }

  /** Ends all watching. */
  close(): void {
    this.#closed = true
    this.#cancelSweep?.()
    for (const { cancelRecheck } of this.#workers.values()) cancelRecheck()
  }

  #find(address: string): CalledWorker {
    let called = this.#workers.get(address)
    if (called === undefined) {
      called = new CalledWorker(this.#options.clock)
      this.#workers.set(address, called)
    }
    return called
  }

  #hear(called: CalledWorker): void {
    called.heardUs = this.#options.clock.monotonicUs()
    called.down = false
    called.recheckMs = RECHECK_MS_FIRST
  }

  /** Asks the workers that have been quiet for too long; goes on while calls are under way. */
  #sweep(): void {
    this.#cancelSweep = undefined
    if (this.#closed) return
    const { clock } = this.#options
    const quietUs = clock.monotonicUs() - QUIET_MS * 1000
    for (const [address, called] of this.#workers) {
      const [oldest] = called.calls
      if (oldest === undefined) continue
      this.#cancelSweep ??= clock.setTimer(SWEEP_MS, () => this.#sweep())
      const isQuiet = oldest.startUs < quietUs && called.heardUs < quietUs
      if (isQuiet && !called.checking) void this.#check(address, called)
    }
  }

  /** The trivial question: a search of no shards. Any answer will do. */
  async #check(address: string, called: CalledWorker): Promise<void> {
    called.checking = true
    const answered = await this.#options
      .connectWorker(address)
      .searchShards({ shards: [] }, { timeoutMs: CHECK_MS })
      .then(() => true, isAnswer)
    called.checking = false
    if (answered) this.#hear(called)
    else this.#takeDown(address, called)
  }

  #takeDown(address: string, called: CalledWorker): void {
    called.down = true
    const error = new VectronError('UNAVAILABLE', `The worker at ${address} does not answer.`)
    for (const call of [...called.calls]) call.lose(error)
    called.cancelRecheck()
    if (this.#closed || this.#workers.get(address) !== called) return
    called.cancelRecheck = this.#options.clock.setTimer(called.recheckMs, () => {
      if (called.down && !called.checking) void this.#check(address, called)
    })
    called.recheckMs = Math.min(RECHECK_MS_MAX, 1.5 * called.recheckMs)
  }
}

/** Whether the worker itself said this. */
function isAnswer(error: unknown): boolean {
  if (!isVectronError(error)) return false
  const { reason } = error
  if (reason === 'CANCELLED' || reason === 'DEADLINE_EXCEEDED') return false
  return !isConnectionFailure(error)
}
