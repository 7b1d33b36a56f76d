/**
 * A network of the run's own: every node in a network namespace, all on one bridge, with rules that
 * drop what a fault wants dropped.
 *
 * Rules stand at the receiver: it drops what comes from hosts that are cut off from it, so that a
 * cut may be one way. Each change replaces the receiver's rules as a whole, in one step.
 */
import type { ChaosHost, ChaosNetwork, Cut } from './chaos-network.ts'
import { run, runNow } from './run-program.ts'

const BRIDGE = 'chaos0'
const NETWORK = '10.99.0'
/** Where the clients of the run are. */
const RUNNER_ADDRESS = `${NETWORK}.1`

export class NamespaceNetwork implements ChaosNetwork {
  /** Address of each host by its name. */
  readonly #addresses = new Map<string, string>()
  /** What was last told to each host. */
  readonly #rules = new Map<string, string>()
  #cuts: readonly Cut[] = []
  #lossPercent = 0

  /** Only inside namespaces of its own: it begins with an empty network. */
  static create(): NamespaceNetwork {
    // Names of network namespaces stand under /run, which is this run's alone from here on.
    runNow('mount', '-t', 'tmpfs', 'tmpfs', '/run')
    runNow('ip', 'link', 'set', 'lo', 'up')
    runNow('ip', 'link', 'add', BRIDGE, 'type', 'bridge')
    runNow('ip', 'addr', 'add', `${RUNNER_ADDRESS}/24`, 'dev', BRIDGE)
    runNow('ip', 'link', 'set', BRIDGE, 'up')
    return new NamespaceNetwork()
  }

  async addHost(name: string): Promise<ChaosHost> {
    const number = this.#addresses.size + 10
    const address = `${NETWORK}.${number}`
    const outside = `chaos${number}`
    runNow('ip', 'netns', 'add', name)
    const pair = ['type', 'veth', 'peer', 'name', 'eth0', 'netns', name]
    runNow('ip', 'link', 'add', outside, ...pair)
    runNow('ip', 'link', 'set', outside, 'master', BRIDGE, 'up')
    runNow('ip', '-n', name, 'addr', 'add', `${address}/24`, 'dev', 'eth0')
    runNow('ip', '-n', name, 'link', 'set', 'eth0', 'up')
    runNow('ip', '-n', name, 'link', 'set', 'lo', 'up')
    this.#addresses.set(name, address)
    const commandPrefix = ['ip', 'netns', 'exec', name]
    return { name, address, listenAddress: address, commandPrefix, onStarted: () => {} }
  }

  async setCuts(cuts: readonly Cut[]): Promise<void> {
    this.#cuts = cuts
    await this.#tell()
  }

  async setLoss(percent: number): Promise<void> {
    this.#lossPercent = percent
    await this.#tell()
  }

  async heal(): Promise<void> {
    this.#cuts = []
    this.#lossPercent = 0
    await this.#tell()
  }

  async #tell(): Promise<void> {
    await Promise.all(
      [...this.#addresses.keys()].map(async (name) => {
        const rules = this.#rulesOf(name)
        if (this.#rules.get(name) === rules) return
        this.#rules.set(name, rules)
        await run('ip', ['netns', 'exec', name, 'nft', '-f', '-'], rules)
      }),
    )
  }

  /** The whole table of a host, as nft reads it. */
  #rulesOf(name: string): string {
    const from = this.#cuts
      .filter(({ to }) => to === name)
      .flatMap((cut) => this.#addresses.get(cut.from) ?? [])
    const cut = from.length === 0 ? '' : `ip saddr { ${[...new Set(from)].join(', ')} } drop\n`
    const loss =
      this.#lossPercent === 0
        ? ''
        : `iifname "eth0" numgen random mod 100 < ${this.#lossPercent} drop\n`
    return [
      'add table ip chaos',
      'flush table ip chaos',
      'add chain ip chaos in { type filter hook input priority 0; }',
      ...`${cut}${loss}`
        .split('\n')
        .flatMap((rule) => (rule ? [`add rule ip chaos in ${rule}`] : [])),
      '',
    ].join('\n')
  }
}
