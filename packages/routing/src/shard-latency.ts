/**
 * ShardLatency: how long one kind of read of one shard takes, whichever replica answers: what is
 * usual, and what nineteen of twenty stay below.
 *
 * The upper bound moves up by a step when a latency is above it and down by a nineteenth of that
 * when it is below, so it rests where one in twenty is above (stochastic approximation of a
 * quantile: Robbins and Monro 1951). Steps are a share of the value: microseconds and seconds alike
 * are reached within a few dozen latencies.
 */

const QUANTILE = 0.95
/** Share of the value by which one latency moves the bound. */
const STEP = 0.1
/** Weight of the newest latency in what is usual. */
const NEWEST_WEIGHT = 0.05
/** Latencies before either is worth anything. */
const WARM_UP = 20

export class ShardLatency {
  #boundUs = 0
  #usualUs = 0
  #count = 0

  /** The 95th percentile; undefined until enough latencies were seen. */
  get boundUs(): number | undefined {
    return this.#count < WARM_UP ? undefined : this.#boundUs
  }

  /** The mean of late; undefined until enough latencies were seen. */
  get usualUs(): number | undefined {
    return this.#count < WARM_UP ? undefined : this.#usualUs
  }

  observe(latencyUs: number): void {
    this.#count++
    const weight = Math.max(NEWEST_WEIGHT, 1 / this.#count)
    this.#usualUs += weight * (latencyUs - this.#usualUs)
    // The largest of the first ones is near enough to begin with.
    if (this.#count <= WARM_UP) this.#boundUs = Math.max(this.#boundUs, latencyUs)
    else if (latencyUs > this.#boundUs) this.#boundUs *= 1 + STEP * QUANTILE
    else this.#boundUs *= 1 - STEP * (1 - QUANTILE)
  }
}
