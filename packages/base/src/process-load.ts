/** How busy this process is: cores kept busy, and memory, between two looks. */
import type { Clock } from './clock.ts'

export interface LoadOfProcess {
  /** 1.5: one and a half. */
  readonly cpuCores: number
  readonly memoryBytes: number
}

/** What the machine says of this process. */
export interface ProcessUsage {
  /** Microseconds of all its threads since it began. */
  cpuUs(): number
  memoryBytes(): number
}

/** Between looks that follow each other closer, the last one counts. */
const SPAN_US_MIN = 1_000_000

const THIS_PROCESS: ProcessUsage = {
  cpuUs: () => {
    const { user, system } = process.cpuUsage()
    return user + system
  },
  memoryBytes: () => process.memoryUsage.rss(),
}

export class ProcessLoad {
  readonly #clock: Pick<Clock, 'monotonicUs'>
  readonly #usage: ProcessUsage
  #lookedUs: number
  #cpuUs: number
  #load: LoadOfProcess

  constructor(clock: Pick<Clock, 'monotonicUs'>, usage: ProcessUsage = THIS_PROCESS) {
    this.#clock = clock
    this.#usage = usage
    this.#lookedUs = clock.monotonicUs()
    this.#cpuUs = usage.cpuUs()
    this.#load = { cpuCores: 0, memoryBytes: usage.memoryBytes() }
  }

  look(): LoadOfProcess {
    const nowUs = this.#clock.monotonicUs()
    const spanUs = nowUs - this.#lookedUs
    if (spanUs < SPAN_US_MIN) return this.#load
    const cpuUs = this.#usage.cpuUs()
    const cpuCores = (cpuUs - this.#cpuUs) / spanUs
    this.#lookedUs = nowUs
    this.#cpuUs = cpuUs
    this.#load = { cpuCores, memoryBytes: this.#usage.memoryBytes() }
    return this.#load
  }
}
