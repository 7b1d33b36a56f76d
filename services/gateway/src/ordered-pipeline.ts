/**
 * Runs work on a stream of inputs, several at once, and yields the results in the order of inputs.
 *
 * Flow control for bulk loads: at most `inFlightMax` inputs are worked on at once, and their bytes
 * fit the budget that all streams share; the next one is only read when there is room, so a sender
 * that is faster than the work is slowed down by its transport. A result is yielded once it and all
 * that came before are there, whether or not more input comes.
 */

import type { ByteBudget } from './byte-budget.ts'

export interface PipelineOptions<I, O> {
  readonly inputs: AsyncIterable<I>
  readonly work: (input: I) => Promise<O>
  readonly inFlightMax: number
  readonly budget: ByteBudget
  readonly bytesOf: (input: I) => number
}

export async function* runInOrder<I, O>(options: PipelineOptions<I, O>): AsyncGenerator<O> {
  const { inputs, work, inFlightMax, budget, bytesOf } = options
  const reader = inputs[Symbol.asyncIterator]()
  const inFlight: Promise<O>[] = []
  let reading: Promise<IteratorResult<I>> | undefined
  let ended = false
  const read = async (): Promise<IteratorResult<I>> => {
    const next = await reader.next()
    if (!next.done) await budget.acquire(bytesOf(next.value))
    return next
  }
  const run = async (input: I): Promise<O> => {
    try {
      return await work(input)
    } finally {
      budget.release(bytesOf(input))
    }
  }
  try {
    for (;;) {
      if (!ended && inFlight.length < inFlightMax) reading ??= read()
      const [oldest] = inFlight
      if (reading === undefined && oldest === undefined) return
      const first = await firstOf(reading, oldest)
      if (first === 'result' && oldest !== undefined) {
        inFlight.shift()
        yield await oldest
      } else if (reading !== undefined) {
        const next = await reading
        reading = undefined
        if (next.done) ended = true
        else inFlight.push(observed(run(next.value)))
      }
    }
  } finally {
    // Whoever consumes the results has left, or work has failed: nothing more is read.
    if (!ended) void reader.return?.()
    // What was read and not begun has its room already.
    reading?.then(
      (next) => {
        if (!next.done) budget.release(bytesOf(next.value))
      },
      () => {},
    )
  }
}

/** Which of the two settles first; a settled result goes before further input. */
function firstOf(
  reading: Promise<unknown> | undefined,
  oldest: Promise<unknown> | undefined,
): Promise<'input' | 'result'> {
  const candidates: Promise<'input' | 'result'>[] = []
  if (oldest !== undefined) candidates.push(settled(oldest).then(() => 'result'))
  if (reading !== undefined) candidates.push(settled(reading).then(() => 'input'))
  return Promise.race(candidates)
}

function settled(promise: Promise<unknown>): Promise<void> {
  return promise.then(
    () => {},
    () => {},
  )
}

/** Marks the promise as looked after: its rejection is met when its turn comes. */
function observed<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {})
  return promise
}
