/**
 * Records what clients call and what comes back, as they go.
 *
 * Must stay true: the time of a call is taken before anything is sent, the time of a return after
 * everything has arrived. Otherwise an order that really happened could look impossible.
 */
import { assert, type Clock } from '@vectron/base'
import type { Operation, Outcome } from './operation.ts'

export interface CallOf<Input> {
  readonly client: number
  readonly key: string
  readonly input: Input
}

/** An operation under way; exactly one of its ends is called, once. */
export interface OperationUnderWay<Output> {
  returned(output: Output): void
  /** No answer, or one that leaves open whether it took effect. */
  unknown(): void
  /** It certainly never took effect and never will: left out of the history. */
  refused(): void
}

export class HistoryRecorder<Input, Output> {
  readonly #clock: Clock
  readonly #finished: Operation<Input, Output>[] = []
  readonly #underWay = new Set<CallOf<Input> & { calledUs: number }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Call right before the request leaves. */
  call(call: CallOf<Input>): OperationUnderWay<Output> {
    const started = { ...call, calledUs: this.#clock.monotonicUs() }
    this.#underWay.add(started)
    const finish = (outcome: Outcome<Output> | undefined) => {
      assert(this.#underWay.delete(started), `an operation of client ${call.client} ended twice`)
      if (outcome !== undefined) this.#finished.push({ ...started, outcome })
    }
    return {
      returned: (output) => finish({ kind: 'returned', atUs: this.#clock.monotonicUs(), output }),
      unknown: () => finish({ kind: 'unknown' }),
      refused: () => finish(undefined),
    }
  }

  /** All so far, by call; what is still under way counts as unknown. */
  history(): Operation<Input, Output>[] {
    const open = [...this.#underWay].map((call) => ({
      ...call,
      outcome: { kind: 'unknown' } as const,
    }))
    return [...this.#finished, ...open].sort((a, b) => a.calledUs - b.calledUs)
  }
}
