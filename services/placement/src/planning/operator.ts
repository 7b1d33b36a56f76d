/**
 * Operators: moves of several steps, from their beginning to their end. Pure: each look takes the
 * view and the time, and answers what to do and how the operator stands now.
 *
 * Operators live in the memory of placement's leader only. When the leader changes they are gone,
 * and the checkers of the next one judge what they left.
 */

import { create } from '@bufbuild/protobuf'
import { placement } from '@vectron/contracts'
import type { ClusterView, ShardView } from './cluster-view.ts'
import { contradiction, type Proposal } from './proposal.ts'
import { describeStep, nextAction, type Step } from './step.ts'

export interface Operator extends Proposal {
  readonly operatorId: bigint
  /** By placement's clock, for people. */
  readonly createdMs: number
  /** Which step it is at; the number of steps once it is done. */
  readonly at: number
  /** Monotonic milliseconds when the step began, or last came forward. */
  readonly movedMs: number
  /** From 0 to 1, where known. */
  readonly progress: number | undefined
  /** Monotonic milliseconds when a leader was last told. */
  readonly toldMs: number | undefined
  /** Members have been changed on its behalf: it is carried through. */
  readonly isCommitted: boolean
  readonly state: OperatorState
}

export type OperatorState =
  | { readonly kind: 'running' }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly why: string }
  | { readonly kind: 'cancelled'; readonly why: string }

/** What an operator has somebody do. */
export type Order =
  | { readonly kind: 'change'; readonly command: placement.CatalogCommand['command'] }
  | { readonly kind: 'tell'; readonly workerId: bigint; readonly command: placement.ShardCommand }

export interface Looked {
  readonly operator: Operator
  readonly order?: Order
}

/** Looks at how an operator stands by what was heard, and takes it as far as that goes. */
export function look(view: ClusterView, operator: Operator, nowMs: number): Looked {
  const shard = view.shards.get(operator.shardId)
  if (shard === undefined) return end(operator, { kind: 'cancelled', why: 'the shard is gone' })
  const why = whyCancel(view, operator)
  if (why !== undefined) return end(operator, { kind: 'cancelled', why })
  return advance(view, shard, operator, nowMs)
}

function advance(view: ClusterView, shard: ShardView, operator: Operator, nowMs: number): Looked {
  const step = operator.steps[operator.at]
  if (step === undefined) return end(operator, { kind: 'done' })
  const action = nextAction(view, shard, step)
  switch (action.kind) {
    case 'done': {
      const next = { at: operator.at + 1, movedMs: nowMs, progress: undefined, toldMs: undefined }
      return advance(view, shard, { ...operator, ...next }, nowMs)
    }
    case 'impossible':
      return end(operator, { kind: 'failed', why: action.why })
    case 'wait':
      return wait(view, operator, step, nowMs, action.progress)
    case 'change': {
      if (nowMs - operator.movedMs >= view.settings.stepMs) {
        return wait(view, operator, step, nowMs)
      }
      const isCommitted = operator.isCommitted || step.kind === 'promote' || step.kind === 'remove'
      return { operator: { ...operator, isCommitted }, order: action }
    }
    case 'tell': {
      const { toldMs } = operator
      if (toldMs !== undefined && nowMs - toldMs < view.settings.resendMs) {
        return wait(view, operator, step, nowMs)
      }
      const waited = wait(view, operator, step, nowMs)
      if (waited.operator.state.kind !== 'running') return waited
      return { operator: { ...waited.operator, toldMs: nowMs }, order: action }
    }
  }
}

function wait(
  { settings }: ClusterView,
  operator: Operator,
  step: Step,
  nowMs: number,
  progress?: number,
): Looked {
  const isForward = progress !== undefined && progress > (operator.progress ?? -1)
  const moved = isForward ? { ...operator, progress, movedMs: nowMs } : operator
  const patienceMs = step.kind === 'catch-up' ? settings.catchUpStalledMs : settings.stepMs
  if (nowMs - moved.movedMs < patienceMs) return { operator: moved }
  const why = `no progress for ${Math.round(patienceMs / 1000)} s: ${describeStep(step)}`
  return end(operator, { kind: 'failed', why })
}

function whyCancel(view: ClusterView, operator: Operator): string | undefined {
  if (operator.isCommitted) return undefined
  const target = operator.steps.find((step) => step.kind === 'add' || step.kind === 'lead-on')
  const worker = target && view.workers.get(target.workerId)
  if (target !== undefined && (worker === undefined || worker.life === 'dead')) {
    return `worker ${target.workerId} is dead or removed`
  }
  if (worker?.draining) return `worker ${worker.workerId} is drained`
  return contradiction(view, operator.cause)
}

function end(operator: Operator, state: OperatorState): Looked {
  return { operator: { ...operator, state } }
}

/** As callers of placement see it. */
export function toMessage(operator: Operator, finishedMs: number): placement.Operator {
  const { operatorId, kind, shardId, collection, reason, createdMs, at, progress } = operator
  const isRunning = operator.state.kind === 'running'
  return create(placement.OperatorSchema, {
    operatorId,
    kind,
    shardId,
    collection,
    reason,
    steps: operator.steps.map((step, position) => ({
      text: describeStep(step),
      state: position < at ? 'done' : position === at && isRunning ? 'running' : 'waiting',
      progress: position < at ? 1 : position === at ? (progress ?? 0) : 0,
    })),
    state: describeState(operator.state),
    createdMs: BigInt(createdMs),
    finishedMs: BigInt(finishedMs),
  })
}

/** "running", "done", "failed: <why>", "cancelled: <why>". */
export function describeState(state: OperatorState): string {
  return 'why' in state ? `${state.kind}: ${state.why}` : state.kind
}
