/**
 * Tells a person why a history is not linearizable: the answer that cannot be, the longest order
 * that explains what came before, and the operations around it drawn over time.
 */
import type { BrokenKey } from './check-history.ts'
import {
  endUs,
  type ModelState,
  type Operation,
  outputOf,
  type SequentialModel,
} from './operation.ts'

/** Operations of the order that are shown, from its end. */
const ORDER_SHOWN = 8
const DRAWING_COLUMNS = 48

export function reportBrokenKey<Input, Output, State extends ModelState>(
  model: SequentialModel<Input, Output, State>,
  broken: BrokenKey<Input, Output>,
): string {
  const { key, operations, culprit, longest } = broken
  const originUs = Math.min(...operations.map(({ calledUs }) => calledUs))
  const describe = (operation: Operation<Input, Output>) =>
    model.describe(operation.input, outputOf(operation))
  const line = (operation: Operation<Input, Output>) =>
    `    ${times(operation, originUs)}  client ${operation.client}  ${describe(operation)}`
  const order = longest.map((index) => operations[index]!)
  const placed = new Set(order)
  const left = operations.filter((operation) => !placed.has(operation) && !isOpen(operation))
  const open = operations.filter(isOpen).length
  const shown = new Set([...order.slice(-ORDER_SHOWN), ...left])
  return [
    `key ${key}: no order of its ${operations.length} operations explains that client ` +
      `${culprit.client} was answered ${describe(culprit)}`,
    `  the longest order that fits the rest has ${order.length} operations and ends with`,
    ...(order.length > ORDER_SHOWN ? ['    ...'] : []),
    ...order.slice(-ORDER_SHOWN).map(line),
    `  and leaves ${model.describeState(stateAfter(model, order))}; nowhere after it fits`,
    ...left.map(line),
    ...(open > 0 ? [`  (${open} had no answer yet: they may have happened or not)`] : []),
    '  over time',
    ...draw(
      operations.filter((operation) => shown.has(operation)),
      describe,
    ),
  ].join('\n')
}

function isOpen(operation: Operation<unknown, unknown>): boolean {
  return operation.outcome.kind === 'unknown'
}

function stateAfter<Input, Output, State extends ModelState>(
  model: SequentialModel<Input, Output, State>,
  order: readonly Operation<Input, Output>[],
): State {
  let state = model.initial()
  for (const operation of order) {
    const step = model.step(state, operation.input, outputOf(operation))
    if (step.kind === 'legal') state = step.state
  }
  return state
}

function times(operation: Operation<unknown, unknown>, originUs: number): string {
  const from = seconds(operation.calledUs - originUs)
  const to = isOpen(operation) ? '?'.padEnd(9) : seconds(endUs(operation) - originUs)
  return `${from} .. ${to} s`
}

function seconds(us: number): string {
  return (us / 1e6).toFixed(4).padStart(9)
}

/** A bar for each operation; one without an answer runs on to the right, dotted. */
function draw<Input, Output>(
  operations: readonly Operation<Input, Output>[],
  describe: (operation: Operation<Input, Output>) => string,
): string[] {
  const moments = operations.flatMap((one) => [one.calledUs, ...(isOpen(one) ? [] : [endUs(one)])])
  const places = new Map(
    [...new Set(moments)]
      .sort((a, b) => a - b)
      .map((us, rank, all) => [us, Math.round((rank / all.length) * DRAWING_COLUMNS)]),
  )
  return operations.map((operation) => {
    const from = places.get(operation.calledUs)!
    const to = places.get(endUs(operation)) ?? DRAWING_COLUMNS
    const fill = isOpen(operation) ? '.' : '='
    const bar = `|${fill.repeat(Math.max(0, to - from - 1))}${isOpen(operation) ? '?' : '|'}`
    const row = `${' '.repeat(from)}${bar}`.padEnd(DRAWING_COLUMNS + 2)
    return `    client ${String(operation.client).padEnd(3)} ${row} ${describe(operation)}`
  })
}
