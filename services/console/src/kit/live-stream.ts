/**
 * A stream of the API in a component: the newest value, and whether more are coming.
 *
 * Opened while the component is shown, opened again after it breaks: at once the first time, then
 * after pauses that grow. The last value stays while there is none newer, marked as old; also where
 * the stream is open and says nothing: whoever answers may have nothing to tell.
 */
import { useEffect, useState } from 'react'

export interface Live<Value> {
  /** The newest; undefined before the first. */
  readonly value: Value | undefined
  readonly state: 'connecting' | 'live' | 'silent' | 'lost'
  /** Why it is lost. */
  readonly error: unknown
}

/** Milliseconds without a value after which the last one is old. */
const SILENCE_MS = 6000
const PAUSE_MS_MIN = 500
const PAUSE_MS_MAX = 10_000

/**
 * @param key opens anew when a part of it changes
 * @param open begins the stream; ended by the signal
 * @param onValue sees every value, also those that are replaced before they are shown
 */
export function useLiveStream<Value>(
  key: readonly (string | number)[],
  open: (signal: AbortSignal) => AsyncIterable<Value>,
  onValue?: (value: Value) => void,
): Live<Value> {
  const [live, setLive] = useState<Live<Value>>(CONNECTING)
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key says when to open anew
  useEffect(() => {
    const leave = new AbortController()
    let silence: ReturnType<typeof setTimeout> | undefined
    setLive(CONNECTING)
    const take = (value: Value) => {
      onValue?.(value)
      setLive({ value, state: 'live', error: undefined })
      clearTimeout(silence)
      silence = setTimeout(() => setLive(markSilent), SILENCE_MS)
    }
    const lose = (error: unknown) => setLive(({ value }) => ({ value, state: 'lost', error }))
    follow({ open, take, lose, signal: leave.signal })
    return () => {
      clearTimeout(silence)
      leave.abort()
    }
  }, [key.join()])
  return live
}

const CONNECTING = { value: undefined, state: 'connecting', error: undefined } as const

/** What is lost already stays so. */
function markSilent<Value>(live: Live<Value>): Live<Value> {
  return live.state === 'live' ? { ...live, state: 'silent' } : live
}

interface Following<Value> {
  readonly open: (signal: AbortSignal) => AsyncIterable<Value>
  readonly take: (value: Value) => void
  readonly lose: (error: unknown) => void
  readonly signal: AbortSignal
}

/** Never rejects. */
async function follow<Value>({ open, take, lose, signal }: Following<Value>): Promise<void> {
  let pauseMs = 0
  while (!signal.aborted) {
    try {
      for await (const value of open(signal)) {
        if (signal.aborted) return
        pauseMs = 0
        take(value)
      }
    } catch (error) {
      if (signal.aborted) return
      if (pauseMs > 0) lose(error)
    }
    await pause(pauseMs, signal)
    pauseMs = Math.min(PAUSE_MS_MAX, Math.max(PAUSE_MS_MIN, 2 * pauseMs))
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
