/**
 * Clients that write to and search one collection all the time, while things are broken: when
 * writes were sent and acknowledged, and which searches failed.
 */
import type { Vectron } from '@vectron/client'
import { pause } from './cluster-run.ts'

/** Milliseconds between two requests of one client. */
const PAUSE_MS = 2
const TIMEOUT_MS = 20_000

export interface ProbeOptions {
  readonly vectron: Vectron
  readonly collection: string
  readonly dimension: number
  readonly writers: number
  readonly searchers: number
}

interface Write {
  readonly sentMs: number
  readonly ackedMs: number
}

export class Probes {
  readonly #options: ProbeOptions
  readonly #running: Promise<void>[]
  #writes: Write[] = []
  #isOver = false
  searches = 0
  searchesFailed = 0
  writesFailed = 0
  /** What failures said, by how often. */
  readonly failures = new Map<string, number>()

  constructor(options: ProbeOptions) {
    this.#options = options
    this.#running = [
      ...Array.from({ length: options.writers }, (_, number) => this.#write(number)),
      ...Array.from({ length: options.searchers }, () => this.#search()),
    ]
  }

  /** Milliseconds from `sinceMs` to the first acknowledgement of a write that was sent after it. */
  async untilAcknowledged(sinceMs: number): Promise<number> {
    for (;;) {
      const [first] = this.#writes
        .filter(({ sentMs }) => sentMs >= sinceMs)
        .sort((a, b) => a.ackedMs - b.ackedMs)
      if (first !== undefined) {
        this.#writes = []
        return first.ackedMs - sinceMs
      }
      await pause(5)
    }
  }

  async stop(): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#running)
  }

  async #write(number: number): Promise<void> {
    const { vectron, collection, dimension } = this.#options
    const points = vectron.collection(collection)
    for (let turn = 0; !this.#isOver; turn++) {
      const sentMs = performance.now()
      const point = { id: `probe-${number}-${turn % 100}`, vector: vectorOf(turn, dimension) }
      try {
        await points.upsert([point], { timeoutMs: TIMEOUT_MS })
        this.#writes.push({ sentMs, ackedMs: performance.now() })
      } catch (error) {
        this.writesFailed++
        this.#countFailure('write', error)
      }
      await pause(PAUSE_MS)
    }
  }

  async #search(): Promise<void> {
    const { vectron, collection, dimension } = this.#options
    const points = vectron.collection(collection)
    for (let turn = 0; !this.#isOver; turn++) {
      this.searches++
      try {
        const found = await points.search({
          vector: vectorOf(turn, dimension),
          topK: 10,
          cache: false,
        })
        if (!found.complete) throw new Error('incomplete')
      } catch (error) {
        this.searchesFailed++
        this.#countFailure('search', error)
      }
      await pause(PAUSE_MS)
    }
  }

  #countFailure(what: string, error: unknown): void {
    const { reason, message } = error as { readonly reason?: string; readonly message: string }
    const name = `${what} ${reason ?? message}`
    this.failures.set(name, (this.failures.get(name) ?? 0) + 1)
  }
}

/** Some vector of the dimension; another for each number. */
function vectorOf(number: number, dimension: number): number[] {
  return Array.from({ length: dimension }, (_, place) =>
    Math.sin(number * 12.9898 + place * 78.233),
  )
}
