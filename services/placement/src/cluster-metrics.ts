/**
 * Metrics of the cluster as placement's leader sees it; of other members only that they do not
 * lead.
 *
 * Asked for when somebody scrapes. A member that does not lead says nothing of the cluster: what it
 * heard is old, and sums over members stay true.
 */

import type { Metrics } from '@vectron/base'
import { placement } from '@vectron/contracts'
import type { PlacementContext } from './context.ts'
import { buildWorkers } from './routing-message.ts'

export function exposeCluster(metrics: Metrics, context: PlacementContext): void {
  const { leadership, catalog } = context
  const leads = metrics.gauge({
    name: 'placement_is_leader',
    help: '1 where this member leads placement.',
    collect: () => {
      leads.set(leadership.term === undefined ? 0 : 1)
    },
  })
  gaugeOfLeader(metrics, context, {
    name: 'cluster_collections',
    help: 'Collections of the catalog, of all projects.',
    value: () => catalog.state.collections.size,
  })
  gaugeOfLeader(metrics, context, {
    name: 'cluster_shards',
    help: 'Shards of the catalog.',
    value: () => catalog.state.shards.size,
  })
  gaugeOfLeader(metrics, context, {
    name: 'cluster_shards_without_leader',
    help: 'Shards without a leader that is heard of.',
    value: () => context.memory().health.shardsWithoutLeader,
  })
  gaugeOfLeader(metrics, context, {
    name: 'cluster_shards_under_replicated',
    help: 'Shards with fewer sound replicas than their collection asks for.',
    value: () => context.memory().health.shardsUnderReplicated,
  })
  gaugeOfLeader(metrics, context, {
    name: 'cluster_operators_running',
    help: 'Moves of replicas and leaders that run.',
    value: () => {
      const operators = context.memory().operators.list()
      return operators.filter(({ state }) => state === 'running').length
    },
  })
  gaugeOfLeader(metrics, context, {
    name: 'cluster_gateways',
    help: 'Gateways that ask for the routing now and then.',
    value: () => context.memory().gateways.count(),
  })
  exposeWorkers(metrics, context)
}

interface LeaderGauge {
  readonly name: string
  readonly help: string
  readonly value: () => number
}

function gaugeOfLeader(
  metrics: Metrics,
  { leadership }: PlacementContext,
  { name, help, value }: LeaderGauge,
): void {
  // A label, so that a member that does not lead has no series instead of a zero.
  const gauge = metrics.gauge({
    name,
    help,
    labels: ['by'],
    collect: () => {
      gauge.reset()
      if (leadership.term !== undefined) gauge.set({ by: 'leader' }, value())
    },
  })
}

const STATES: Readonly<Record<placement.WorkerState, string>> = {
  [placement.WorkerState.UNSPECIFIED]: 'unknown',
  [placement.WorkerState.UP]: 'up',
  [placement.WorkerState.SILENT]: 'silent',
  [placement.WorkerState.DEAD]: 'dead',
}

function exposeWorkers(metrics: Metrics, context: PlacementContext): void {
  const { leadership, catalog, memory, settings } = context
  const gauge = metrics.gauge({
    name: 'cluster_workers',
    help: 'Workers by state: up, silent or dead.',
    labels: ['state'],
    collect: () => {
      gauge.reset()
      if (leadership.term === undefined) return
      const { observations } = memory()
      const sources = { catalog: catalog.state, observations, silence: settings }
      for (const state of ['up', 'silent', 'dead']) gauge.set({ state }, 0)
      for (const { state } of buildWorkers(sources)) gauge.inc({ state: STATES[state] })
    },
  })
}
