/**
 * One simulated machine with one process on it: it can die, come back from what its disk kept,
 * stand still, and lose its disk.
 *
 * A process that cannot start ends, and its supervisor starts it again a moment later, as systemd
 * does with the units that docs/OPERATIONS.md gives.
 */
import { type Disk, toVectronError, type VectronError } from '@vectron/base'
import { createRaftCore, type RaftLog } from '@vectron/native'
import { CORE_LIMITS, ReplicaHost, type Transport } from '@vectron/raft'
import type { FastRandom } from './fast-random.ts'
import { plantInCore } from './planted-core.ts'
import { plantInLog } from './planted-log.ts'
import { type DurableState, ProbedCore, type ProbedCoreOptions } from './probed-core.ts'
import { ProcessClock } from './process-clock.ts'
import { SimDisk } from './sim-disk.ts'
import { type DurableLogs, SimRaftLog } from './sim-raft-log.ts'
import { describeStatus, type SimWorld } from './sim-world.ts'

const RESTART_PAUSE_MS = 500
/** Small, so that followers that lag are fed from the log. */
const CACHED_BYTES_MAX = 2048

/** One life of the process. */
export interface Life {
  readonly name: string
  readonly clock: ProcessClock
  readonly disk: Disk
  readonly log: RaftLog
  /** Grows with each life. */
  readonly bootEpoch: bigint
}

export abstract class SimProcess {
  readonly name: string
  readonly disk: SimDisk
  protected readonly world: SimWorld
  protected readonly random: FastRandom
  #durableLogs: DurableLogs = new Map()
  #life: (Life & { readonly log: SimRaftLog }) | undefined
  #lives = 0n
  /** Milliseconds that the machine's wall clock is ahead. */
  #skewMs = 0

  constructor(world: SimWorld, name: string) {
    this.world = world
    this.name = name
    this.random = world.randomFor(name)
    this.disk = new SimDisk(world.randomFor(`${name} disk`))
  }

  get isUp(): boolean {
    return this.#life !== undefined
  }

  get hasStarted(): boolean {
    return this.#lives > 0n
  }

  get isPaused(): boolean {
    return this.#life?.clock.isPaused ?? false
  }

  start(): void {
    if (this.#life !== undefined) return
    const clock = new ProcessClock(this.world.clock)
    clock.skewMs = this.#skewMs
    this.#lives += 1n
    const log = new SimRaftLog({ clock, random: this.random, disk: this.disk }, this.#durableLogs)
    const disk = this.disk.mount(clock)
    const life = { name: this.name, clock, disk, log, bootEpoch: this.#lives }
    this.#life = life
    this.world.trace.add(this.name, `start of life ${this.#lives}`)
    this.open(life).catch((error: unknown) => {
      if (this.#life !== life) return
      const { reason, message } = toVectronError(error)
      this.world.trace.add(this.name, `cannot start: ${reason} ${message}`)
      this.onEnded(toVectronError(error))
      this.crash()
      this.world.clock.setTimer(RESTART_PAUSE_MS, () => this.start())
    })
  }

  /** The process dies at once; what it had under way may reach the disk in part. */
  crash(): void {
    const life = this.#life
    if (life === undefined) return
    this.world.trace.add(this.name, 'crash')
    this.#life = undefined
    life.clock.kill()
    life.log.crash()
    this.disk.crash()
    this.world.rpc.hangUp(this.name)
    this.closed()
  }

  /** The machine comes back with an empty disk. */
  wipe(): void {
    this.crash()
    this.world.trace.add(this.name, 'disk wiped')
    this.disk.wipe()
    this.#durableLogs = new Map()
  }

  /** What the log holds of a group is gone. */
  protected loseLog(group: bigint): void {
    this.#durableLogs.delete(group)
  }

  pause(): void {
    this.world.trace.add(this.name, 'pause')
    this.#life?.clock.pause()
  }

  resume(): void {
    if (!this.isPaused) return
    this.world.trace.add(this.name, 'resume')
    this.#life?.clock.resume()
  }

  skewClock(ms: number): void {
    const { clockError } = this.world
    clockError.behindMs = Math.max(clockError.behindMs, -ms)
    clockError.aheadMs = Math.max(clockError.aheadMs, ms)
    this.#skewMs = ms
    if (this.#life !== undefined) this.#life.clock.skewMs = ms
  }

  /** Opens the parts of the process; a rejection ends this life. */
  protected abstract open(life: Life): Promise<void>

  /** The life is over: nothing of it is to be used any more. */
  protected abstract closed(): void

  /** A process that ended for a reason that no fault explains is a bug. */
  protected onEnded(error: VectronError): void {
    switch (error.reason) {
      case 'DATA_CORRUPT':
      case 'INTERNAL':
      case 'INCOMPATIBLE_DATA':
        this.world.violations.add('every process starts again', `${this.name}: ${error.message}`)
        return
      default:
    }
  }

  /** The real core, watched. */
  protected createCore(
    nameOf: (group: bigint) => string,
    onCommitted?: ProbedCoreOptions['onCommitted'],
  ): ProbedCore {
    const { seed, raftOracle, trace, planted } = this.world
    const core = createRaftCore({
      seed: seed * 1000n + (this.random.nextU64() % 1000n),
      ...CORE_LIMITS,
      cachedBytesMax: CACHED_BYTES_MAX,
    })
    return new ProbedCore(plantInCore(core, planted), {
      oracle: raftOracle,
      process: this.name,
      nameOf,
      durable: (group) => this.#durable(group),
      ...(onCommitted === undefined ? {} : { onCommitted }),
      onStatus: (status) => trace.add(this.name, describeStatus(status)),
    })
  }

  #durable(group: bigint): DurableState {
    const record = this.#durableLogs.get(group)?.record
    const { term = 0n, vote = 0n } = record?.hardState ?? {}
    return { replica: record?.replicaId ?? 0n, vote: { term, candidate: vote } }
  }

  /** The real host of one life, on the log that its disk kept. */
  protected openHost(life: Life, core: ProbedCore, transport: Transport): ReplicaHost {
    const { limits, planted } = this.world
    return ReplicaHost.open({
      core,
      log: plantInLog(life.log, planted),
      clock: life.clock,
      transport,
      limits,
      release: planted === 'acknowledge-before-fsync' ? 'before-append' : 'after-append',
      onFatal: (error) => this.#onFailed(life, 'the log', error),
      onGroupFailed: (group, error) => this.#onFailed(life, `group ${group}`, error),
    })
  }

  /**
   * Nothing in a simulated run is a reason for a log or a group to fail while its life goes on;
   * what had begun at the moment of a crash may still meet the log that crashed.
   */
  #onFailed(life: Life, what: string, error: unknown): void {
    if (this.#life !== life) return
    const { message } = toVectronError(error)
    this.world.violations.add('nothing fails for good', `${what} on ${this.name}: ${message}`)
  }
}
