/**
 * One simulated run: a seed decides what clients and faults do, and when.
 *
 * One node. Clients write, repeat writes whose outcome they do not know, and read; the process dies
 * at any point between two events, stalls, and its disk is slow or full for a while. The invariants
 * of SimHistory are checked after every step and after every recovery.
 */
import { assert, deadlineAfter, isVectronError, type Random, seededRandom } from '@vectron/base'
import type { ReleaseRule } from '@vectron/raft'
import { encodeRequest } from './model-machine.ts'
import { SimClock } from './sim-clock.ts'
import { SimHistory, SimViolation } from './sim-history.ts'
import { SIM_GROUP, SimNode } from './sim-node.ts'
import { SimTrace } from './sim-trace.ts'

export interface SimOptions {
  readonly seed: bigint
  readonly steps: number
  readonly release: ReleaseRule
  /** Gets the trace line by line. */
  readonly print?: (line: string) => void
}

export interface SimOutcome {
  readonly seed: bigint
  /** The broken invariant; undefined when all held. */
  readonly violation: string | undefined
  readonly traceHash: string
  readonly simSeconds: number
  readonly acknowledged: number
  readonly crashes: number
}

const COMMAND_BYTES_MAX = 600
/** Longer than any stall, crash and full disk of a run together would take to heal. */
const PATIENCE_MS = 20_000

/** What a step may be, with its weight. */
const ACTIONS = [
  ['write', 50],
  ['wait', 30],
  ['repeat', 8],
  ['read', 6],
  ['crash', 3],
  ['stall', 1],
  ['fill', 1],
  ['checkpoint', 1],
] as const

type Action = (typeof ACTIONS)[number][0]

/** Runs one seed to its end, or to the first broken invariant. */
export async function simulate(options: SimOptions): Promise<SimOutcome> {
  const run = new SimRun(options)
  const violation = await run.execute()
  return { seed: options.seed, violation, ...run.summary() }
}

class SimRun {
  readonly #options: SimOptions
  readonly #clock = new SimClock()
  readonly #random: Random
  readonly #trace: SimTrace
  readonly #history = new SimHistory()
  readonly #node: SimNode
  #diskFullUntilUs = 0
  #requests = 0
  #crashes = 0
  /** Broken in a callback, where nobody could catch it. */
  #violation: string | undefined

  constructor(options: SimOptions) {
    this.#options = options
    this.#random = seededRandom(options.seed)
    this.#trace = new SimTrace(this.#clock, options.print)
    this.#node = new SimNode({
      seed: options.seed,
      clock: this.#clock,
      random: this.#random,
      release: options.release,
      fsyncMsMax: this.#random.nextBelow(4) === 0 ? 60 : 8,
      onFailed: (error) => {
        this.#violation ??= `the node failed: ${error.message}`
      },
      isDiskFull: () => this.#clock.monotonicUs() < this.#diskFullUntilUs,
    })
  }

  async execute(): Promise<string | undefined> {
    try {
      await this.#recover()
      for (let step = 0; step < this.#options.steps; step++) await this.#step()
      this.#diskFullUntilUs = 0
      this.#crash()
      await this.#recover()
    } catch (error) {
      if (!(error instanceof SimViolation)) throw error
      this.#violation ??= error.message
    }
    if (this.#violation !== undefined) this.#trace.add(`VIOLATION ${this.#violation}`)
    return this.#violation
  }

  summary(): Omit<SimOutcome, 'seed' | 'violation'> {
    return {
      traceHash: this.#trace.digest(),
      simSeconds: this.#clock.monotonicUs() / 1e6,
      acknowledged: this.#history.acknowledged,
      crashes: this.#crashes,
    }
  }

  async #step(): Promise<void> {
    await this.#act(this.#drawAction())
    await this.#clock.advance(this.#random.nextFloat() * 3)
    this.#history.checkNow(this.#node.life.machine)
    if (this.#violation !== undefined) throw new SimViolation(this.#violation)
  }

  async #act(action: Action): Promise<void> {
    switch (action) {
      case 'write':
        return this.#write(`r${++this.#requests}`)
      case 'wait':
        return this.#clock.advance(this.#random.nextFloat() * 40)
      case 'repeat':
        return this.#repeat()
      case 'read':
        return this.#read()
      case 'crash':
        this.#crash()
        return this.#recover()
      case 'stall':
        return this.#stall()
      case 'fill':
        return this.#fill()
      case 'checkpoint':
        return this.#checkpoint()
    }
  }

  /** Sends a request and goes on; what becomes of it is heard later, or never. */
  #write(request: string): void {
    const bytes = 8 + this.#random.nextBelow(COMMAND_BYTES_MAX)
    this.#trace.add(`write ${request} of ${bytes} bytes`)
    const { life } = this.#node
    // Until it is heard of, the outcome is unknown: the process may die first.
    this.#history.onUnknown(request)
    life.host.propose(SIM_GROUP, encodeRequest(request, bytes)).then(
      ({ index, result }) => {
        const { index: effective } = result as { readonly index: bigint }
        this.#trace.add(`acknowledged ${request} at ${index}, in effect since ${effective}`)
        this.#guard(() => this.#history.onAcknowledged(request, effective))
      },
      (error: unknown) => this.#onRefused(request, error),
    )
  }

  #onRefused(request: string, error: unknown): void {
    if (!isVectronError(error)) this.#violation ??= `request ${request}: ${String(error)}`
    else this.#trace.add(`refused ${request}: ${error.reason}`)
  }

  #repeat(): void {
    const unknown = this.#history.unknown
    if (unknown.length === 0) return
    this.#write(unknown[this.#random.nextBelow(unknown.length)]!)
  }

  #read(): void {
    const { life } = this.#node
    const floor = this.#history.highestTold
    const deadline = deadlineAfter(this.#clock, PATIENCE_MS)
    life.host.readBarrier(SIM_GROUP, { deadline }).then(
      (index) => {
        this.#trace.add(`read at ${index}`)
        this.#guard(() => this.#history.onRead(index, floor))
      },
      (error: unknown) => this.#onRefused('read', error),
    )
  }

  #crash(): void {
    this.#crashes += 1
    this.#trace.add('crash')
    this.#node.crash()
    this.#history.onRestart()
  }

  /** Starts the node and waits until it answers reads; then it must know all it ever told. */
  async #recover(): Promise<void> {
    const started = this.#node.start()
    await this.#await(started, 'the start')
    const { life } = this.#node
    const deadline = deadlineAfter(this.#clock, PATIENCE_MS)
    const index = await this.#await(life.host.readBarrier(SIM_GROUP, { deadline }), 'a read')
    this.#trace.add(`recovered: applied ${life.machine.appliedIndex}, read at ${index}`)
    this.#history.onRead(index, this.#history.highestTold)
    this.#history.checkRecovered(life.machine)
  }

  /** The process stands still: time passes, and no timer fires on time. */
  #stall(): void {
    const ms = 200 + this.#random.nextBelow(4000)
    this.#trace.add(`stall of ${ms} ms`)
    this.#clock.jump(ms)
  }

  #fill(): void {
    const ms = 100 + this.#random.nextBelow(1500)
    this.#trace.add(`disk full for ${ms} ms`)
    this.#diskFullUntilUs = this.#clock.monotonicUs() + ms * 1000
  }

  #checkpoint(): void {
    const { machine } = this.#node.life
    void machine.checkpoint().then((index) => this.#trace.add(`checkpoint at ${index}`))
  }

  /** Lets time pass until a promise has settled. */
  async #await<T>(promise: Promise<T>, what: string): Promise<T> {
    let isSettled = false
    const watched = promise.finally(() => {
      isSettled = true
    })
    watched.catch(() => {})
    const endUs = this.#clock.monotonicUs() + PATIENCE_MS * 1000
    while (!isSettled && this.#clock.monotonicUs() < endUs) await this.#clock.advance(1)
    if (!isSettled) throw new SimViolation(`${what} took more than ${PATIENCE_MS} ms`)
    return watched.catch((error: unknown) => {
      throw error instanceof SimViolation ? error : new SimViolation(`${what}: ${String(error)}`)
    })
  }

  #guard(check: () => void): void {
    try {
      check()
    } catch (error) {
      assert(error instanceof SimViolation, `a check fails with a violation: ${String(error)}`)
      this.#violation ??= error.message
    }
  }

  #drawAction(): Action {
    const total = ACTIONS.reduce((sum, [, weight]) => sum + weight, 0)
    let ticket = this.#random.nextBelow(total)
    for (const [action, weight] of ACTIONS) {
      if (ticket < weight) return action
      ticket -= weight
    }
    return 'wait'
  }
}
