/**
 * OperatorBook: the operators that run, at most one for each shard, and the last that ended.
 */

import { VectronError } from '@vectron/base'
import type { placement } from '@vectron/contracts'
import type { ClusterView } from './cluster-view.ts'
import { look, type Operator, type OperatorState, type Order, toMessage } from './operator.ts'
import type { PlanSettings } from './plan-settings.ts'
import type { Proposal } from './proposal.ts'

/** Operators kept after their end. */
const ENDED_MAX = 200

/** Wall time for people, monotonic time for decisions; milliseconds. */
export interface Moment {
  readonly wallMs: number
  readonly nowMs: number
}

export interface OperatorOrder {
  readonly operator: Operator
  readonly order: Order
}

interface Ended {
  readonly operator: Operator
  readonly finishedMs: number
}

interface Rest {
  readonly sinceMs: number
  readonly isFailed: boolean
}

export class OperatorBook {
  readonly #settings: PlanSettings
  readonly #onEnded: (operator: Operator) => void
  /** By shard. */
  readonly #running = new Map<bigint, Operator>()
  /** Newest last. */
  readonly #ended: Ended[] = []
  readonly #rests = new Map<bigint, Rest>()
  #nextId: bigint

  constructor(settings: PlanSettings, firstId: bigint, onEnded: (operator: Operator) => void) {
    this.#settings = settings
    this.#nextId = firstId
    this.#onEnded = onEnded
  }

  get running(): ReadonlyMap<bigint, Operator> {
    return this.#running
  }

  /** Operators that run, then those that ended; newest first. */
  list(): placement.Operator[] {
    const running = [...this.#running.values()].map((operator) => toMessage(operator, 0))
    const ended = this.#ended.map(({ operator, finishedMs }) => toMessage(operator, finishedMs))
    return [...running.reverse(), ...ended.reverse()]
  }

  /** Whether a checker may begin something on the shard. */
  mayRepair(shardId: bigint, nowMs: number): boolean {
    const rest = this.#rests.get(shardId)
    const isResting = rest?.isFailed && nowMs - rest.sinceMs < this.#settings.retryMs
    return !this.#running.has(shardId) && !isResting
  }

  /** Whether a scheduler may. */
  mayBalance(shardId: bigint, nowMs: number): boolean {
    const rest = this.#rests.get(shardId)
    const isResting = rest !== undefined && nowMs - rest.sinceMs < this.#settings.restMs
    return !this.#running.has(shardId) && !isResting
  }

  /** @throws VectronError CONFLICT when an operator runs on the shard */
  begin(proposal: Proposal, { wallMs, nowMs }: Moment): Operator {
    const other = this.#running.get(proposal.shardId)
    if (other !== undefined) {
      const { operatorId, kind } = other
      const text = `Operator ${operatorId} (${kind}) runs on shard ${proposal.shardId}.`
      throw new VectronError('CONFLICT', text, { subject: `shard ${proposal.shardId}` })
    }
    const operator: Operator = {
      ...proposal,
      operatorId: this.#nextId,
      createdMs: wallMs,
      at: 0,
      movedMs: nowMs,
      progress: undefined,
      toldMs: undefined,
      isCommitted: false,
      state: { kind: 'running' },
    }
    this.#nextId += 1n
    this.#running.set(operator.shardId, operator)
    return operator
  }

  /** Looks at all that runs; answers what is to be done now. */
  look(view: ClusterView, moment: Moment): OperatorOrder[] {
    const orders: OperatorOrder[] = []
    for (const before of [...this.#running.values()]) {
      const { operator, order } = look(view, before, moment.nowMs)
      this.#running.set(operator.shardId, operator)
      if (operator.state.kind !== 'running') this.#end(operator, moment)
      else if (order !== undefined) orders.push({ operator, order })
    }
    return orders
  }

  /** @throws VectronError OPERATOR_NOT_FOUND */
  cancel(operatorId: bigint, moment: Moment): placement.Operator {
    const operator = [...this.#running.values()].find((one) => one.operatorId === operatorId)
    if (operator === undefined) {
      throw new VectronError('OPERATOR_NOT_FOUND', `No operator ${operatorId} is running.`)
    }
    const state: OperatorState = { kind: 'cancelled', why: 'as asked' }
    const cancelled = { ...operator, state }
    this.#end(cancelled, moment)
    return toMessage(cancelled, moment.wallMs)
  }

  #end(operator: Operator, { wallMs, nowMs }: Moment): void {
    const { shardId, state } = operator
    this.#running.delete(shardId)
    this.#ended.push({ operator, finishedMs: wallMs })
    if (this.#ended.length > ENDED_MAX) this.#ended.shift()
    this.#rests.set(shardId, { sinceMs: nowMs, isFailed: state.kind !== 'done' })
    this.#forgetRests(nowMs)
    this.#onEnded(operator)
  }

  /** Rests are in the order of their beginnings only roughly; all are short. */
  #forgetRests(nowMs: number): void {
    const longestMs = Math.max(this.#settings.restMs, this.#settings.retryMs)
    for (const [shardId, { sinceMs }] of this.#rests) {
      if (nowMs - sinceMs < longestMs) break
      this.#rests.delete(shardId)
    }
  }
}
