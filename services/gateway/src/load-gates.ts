/**
 * The gates before searches, reads and writes, one for each kind. Management and health pass: who
 * looks after a cluster that has too much to do must get in.
 */
import type { Clock, Metrics } from '@vectron/base'
import { countOutcomes, type GateOf, LoadGate, type TurnAway, TurnLine } from '@vectron/rpc'
import type { RecentLoad } from './recent-load.ts'
import { kindOf, type RequestKind } from './request-kind.ts'

export interface LoadGatesOptions {
  /** Milliseconds that a request may be expected to wait for those before it. */
  readonly queueMsMax: number
  readonly clock: Clock
  readonly metrics: Metrics
  /** Told of those that are turned away. */
  readonly recentLoad: RecentLoad
}

export interface LoadGates {
  readonly gateOf: GateOf
  readonly turnAway: TurnAway
}

const GATED = ['search', 'read', 'write'] as const satisfies readonly RequestKind[]

export function openLoadGates(options: LoadGatesOptions): LoadGates {
  const { queueMsMax, clock, metrics, recentLoad } = options
  const refused = metrics.counter({
    name: 'calls_refused_total',
    help: 'Calls refused at once because too many of their kind were under way.',
    labels: ['kind'],
  })
  const line = new TurnLine(setImmediate)
  const gates = new Map<RequestKind, LoadGate>()
  for (const kind of GATED) {
    refused.inc({ kind }, 0)
    const onRefused = () => refused.inc({ kind })
    gates.set(kind, new LoadGate({ queueMsMax, clock, line, onRefused }))
  }
  const inFlight = metrics.gauge({
    name: 'calls_in_flight',
    help: 'Calls under way that were let in.',
    labels: ['kind'],
    collect: () => {
      for (const [kind, gate] of gates) inFlight.set({ kind }, gate.inFlight)
    },
  })
  const limit = metrics.gauge({
    name: 'calls_in_flight_limit',
    help: 'Calls at once that can be expected to be answered in time.',
    labels: ['kind'],
    collect: () => {
      for (const [kind, gate] of gates) limit.set({ kind }, gate.limit)
    },
  })
  const gateOf: GateOf = (method) => gates.get(kindOf(method))
  const countOutcome = countOutcomes(metrics)
  const turnAway: TurnAway = (arrival) => {
    const refusal = gateOf(arrival.method)?.whyFull(arrival.remainingMs)
    if (refusal !== undefined) {
      countOutcome(arrival, refusal.reason)
      recentLoad.turnedAway(arrival.method)
    }
    return refusal
  }
  return { gateOf, turnAway }
}
