/**
 * The explanation of a search: its stages with times, and what each shard did, as messages and as
 * the one text that the command line and the documentation show too.
 *
 *   total 2.31 ms, exact, from 2 of 2 shards
 *     plan         0.02 ms
 *     resolve      0.01 ms
 *     fan_out      2.10 ms
 *       shard 7    1.90 ms  worker 1
 *         graph: there is no filter; 812 distances (790 estimated), 40 rescored
 *         estimated costs: scan 50000, graph 14000
 *     merge        0.11 ms
 */

import { create, fromBinary } from '@bufbuild/protobuf'
import { type ShardId, shardId } from '@vectron/base'
import { vectron } from '@vectron/contracts'
import type { AnswerOrigin } from '@vectron/routing'
import type { StageTime } from './stage-times.ts'

export interface Explained {
  readonly tookUs: number
  readonly stages: readonly StageTime[]
  readonly completeness: vectron.Completeness
  readonly shardsTotal: number
  readonly shardsAnswered: number
  readonly missing: readonly vectron.ShardMissing[]
  /** Each an encoded `vectron.v1.ShardPlan`. */
  readonly plans: readonly Uint8Array[]
}

export function explainSearch(explained: Explained): vectron.SearchExplanation {
  const plans = explained.plans.map((plan) => fromBinary(vectron.ShardPlanSchema, plan))
  return create(vectron.SearchExplanationSchema, {
    stages: explained.stages.map((stage) => create(vectron.SearchStageSchema, { ...stage })),
    text: toText(explained, plans),
  })
}

/** Shards as stages: when each was asked, and of whom. */
export function shardStages(origins: ReadonlyMap<ShardId, AnswerOrigin>) {
  return [...origins].map(([shard, { workerId, askedBefore, askedUs, tookUs }]) => {
    const after = askedBefore.length === 0 ? '' : `, asked after worker ${askedBefore.join(', ')}`
    const detail = `worker ${workerId}${after}`
    return { name: `shard ${shard}`, span: { fromUs: askedUs, tookUs }, detail }
  })
}

function toText(explained: Explained, plans: readonly vectron.ShardPlan[]): string {
  const { tookUs, stages, completeness, shardsTotal, shardsAnswered, missing } = explained
  const kind = KINDS[completeness.kind]
  const lines = [`total ${ms(tookUs)}, ${kind}, from ${shardsAnswered} of ${shardsTotal} shards`]
  const byShard = Map.groupBy(plans, (plan) => `shard ${plan.shardId}`)
  for (const { name, tookUs: took, detail } of stages) {
    const indent = name.startsWith('shard ') ? '    ' : '  '
    const label = `${indent}${name}`.padEnd(14)
    lines.push(`${label} ${ms(took).padStart(10)}${detail === '' ? '' : `  ${detail}`}`)
    for (const plan of byShard.get(name) ?? []) {
      lines.push(`      ${planText(plan)}`)
      if (plan.alternatives.length > 0) lines.push(`      ${costsText(plan)}`)
    }
    // A shard that is asked again tells the plans of all queries where it was asked first.
    byShard.delete(name)
  }
  for (const { shardId: id, message } of missing) {
    lines.push(`    shard ${shardId(id)}: no answer: ${message}`)
  }
  return lines.join('\n')
}

const KINDS: Readonly<Record<vectron.CompletenessKind, string>> = {
  [vectron.CompletenessKind.UNSPECIFIED]: 'unknown',
  [vectron.CompletenessKind.EXACT]: 'exact',
  [vectron.CompletenessKind.APPROXIMATE]: 'approximate',
  [vectron.CompletenessKind.TRUNCATED]: 'truncated',
}

/** `filtered_graph: many points match the filter; 5210 match (5000 estimated), 812 distances ...` */
function planText(plan: vectron.ShardPlan): string {
  const { strategy, reason, matches, distancesComputed, rescored, tailScanned, tookUs } = plan
  const work = [
    ...(matches === undefined ? [] : [`${matches} match${estimated(plan.matchesEstimated)}`]),
    `${distancesComputed} distances${estimated(plan.distancesEstimated)}`,
    `${rescored} rescored`,
    ...(tailScanned === 0n ? [] : [`${tailScanned} scanned behind the graph`]),
    `${ms(tookUs)} in the engine`,
  ]
  return `${strategy}: ${reason}; ${work.join(', ')}`
}

function estimated(count: bigint | undefined): string {
  return count === undefined ? '' : ` (${count} estimated)`
}

function costsText({ alternatives }: vectron.ShardPlan): string {
  const costs = alternatives.map(({ strategy, cost }) => `${strategy} ${cost}`)
  return `estimated costs: ${costs.join(', ')}`
}

function ms(us: number): string {
  return `${(us / 1000).toFixed(2)} ms`
}
