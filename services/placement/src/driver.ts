/**
 * The driver: on the leader, looks again and again at how the cluster is and has done what is due.
 *
 * Each tick it takes the operators that run as far as the last reports allow; now and then it plans
 * a round over the whole cluster. What to do is decided by pure functions (planning/); this is the
 * host that carries their orders out: commands to the catalog, commands to leaders with heartbeat
 * answers, events for people.
 *
 * Nobody is judged by what has not been heard yet: a new leader of placement waits until every
 * worker has sent a heartbeat, or has been silent for so long that it counts as silent.
 */

import { type CancelTimer, deadlineAfter, isVectronError } from '@vectron/base'
import { placement } from '@vectron/contracts'
import type { LeaderMemory, PlacementContext } from './context.ts'
import { buildView } from './planning/build-view.ts'
import type { Operator } from './planning/operator.ts'
import type { Moment, OperatorOrder } from './planning/operator-book.ts'
import { planBalance, planRound, type RoundInput } from './planning/plan-round.ts'
import type { Proposal } from './planning/proposal.ts'
import type { Sources } from './routing-message.ts'
import type { SeatKeeper } from './seat-keeper.ts'

/** Milliseconds that a command to the catalog may take. */
const COMMAND_TIMEOUT_MS = 5_000
/** Rounds take at most this part of the time, however large the cluster. */
const ROUND_SHARE = 0.05

export class Driver {
  readonly #context: PlacementContext
  readonly #seats: SeatKeeper | undefined
  /** How the workers were at the last tick, and in which memory that stands. */
  #seen: { readonly memory: LeaderMemory; readonly workers: Map<bigint, Seen> } | undefined
  #nextRoundMs = 0
  #cancelTimer: CancelTimer | undefined
  #isStopped = false

  constructor(context: PlacementContext, seats?: SeatKeeper) {
    this.#context = context
    this.#seats = seats
  }

  /** Ticks from now on. */
  start(): void {
    const { clock, settings } = this.#context
    this.#cancelTimer = clock.setTimer(settings.tickMs, () => {
      this.tick().then(() => {
        if (!this.#isStopped) this.start()
      })
    })
  }

  stop(): void {
    this.#isStopped = true
    this.#cancelTimer?.()
  }

  /** Does what is due; nothing when this member does not lead. */
  async tick(): Promise<void> {
    try {
      await this.#context.leadership.enter()
      this.#seats?.tick()
      this.#noteWorkers()
      await this.#advance()
      this.#planIfDue()
    } catch (error) {
      // Another leads, or nobody can: it is judged again with the next tick. A bug is told; who
      // hosts what stays answered.
      this.#wakeIfLost()
      if (isVectronError(error)) return
      this.#context.logger?.error({ err: error }, 'the driver failed in this tick')
    }
  }

  /** Whoever waits at a leader that is none any more asks the next one. */
  #wakeIfLost(): void {
    const { leadership, changes, reports } = this.#context
    if (this.#seen === undefined || leadership.term !== undefined) return
    this.#seen = undefined
    changes.announce()
    reports.announce()
  }

  /** Begins what somebody has proposed. */
  begin(proposal: Proposal): Operator {
    const { operators, events } = this.#context.memory()
    const operator = operators.begin(proposal, this.#moment())
    const { kind, shardId, collection, reason, operatorId } = operator
    events.add(`${kind} of shard ${shardId} of ${collection} begins: ${reason}`, {
      shardId,
      operatorId,
    })
    return operator
  }

  /** Begins what evens the cluster out to the last replica. */
  rebalance(): Operator[] {
    return planBalance(this.#roundInput()).map((proposal) => this.begin(proposal))
  }

  /** Stops an operator. @throws VectronError OPERATOR_NOT_FOUND */
  cancel(operatorId: bigint): placement.Operator {
    return this.#context.memory().operators.cancel(operatorId, this.#moment())
  }

  /** Takes the operators further. */
  async #advance(): Promise<void> {
    const { operators } = this.#context.memory()
    if (operators.running.size === 0) return
    const { settings } = this.#context
    const shardIds = [...operators.running.keys()]
    const view = buildView(this.#sources(), { settings: settings.plan, shardIds })
    const orders = operators.look(view, this.#moment())
    await Promise.all(orders.map((order) => this.#carryOut(order)))
  }

  async #carryOut({ order }: OperatorOrder): Promise<void> {
    const { catalog, changes, clock, memory } = this.#context
    if (order.kind === 'tell') {
      memory().outbox.put(order.workerId, order.command)
      changes.announce()
      return
    }
    // A refusal means that the plan is of another state; the next look sees the present one.
    await catalog.execute(order.command, deadlineAfter(clock, COMMAND_TIMEOUT_MS))
  }

  #planIfDue(): void {
    const { clock, memory, settings } = this.#context
    const nowMs = this.#moment().nowMs
    if (nowMs < this.#nextRoundMs || !this.#isWarm()) return
    const { proposals, health } = planRound(this.#roundInput())
    memory().health = health
    for (const proposal of proposals) this.begin(proposal)
    const tookMs = clock.monotonicUs() / 1000 - nowMs
    this.#nextRoundMs = nowMs + Math.max(settings.roundMs, tookMs / ROUND_SHARE)
  }

  #roundInput(): RoundInput {
    const { memory, settings } = this.#context
    const { operators } = memory()
    const { nowMs } = this.#moment()
    return {
      view: buildView(this.#sources(), { settings: settings.plan }),
      running: [...operators.running.values()].map(({ shardId, steps, at }) => {
        return { shardId, steps: steps.slice(at) }
      }),
      mayRepair: (shardId) => operators.mayRepair(shardId, nowMs),
      mayBalance: (shardId) => operators.mayBalance(shardId, nowMs),
    }
  }

  /** Every worker was heard of, or has had its time. */
  #isWarm(): boolean {
    const { catalog, memory, settings } = this.#context
    const { observations } = memory()
    if (observations.ageMs >= settings.silentMs) return true
    return [...catalog.state.workers.keys()].every((id) => observations.workers.has(id))
  }

  /** Tells of workers that fell silent, died or came back; the routing tells it too. */
  #noteWorkers(): void {
    const { catalog, settings, memory: currentMemory } = this.#context
    const memory = currentMemory()
    const before = this.#seen?.memory === memory ? this.#seen.workers : undefined
    const workers = new Map<bigint, Seen>()
    for (const { workerId, draining } of catalog.state.workers.values()) {
      const state = memory.observations.stateOf(workerId, settings)
      const hosted = catalog.state.hostedBy(workerId).size
      workers.set(workerId, { state, hosted })
      const was = before?.get(workerId)
      if (was === undefined) continue
      if (draining && hosted === 0 && was.hosted > 0) {
        memory.events.add(`worker ${workerId} hosts nothing any more: it may go`, { workerId })
      }
      if (was.state === state) continue
      memory.routingChanges += 1n
      memory.events.add(this.#describeWorker(workerId, state, hosted), { workerId })
    }
    this.#seen = { memory, workers }
  }

  #describeWorker(workerId: bigint, state: placement.WorkerState, hosted: number): string {
    const { silentMs, deadMs } = this.#context.settings
    switch (state) {
      case placement.WorkerState.DEAD:
        return `worker ${workerId} is dead, silent for ${deadMs / 1000} s; it has ${hosted} replicas`
      case placement.WorkerState.SILENT:
        return `worker ${workerId} is silent for ${silentMs / 1000} s`
      case placement.WorkerState.UP:
      case placement.WorkerState.UNSPECIFIED:
        return `worker ${workerId} is back`
    }
  }

  #sources(): Sources {
    const { catalog, memory, settings } = this.#context
    return { catalog: catalog.state, observations: memory().observations, silence: settings }
  }

  #moment(): Moment {
    const { clock } = this.#context
    return { wallMs: clock.nowMs(), nowMs: clock.monotonicUs() / 1000 }
  }
}

interface Seen {
  readonly state: placement.WorkerState
  readonly hosted: number
}
