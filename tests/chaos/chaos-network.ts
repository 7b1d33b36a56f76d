/**
 * The network between the nodes of a run, as faults need it: it can be cut, each way by itself, and
 * lose packets.
 */

/** Where one node runs. */
export interface ChaosHost {
  readonly name: string
  /** Where others reach it. */
  readonly address: string
  /** Where its processes listen. */
  readonly listenAddress: string
  /** What stands before a command line that is to run there. */
  readonly commandPrefix: readonly string[]
  /** Told of each process that was started there. */
  readonly onStarted: (pid: number) => void
}

/** Traffic that does not arrive. */
export interface Cut {
  readonly from: string
  readonly to: string
}

export interface ChaosNetwork {
  addHost(name: string): Promise<ChaosHost>
  /** Cuts these ways, and no others any more. */
  setCuts(cuts: readonly Cut[]): Promise<void>
  /** Share of packets that every host loses of what comes to it. */
  setLoss(percent: number): Promise<void>
  heal(): Promise<void>
}

/** Both ways between each of one side and each of the other. */
export function partition(one: readonly string[], other: readonly string[]): Cut[] {
  return one.flatMap((a) =>
    other.flatMap((b) => [
      { from: a, to: b },
      { from: b, to: a },
    ]),
  )
}
