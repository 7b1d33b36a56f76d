/**
 * Whether a history is linearizable: whether every operation can be taken to have happened at one
 * moment between its call and its return (Herlihy and Wing 1990).
 *
 * Each key is checked alone, because a history is linearizable when it is so for each key. For one
 * that is not, the check cuts the history back to the first return that no order explains: what the
 * clients had seen before it was still in order.
 */
import { findLinearization } from './find-linearization.ts'
import { endUs, type ModelState, type Operation, type SequentialModel } from './operation.ts'

/**
 * Distinct pairs (operations placed, state) for one key. A pair takes about 200 bytes and an eighth
 * of a byte for each operation; a history in order needs one for each operation.
 */
const STATES_MAX = 1_000_000
/** The first look at each key, before any is looked at hard. */
const FIRST_STATES_MAX = 50_000

export interface HistoryVerdict<Input, Output> {
  readonly keys: number
  readonly operations: number
  readonly unknown: number
  /** Keys that no order explains. */
  readonly broken: readonly BrokenKey<Input, Output>[]
  /** Keys with too many overlapping operations to decide, or left once another was broken. */
  readonly undecided: readonly string[]
}

export interface BrokenKey<Input, Output> {
  readonly key: string
  /** Up to and including the first return that cannot be explained; sorted by call. */
  readonly operations: readonly Operation<Input, Output>[]
  /** The operation that returned what it could not. */
  readonly culprit: Operation<Input, Output>
  /** The longest explanation of what came before, as indexes into `operations`. */
  readonly longest: readonly number[]
}

export function checkHistory<Input, Output, State extends ModelState>(
  model: SequentialModel<Input, Output, State>,
  history: readonly Operation<Input, Output>[],
  options: { readonly statesMax?: number } = {},
): HistoryVerdict<Input, Output> {
  const statesMax = options.statesMax ?? STATES_MAX
  const byKey = Map.groupBy(history, ({ key }) => key)
  const broken: BrokenKey<Input, Output>[] = []
  let open = [...byKey.keys()]
  for (const states of [Math.min(FIRST_STATES_MAX, statesMax), statesMax]) {
    const undecided: string[] = []
    for (const key of open) {
      const operations = byKey.get(key)!
      const found = findLinearization(model, operations, states)
      if (found.kind === 'undecided') undecided.push(key)
      if (found.kind === 'none') broken.push(cutBack(model, key, operations))
    }
    open = undecided
    // One broken key settles it: no need to dig in those that are hard to decide.
    if (broken.length > 0) break
  }
  const unknown = history.filter(({ outcome }) => outcome.kind === 'unknown').length
  return { keys: byKey.size, operations: history.length, unknown, broken, undecided: open }
}

export function isLinearizable(verdict: HistoryVerdict<unknown, unknown>): boolean {
  return verdict.broken.length === 0 && verdict.undecided.length === 0
}

/**
 * Finds the first return after which there is no order; whatever returned later had not yet. Where
 * a part is too hard to decide, a later return may be taken: it is beyond explanation as well.
 */
function cutBack<Input, Output, State extends ModelState>(
  model: SequentialModel<Input, Output, State>,
  key: string,
  operations: readonly Operation<Input, Output>[],
): BrokenKey<Input, Output> {
  const returns = operations
    .filter(({ outcome }) => outcome.kind === 'returned')
    .sort((a, b) => endUs(a) - endUs(b))
  // Invariant: there is no order when all up to `bad` have returned.
  let good = -1
  let bad = returns.length - 1
  while (bad - good > 1) {
    const middle = (good + bad) >> 1
    const part = upTo(operations, endUs(returns[middle]!))
    const found = findLinearization(model, part, FIRST_STATES_MAX)
    if (found.kind === 'none') bad = middle
    else good = middle
  }
  const culprit = returns[bad]!
  const part = upTo(operations, endUs(culprit))
  const found = findLinearization(model, part, STATES_MAX)
  return {
    key,
    operations: part,
    culprit,
    longest: found.kind === 'none' ? found.longest : [],
  }
}

/** The history as it stood at that moment: what was called, and what had returned. */
function upTo<Input, Output>(
  operations: readonly Operation<Input, Output>[],
  momentUs: number,
): Operation<Input, Output>[] {
  return operations
    .filter(({ calledUs }) => calledUs <= momentUs)
    .map((operation) =>
      endUs(operation) <= momentUs
        ? operation
        : { ...operation, outcome: { kind: 'unknown' } as const },
    )
    .sort((a, b) => a.calledUs - b.calledUs)
}
