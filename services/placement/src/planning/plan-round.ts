/**
 * One round of planning over the whole cluster: first what is broken, most urgent first, then
 * balance. Pure: answers what to begin, and how the cluster is.
 */

import { checkShard, type Finding, isUnderReplicated } from './checkers.ts'
import type { ClusterView, ShardView } from './cluster-view.ts'
import type { Proposal } from './proposal.ts'
import { type Remaining, Room } from './room.ts'
import { balance } from './schedulers.ts'

export interface RoundInput {
  readonly view: ClusterView
  /** Operators that run, with the steps that they have still before them. */
  readonly running: readonly Remaining[]
  readonly mayRepair: (shardId: bigint) => boolean
  readonly mayBalance: (shardId: bigint) => boolean
}

export interface Round {
  readonly proposals: readonly Proposal[]
  readonly health: Health
}

export interface Health {
  readonly shardsWithoutLeader: number
  readonly shardsUnderReplicated: number
  /** One line for each shard that breaks a rule, most urgent first; the first hundred. */
  readonly problems: readonly string[]
}

const PROBLEMS_MAX = 100

export function planRound(input: RoundInput): Round {
  const { view, running, mayRepair, mayBalance } = input
  const room = new Room(view, running)
  const findings = findAll(view)
  const proposals: Proposal[] = []
  const problems: string[] = []
  const taken = new Set<bigint>()
  for (const { shard, text, heal } of findings) {
    const { shardId } = shard
    const remedy = mayRepair(shardId) ? heal(room) : undefined
    if (remedy?.kind === 'propose') {
      room.take(remedy.proposal)
      proposals.push(remedy.proposal)
      taken.add(shardId)
    }
    const why = remedy?.kind === 'helpless' ? `; ${remedy.why}` : ''
    if (problems.length < PROBLEMS_MAX) problems.push(`${nameOf(shard)}: ${text}${why}`)
  }
  const isFree = (shardId: bigint) => !taken.has(shardId) && mayBalance(shardId)
  proposals.push(...balance({ view, room, isFree }))
  return { proposals, health: { ...count(view), problems } }
}

/** Balance alone, to the last replica and leader; for a person who asks. */
export function planBalance({ view, running, mayBalance }: RoundInput): Proposal[] {
  const room = new Room(view, running)
  return balance({ view, room, isFree: mayBalance, isThorough: true })
}

function findAll(view: ClusterView): Finding[] {
  const byUrgency: [Finding[], Finding[], Finding[], Finding[]] = [[], [], [], []]
  for (const shard of view.shards.values()) {
    const finding = checkShard(view, shard)
    if (finding !== undefined) byUrgency[finding.urgency].push(finding)
  }
  return byUrgency.flat()
}

function count({ shards }: ClusterView) {
  let shardsWithoutLeader = 0
  let shardsUnderReplicated = 0
  for (const shard of shards.values()) {
    if (shard.leader === undefined) shardsWithoutLeader += 1
    if (isUnderReplicated(shard)) shardsUnderReplicated += 1
  }
  return { shardsWithoutLeader, shardsUnderReplicated }
}

function nameOf({ shardId, collection }: ShardView): string {
  return `shard ${shardId} of ${collection}`
}
