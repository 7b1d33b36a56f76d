/**
 * The resident memory of a process while it is under load, and whether it stays flat.
 *
 * Flat means: the median of the last quarter of the samples exceeds that of the second by no more
 * than GROWTH_RATIO and GROWTH_BYTES together. The first quarter is left out: code is compiled and
 * caches fill there.
 */
import { residentBytes } from '@vectron/testkit'

const SAMPLE_MS = 250
const GROWTH_RATIO = 0.1
const GROWTH_BYTES = 64 * 2 ** 20

export interface MemoryVerdict {
  readonly samples: number
  readonly peakBytes: number
  readonly secondQuarterBytes: number
  readonly lastQuarterBytes: number
  readonly flat: boolean
}

export class MemoryRecord {
  readonly #samples: number[] = []
  readonly #timer: NodeJS.Timeout

  constructor(pid: number) {
    this.#samples.push(residentBytes(pid))
    this.#timer = setInterval(() => this.#samples.push(residentBytes(pid)), SAMPLE_MS)
  }

  /** Ends the recording. */
  stop(): MemoryVerdict {
    clearInterval(this.#timer)
    const all = this.#samples
    const quarter = Math.floor(all.length / 4)
    const second = median(all.slice(quarter, 2 * quarter + 1))
    const last = median(all.slice(all.length - quarter - 1))
    return {
      samples: all.length,
      peakBytes: Math.max(...all),
      secondQuarterBytes: second,
      lastQuarterBytes: last,
      flat: last <= second * (1 + GROWTH_RATIO) + GROWTH_BYTES,
    }
  }
}

export function formatVerdict(verdict: MemoryVerdict): string {
  const mib = (bytes: number) => `${Math.round(bytes / 2 ** 20)} MiB`
  const { peakBytes, secondQuarterBytes, lastQuarterBytes, flat } = verdict
  return (
    `resident memory: ${mib(secondQuarterBytes)} in the second quarter, ` +
    `${mib(lastQuarterBytes)} in the last, ${mib(peakBytes)} at most: ${flat ? 'flat' : 'GROWS'}`
  )
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}
