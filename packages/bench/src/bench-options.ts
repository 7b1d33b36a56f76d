/** What every benchmark is told. */
import type { SetSize } from './words.ts'

export interface BenchOptions {
  readonly size: SetSize
  /** Rounds of what is quick, interleaved between contestants. */
  readonly rounds: number
  /** Rounds of builds and loads, which take minutes. */
  readonly buildRounds: number
  readonly withPeers: boolean
  /** Prepared data, the peers' environment and what contestants save. */
  readonly cache: string
  /** Hears what is going on; never the figures. */
  readonly note: (line: string) => void
}
