/**
 * Open-loop load: requests go out at a given rate, whatever becomes of those before, as they do
 * when many callers know nothing of each other. A closed loop would slow down with the server and
 * hide what overload does to it (Schroeder, Wierman and Harchol-Balter, Open Versus Closed, 2006).
 */
import { isVectronError } from '@vectron/base'

/** What became of the requests. */
export interface Offered {
  readonly sent: number
  readonly seconds: number
  /** Of each that was answered, in milliseconds from when it was due. */
  readonly answeredMs: readonly number[]
  /** Of those, such as were answered while others were sent. */
  readonly answeredMeanwhile: number
  /** Refused at once because the server had too much to do. */
  readonly refused: number
  /** Everything else that went wrong, by reason. */
  readonly failed: Readonly<Record<string, number>>
}

/** Milliseconds between two looks at what is due. */
const TICK_MS = 2

export async function offer(
  send: (turn: number) => Promise<unknown>,
  { perSecond, seconds }: { readonly perSecond: number; readonly seconds: number },
): Promise<Offered> {
  const total = Math.round(perSecond * seconds)
  const answeredMs: number[] = []
  const failed: Record<string, number> = {}
  let refused = 0
  let answeredMeanwhile = 0
  let sending = true
  const startMs = performance.now()
  const dueMs = (turn: number) => startMs + (turn * 1000) / perSecond
  const underWay: Promise<void>[] = []
  const one = async (turn: number) => {
    try {
      await send(turn)
      answeredMs.push(performance.now() - dueMs(turn))
      if (sending) answeredMeanwhile++
    } catch (error) {
      const reason = isVectronError(error) ? error.reason : String(error)
      if (reason === 'OVERLOADED') refused++
      else failed[reason] = (failed[reason] ?? 0) + 1
    }
  }
  for (let turn = 0; turn < total; ) {
    while (turn < total && dueMs(turn) <= performance.now()) underWay.push(one(turn++))
    await new Promise((resolve) => setTimeout(resolve, TICK_MS))
  }
  sending = false
  const sentSeconds = (performance.now() - startMs) / 1000
  await Promise.all(underWay)
  return { sent: total, seconds: sentSeconds, answeredMs, answeredMeanwhile, refused, failed }
}
