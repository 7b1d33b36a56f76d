/**
 * Watchers of one process: each has a queue of what changed under its prefix.
 *
 * A watcher that does not read is not waited for: when its queue is full it is emptied and told to
 * read everything again.
 */

import type { CancelTimer, Clock } from '@vectron/base'
import { STORE_CURRENT_MS, type StoreEvent } from './credential-store.ts'

/** Events that a watcher may be behind. */
const QUEUE_MAX = 4096

interface Watcher {
  readonly prefix: string
  events: StoreEvent[]
  wake: () => void
}

export class StoreWatchers {
  readonly #watchers = new Set<Watcher>()
  readonly #clock: Clock
  #isClosed = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  announce(events: readonly StoreEvent[]): void {
    for (const watcher of this.#watchers) {
      const theirs = events.filter((event) => keyOf(event).startsWith(watcher.prefix))
      if (theirs.length === 0) continue
      watcher.events.push(...theirs)
      if (watcher.events.length > QUEUE_MAX) watcher.events = [{ kind: 'reset' }]
      watcher.wake()
    }
  }

  async *watch(prefix: string, signal: AbortSignal): AsyncIterable<StoreEvent> {
    const watcher: Watcher = { prefix, events: [{ kind: 'reset' }], wake: () => {} }
    this.#watchers.add(watcher)
    const onAbort = () => watcher.wake()
    signal.addEventListener('abort', onAbort)
    try {
      while (!signal.aborted && !this.#isClosed) {
        yield* watcher.events.splice(0)
        await this.#somethingNew(watcher, signal)
      }
    } finally {
      signal.removeEventListener('abort', onAbort)
      this.#watchers.delete(watcher)
    }
  }

  close(): void {
    this.#isClosed = true
    for (const { wake } of this.#watchers) wake()
  }

  /** Commits tell their watchers before they are answered, so quiet time proves itself. */
  #somethingNew(watcher: Watcher, signal: AbortSignal): Promise<void> {
    if (watcher.events.length > 0 || signal.aborted || this.#isClosed) return Promise.resolve()
    return new Promise((resolve) => {
      const cancel: CancelTimer = this.#clock.setTimer(STORE_CURRENT_MS, () => {
        watcher.events.push({ kind: 'current' })
        resolve()
      })
      watcher.wake = () => {
        cancel()
        resolve()
      }
    })
  }
}

function keyOf(event: StoreEvent): string {
  switch (event.kind) {
    case 'put':
      return event.record.key
    case 'removed':
      return event.key
    case 'reset':
    case 'current':
      return ''
  }
}
