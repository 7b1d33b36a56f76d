/**
 * Load of two kinds. An open loop sends at a given rate, whatever becomes of what was sent before,
 * as many callers do who know nothing of each other. A closed loop keeps so many in flight, slows
 * down with the server and finds the most that it can do, but hides what overload does to it
 * (Schroeder, Wierman and Harchol-Balter, Open Versus Closed, 2006).
 */

/** `answered`, `refused` because the server has too much to do, or what else went wrong. */
export type Outcome = string

/** Never rejects. */
export type Send = (turn: number) => Promise<Outcome>

/** What a closed loop got done. */
export interface Busy {
  readonly answeredPerSecond: number
  readonly others: Readonly<Record<string, number>>
}

/** What became of what was offered. */
export interface Offered {
  readonly sent: number
  /** While sending. */
  readonly seconds: number
  /** Of each that was answered, in milliseconds from when it was due. */
  readonly answeredMs: readonly number[]
  /** Of those, such as were answered while others were sent. */
  readonly answeredMeanwhile: number
  /** The same of those that were refused. */
  readonly refusedMs: readonly number[]
  /** Everything else that went wrong. */
  readonly failed: Readonly<Record<string, number>>
  /** Milliseconds after it was due that each was sent, ascending: the generator's own lateness. */
  readonly lateMs: readonly number[]
}

/** Milliseconds between two looks at what is due. */
const TICK_MS = 1

export async function keepBusy(
  send: Send,
  { inFlight, seconds }: { readonly inFlight: number; readonly seconds: number },
): Promise<Busy> {
  const startMs = performance.now()
  const endMs = startMs + seconds * 1000
  const others: Record<string, number> = {}
  let answered = 0
  let turn = 0
  const ask = async () => {
    while (performance.now() < endMs) {
      const outcome = await send(turn++)
      if (outcome === 'answered') answered++
      else others[outcome] = (others[outcome] ?? 0) + 1
    }
  }
  await Promise.all(Array.from({ length: inFlight }, ask))
  return { answeredPerSecond: (answered * 1000) / (performance.now() - startMs), others }
}

export async function offer(
  send: Send,
  { perSecond, seconds }: { readonly perSecond: number; readonly seconds: number },
): Promise<Offered> {
  const total = Math.round(perSecond * seconds)
  const answeredMs: number[] = []
  const refusedMs: number[] = []
  const lateMs: number[] = []
  const failed: Record<string, number> = {}
  let answeredMeanwhile = 0
  let isSending = true
  const startMs = performance.now()
  const dueMs = (turn: number) => startMs + (turn * 1000) / perSecond
  const note = (turn: number, outcome: Outcome) => {
    const tookMs = performance.now() - dueMs(turn)
    if (outcome === 'refused') refusedMs.push(tookMs)
    else if (outcome !== 'answered') failed[outcome] = (failed[outcome] ?? 0) + 1
    else {
      answeredMs.push(tookMs)
      if (isSending) answeredMeanwhile++
    }
  }
  const underWay: Promise<void>[] = []
  for (let turn = 0; turn < total; ) {
    for (; turn < total && dueMs(turn) <= performance.now(); turn++) {
      const sent = turn
      lateMs.push(performance.now() - dueMs(sent))
      underWay.push(send(sent).then((outcome) => note(sent, outcome)))
    }
    await new Promise((resolve) => setTimeout(resolve, TICK_MS))
  }
  isSending = false
  const sentSeconds = (performance.now() - startMs) / 1000
  await Promise.all(underWay)
  return {
    sent: total,
    seconds: sentSeconds,
    answeredMs: answeredMs.sort((a, b) => a - b),
    answeredMeanwhile,
    refusedMs: refusedMs.sort((a, b) => a - b),
    failed,
    lateMs: lateMs.sort((a, b) => a - b),
  }
}
