/**
 * What the rerankers can do, as they last said: by it a search knows which parts of its candidates
 * to ask for. Old news is used while newer ones are fetched.
 */
import { type Clock, type Deadline, didYouMean, VectronError } from '@vectron/base'
import type { rerank } from '@vectron/contracts'
import type { RerankerPool } from './reranker-pool.ts'

/** Milliseconds after which they are asked again. */
const FRESH_MS = 10_000

type Strategies = ReadonlyMap<string, rerank.Strategy>

export class StrategyBook {
  readonly #pool: Pick<RerankerPool, 'ask'>
  readonly #clock: Clock
  #known: Strategies | undefined
  #knownUs = 0
  #asking: Promise<Strategies> | undefined

  constructor(pool: Pick<RerankerPool, 'ask'>, clock: Clock) {
    this.#pool = pool
    this.#clock = clock
  }

  /**
   * A strategy by its name.
   *
   * @throws VectronError INVALID_ARGUMENT naming `field`; UNAVAILABLE, DEADLINE_EXCEEDED
   */
  async strategy(name: string, field: string, deadline: Deadline): Promise<rerank.Strategy> {
    const known = (await this.strategies(deadline)).get(name)
    if (known !== undefined) return known
    // It may be new.
    const fresh = await this.#ask(deadline)
    const strategy = fresh.get(name)
    if (strategy !== undefined) return strategy
    const names = [...fresh.keys()]
    const hint = didYouMean(name, names) || ` Known are ${names.join(', ')}.`
    throw new VectronError('INVALID_ARGUMENT', `There is no strategy "${name}".${hint}`, { field })
  }

  async strategies(deadline: Deadline): Promise<Strategies> {
    const isOld = this.#clock.monotonicUs() - this.#knownUs > FRESH_MS * 1000
    if (this.#known === undefined) return this.#ask(deadline)
    // Whoever waits for the answer next is told what is wrong.
    if (isOld) this.#ask(deadline).catch(() => {})
    return this.#known
  }

  #ask(deadline: Deadline): Promise<Strategies> {
    this.#asking ??= this.#pool
      .ask(deadline, (client, options) => client.listStrategies({}, options))
      .then(({ strategies }) => {
        this.#known = new Map(strategies.map((strategy) => [strategy.name, strategy]))
        this.#knownUs = this.#clock.monotonicUs()
        return this.#known
      })
      .finally(() => {
        this.#asking = undefined
      })
    return this.#asking
  }
}
