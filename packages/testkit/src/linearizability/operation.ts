/**
 * What clients did to a store, as they saw it: a history is a list of operations, each with the
 * time of its call and what came back.
 *
 * Must stay true: the times of one history are of one monotonic clock. An operation without an
 * answer (a timeout, a broken connection) is `unknown`: it may have taken effect at any time after
 * its call, or never. One that was refused before it could do anything is left out altogether.
 */

export interface Operation<Input, Output> {
  /** The client that called; a client has one operation under way at a time. */
  readonly client: number
  /** Operations on different keys are independent; each key is checked alone. */
  readonly key: string
  readonly input: Input
  readonly calledUs: number
  readonly outcome: Outcome<Output>
}

export type Outcome<Output> =
  | { readonly kind: 'returned'; readonly atUs: number; readonly output: Output }
  | { readonly kind: 'unknown' }

/** The sequential object that a history must be explained by. */
export interface SequentialModel<Input, Output, State extends ModelState> {
  initial(): State
  /**
   * The state after the operation, or `illegal` when the object could not have answered so.
   * `output` is undefined for an operation of which nobody knows the answer: any is legal.
   */
  step(state: State, input: Input, output: Output | undefined): Step<State>
  /** For reports: `write(7)`, `read() -> 7`. */
  describe(input: Input, output: Output | undefined): string
  describeState(state: State): string
}

/** Equal states are equal as keys of a Map. */
export type ModelState = string | number | null

export type Step<State> =
  | { readonly kind: 'legal'; readonly state: State }
  | { readonly kind: 'illegal' }

export const ILLEGAL: Step<never> = { kind: 'illegal' }

/** The end of an operation's interval; never for one whose answer nobody knows. */
export function endUs(operation: Operation<unknown, unknown>): number {
  return operation.outcome.kind === 'returned' ? operation.outcome.atUs : Number.POSITIVE_INFINITY
}

export function outputOf<Output>(operation: Operation<unknown, Output>): Output | undefined {
  return operation.outcome.kind === 'returned' ? operation.outcome.output : undefined
}
