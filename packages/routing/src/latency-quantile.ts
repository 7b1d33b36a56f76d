/**
 * LatencyQuantile: the 95th percentile of a stream of latencies, in one number.
 *
 * Moves up by a step when a latency is above it and down by a nineteenth of that when it is below,
 * so it rests where one in twenty is above (stochastic approximation of a quantile: Robbins and
 * Monro 1951). Steps are a share of the value: microseconds and seconds alike are reached within a
 * few dozen latencies.
 */

const QUANTILE = 0.95
/** Share of the value by which one latency moves it. */
const STEP = 0.1
/** Latencies before the estimate is worth anything. */
const WARM_UP = 20

export class LatencyQuantile {
  #valueUs = 0
  #count = 0

  /** Undefined until enough latencies were seen. */
  get valueUs(): number | undefined {
    return this.#count < WARM_UP ? undefined : this.#valueUs
  }

  observe(latencyUs: number): void {
    this.#count++
    // The largest of the first ones is near enough to begin with.
    if (this.#count <= WARM_UP) this.#valueUs = Math.max(this.#valueUs, latencyUs)
    else if (latencyUs > this.#valueUs) this.#valueUs *= 1 + STEP * QUANTILE
    else this.#valueUs *= 1 - STEP * (1 - QUANTILE)
  }
}
