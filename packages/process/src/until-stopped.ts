/**
 * Waits for the end of a server: Ctrl-C or SIGTERM for a clean one, a second for one at once.
 *
 * On a terminal one Ctrl-C may arrive twice, from the terminal and handed on by the launcher, so a
 * second signal counts only after a moment.
 */
export interface Stop {
  /** Aborted when the end begins. */
  readonly signal: AbortSignal
  /** Settles at a signal; rejects with what `fail` was given. */
  readonly stopped: Promise<void>
  /** Ends the server because of an error. */
  readonly fail: (error: unknown) => void
}

const SAME_SIGNAL_MS = 300
const EXIT_INTERRUPTED = 130

/** Takes over the signals of this process. */
export function untilStopped(tell: (message: string) => void): Stop {
  const controller = new AbortController()
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  // Awaited once the server runs; a failure before that must not go unhandled.
  promise.catch(() => {})
  let firstMs: number | undefined
  const onSignal = () => {
    const nowMs = performance.now()
    if (firstMs !== undefined) {
      if (nowMs - firstMs > SAME_SIGNAL_MS) process.exit(EXIT_INTERRUPTED)
      return
    }
    firstMs = nowMs
    tell('Stopping: what is running is answered and made durable. Ctrl-C again stops at once.')
    controller.abort()
    resolve()
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, onSignal)
  return {
    signal: controller.signal,
    stopped: promise,
    fail: (error) => {
      controller.abort()
      reject(error)
    },
  }
}
