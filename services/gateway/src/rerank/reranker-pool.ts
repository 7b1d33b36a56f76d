/**
 * The instances of the reranker as one: a call goes to the one with the fewest calls under way, of
 * equal ones by turns. One that fails is passed over for a while, and the call goes to another:
 * everything that is asked of a reranker may be asked twice.
 */
import { type Clock, type Deadline, isVectronError, VectronError } from '@vectron/base'
import type { rerank } from '@vectron/contracts'
import type { CallOptions, Client } from '@vectron/rpc'

export type ConnectReranker = (address: string) => Client<typeof rerank.Reranker>

/** Milliseconds that an instance which failed is asked only when no other can be. */
const AVOID_MS = 2_000

interface Instance {
  readonly address: string
  readonly client: Client<typeof rerank.Reranker>
  callsUnderWay: number
  /** Monotonic microseconds. */
  avoidedUntilUs: number
  /** Number of the last call, so that equal ones take turns. */
  lastCall: number
}

export interface PoolOptions {
  /** Addresses of those that announce themselves. */
  readonly addresses: () => readonly string[]
  readonly connect: ConnectReranker
  readonly clock: Clock
}

type Ask<T> = (client: Client<typeof rerank.Reranker>, options: CallOptions) => Promise<T>

export class RerankerPool {
  readonly #options: PoolOptions
  #instances = new Map<string, Instance>()
  #calls = 0

  constructor(options: PoolOptions) {
    this.#options = options
  }

  /**
   * The first answer. The time is for all tries together: one that is slow leaves none for others.
   *
   * @throws VectronError UNAVAILABLE when nobody is there or nobody answers, and what they answer
   */
  async ask<T>(deadline: Deadline, ask: Ask<T>): Promise<T> {
    const tried = new Set<Instance>()
    for (;;) {
      const instance = this.#choose(tried)
      try {
        return await this.#askOne(instance, deadline, ask)
      } catch (error) {
        tried.add(instance)
        if (!isVectronError(error, 'UNAVAILABLE')) throw error
        const others = this.#present().some((one) => !tried.has(one))
        if (!others || deadline.passed) throw error
      }
    }
  }

  /** Every instance is asked; what of them fails is left out. */
  async askEach<T>(deadline: Deadline, ask: Ask<T>): Promise<T[]> {
    const asked = this.#present().map((instance) => this.#askOne(instance, deadline, ask))
    const settled = await Promise.allSettled(asked)
    return settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  }

  async #askOne<T>(instance: Instance, deadline: Deadline, ask: Ask<T>): Promise<T> {
    instance.callsUnderWay += 1
    instance.lastCall = ++this.#calls
    try {
      return await ask(instance.client, { timeoutMs: deadline.remainingMs() })
    } catch (error) {
      if (isVectronError(error, 'UNAVAILABLE') || isVectronError(error, 'DEADLINE_EXCEEDED')) {
        instance.avoidedUntilUs = this.#options.clock.monotonicUs() + AVOID_MS * 1000
      }
      throw error
    } finally {
      instance.callsUnderWay -= 1
    }
  }

  #choose(tried: ReadonlySet<Instance>): Instance {
    const nowUs = this.#options.clock.monotonicUs()
    const rankOf = (one: Instance) => [
      one.avoidedUntilUs > nowUs ? 1 : 0,
      one.callsUnderWay,
      one.lastCall,
    ]
    const [best] = this.#present()
      .filter((one) => !tried.has(one))
      .sort((a, b) => compare(rankOf(a), rankOf(b)))
    if (best !== undefined) return best
    throw new VectronError('UNAVAILABLE', 'No reranker has announced itself to placement.')
  }

  /** Those that placement hears of; what is known of them outlives a newer list. */
  #present(): Instance[] {
    const { addresses, connect } = this.#options
    const wanted = addresses()
    const isSame =
      wanted.length === this.#instances.size && wanted.every((one) => this.#instances.has(one))
    if (!isSame) {
      const entries = wanted.map((address): [string, Instance] => {
        const known = this.#instances.get(address)
        const fresh = { callsUnderWay: 0, avoidedUntilUs: 0, lastCall: 0 }
        return [address, known ?? { address, client: connect(address), ...fresh }]
      })
      this.#instances = new Map(entries)
    }
    return [...this.#instances.values()]
  }
}

function compare(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((value, index) => value !== b[index])
  return at < 0 ? 0 : (a[at] ?? 0) - (b[at] ?? 0)
}
