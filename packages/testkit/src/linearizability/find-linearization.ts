/**
 * Looks for an order of a history's operations that a sequential object could have gone through:
 * the search of Wing and Gong (1993) with the memory of Lowe (2016).
 *
 * The simple version tries every order that respects time: an operation may come next when no other
 * that is still to come had returned before it was called. It is exponential. So the pairs (set of
 * operations placed, state reached) that were seen before are remembered: what did not succeed from
 * there will not succeed now. Histories of thousands of operations with a few clients then take
 * milliseconds.
 *
 * Operations whose answer nobody knows may come at any time after their call, or never: they have
 * no return, and the search succeeds when all others are placed.
 *
 * Calls and returns are a doubly linked list in order of time. Placing an operation lifts its call
 * and return out, going back puts them in again. The walk from the head meets exactly the calls
 * that may come next, until it meets a return: that operation has to be placed before anything
 * later.
 *
 * Must stay true: the same history gives the same answer and the same number of states, on any
 * machine; the bound is a count and not a time.
 */
import {
  endUs,
  type ModelState,
  type Operation,
  outputOf,
  type SequentialModel,
} from './operation.ts'
import { SeenStates } from './seen-states.ts'

export type Linearization =
  /** `order` are indexes into the operations; unknown ones that never happened are left out. */
  | { readonly kind: 'found'; readonly order: readonly number[] }
  /** There is none; `longest` is the longest order that was tried, for the report. */
  | { readonly kind: 'none'; readonly longest: readonly number[] }
  /** Gave up after `statesMax` states. */
  | { readonly kind: 'undecided' }

/** `operations` must be of one key. */
export function findLinearization<Input, Output, State extends ModelState>(
  model: SequentialModel<Input, Output, State>,
  operations: readonly Operation<Input, Output>[],
  statesMax: number,
): Linearization {
  const events = new EventList(operations)
  const seen = new SeenStates<State>(operations.length)
  const placed: { operation: number; stateBefore: State }[] = []
  let longest: number[] = []
  let state = model.initial()
  let returnsLeft = operations.filter(({ outcome }) => outcome.kind === 'returned').length
  let event = events.first
  while (returnsLeft > 0) {
    const operation = events.callAt(event)
    if (operation !== undefined) {
      const { input, outcome } = operations[operation]!
      const step = model.step(state, input, outputOf(operations[operation]!))
      // What may never have happened and would change nothing need not happen here.
      const isIdle = outcome.kind === 'unknown' && step.kind === 'legal' && step.state === state
      if (step.kind === 'legal' && !isIdle && seen.addWith(operation, step.state)) {
        if (seen.count > statesMax) return { kind: 'undecided' }
        placed.push({ operation, stateBefore: state })
        state = step.state
        events.lift(operation)
        if (outcome.kind === 'returned') returnsLeft--
        event = events.first
      } else {
        event = events.after(event)
      }
      continue
    }
    // A return, or the end: whatever comes next must have come earlier. Go back one.
    if (placed.length > longest.length) longest = placed.map((place) => place.operation)
    const last = placed.pop()
    if (last === undefined) return { kind: 'none', longest }
    state = last.stateBefore
    seen.remove(last.operation)
    events.putBack(last.operation)
    if (operations[last.operation]!.outcome.kind === 'returned') returnsLeft++
    event = events.after(events.callOf(last.operation))
  }
  return { kind: 'found', order: placed.map((place) => place.operation) }
}

/** Calls and returns in order of time, linked both ways. */
class EventList {
  /** Where the list begins and ends. */
  static readonly #END = 0
  readonly #next: Int32Array
  readonly #previous: Int32Array
  /** By event: the operation that it calls, or -1 for a return. */
  readonly #calls: Int32Array
  readonly #callEvents: Int32Array
  /** By operation: its return's event, or -1 when it has none. */
  readonly #returnEvents: Int32Array

  constructor(operations: readonly Operation<unknown, unknown>[]) {
    const events = operations.flatMap((operation, index) => [
      { index, isCall: true, atUs: operation.calledUs },
      ...(operation.outcome.kind === 'returned'
        ? [{ index, isCall: false, atUs: endUs(operation) }]
        : []),
    ])
    // Of equal times the calls come first: such operations count as overlapping.
    events.sort((a, b) => a.atUs - b.atUs || Number(b.isCall) - Number(a.isCall))
    const count = events.length + 1
    this.#next = Int32Array.from({ length: count }, (_, at) => (at + 1) % count)
    this.#previous = Int32Array.from({ length: count }, (_, at) => (at + count - 1) % count)
    this.#calls = new Int32Array(count).fill(-1)
    this.#callEvents = new Int32Array(operations.length)
    this.#returnEvents = new Int32Array(operations.length).fill(-1)
    for (const [place, { index, isCall }] of events.entries()) {
      if (isCall) this.#calls[place + 1] = index
      const places = isCall ? this.#callEvents : this.#returnEvents
      places[index] = place + 1
    }
  }

  get first(): number {
    return this.#next[EventList.#END]!
  }

  after(event: number): number {
    return this.#next[event]!
  }

  callOf(operation: number): number {
    return this.#callEvents[operation]!
  }

  /** The operation that is called here; undefined for a return and for the end. */
  callAt(event: number): number | undefined {
    const operation = this.#calls[event]!
    return operation < 0 ? undefined : operation
  }

  lift(operation: number): void {
    this.#unlink(this.#callEvents[operation]!)
    const end = this.#returnEvents[operation]!
    if (end >= 0) this.#unlink(end)
  }

  /** Undoes the last `lift`; in the opposite order, so that each finds its neighbours. */
  putBack(operation: number): void {
    const end = this.#returnEvents[operation]!
    if (end >= 0) this.#link(end)
    this.#link(this.#callEvents[operation]!)
  }

  #unlink(event: number): void {
    this.#next[this.#previous[event]!] = this.#next[event]!
    this.#previous[this.#next[event]!] = this.#previous[event]!
  }

  #link(event: number): void {
    this.#next[this.#previous[event]!] = event
    this.#previous[this.#next[event]!] = event
  }
}
