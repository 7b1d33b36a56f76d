/**
 * Checkers: which rule a shard breaks, and what heals it. Pure functions of the view.
 *
 * A shard has at most one finding, the first of the list below; what else is wrong is seen once
 * that is healed. Voters come before search-only replicas, which nothing is lost with. Nothing is
 * proposed while a change of members is under way: every plan starts
 * from members that catalog and group agree upon. So what an earlier leader of placement left half
 * done is judged like anything else: a learner that is still needed is taken further, one that is
 * not is removed, a voter too many is removed, a replica that is leaving is seen off.
 */

import { type ClusterView, isEligible, type ReplicaView, type ShardView } from './cluster-view.ts'
import {
  addReplica,
  type Cause,
  type Proposal,
  removeReplica,
  replaceReplica,
  transferLeader,
  type Wish,
} from './proposal.ts'
import { chooseWorker, countZones, type Room, type Seat } from './room.ts'
import {
  isAlive,
  isCaughtUp,
  isHealthy,
  isSettled,
  isSound,
  keepsQuorum,
  kindOf,
  leaderReplica,
  type MemberKind,
  membersOf,
  votersOf,
  wantedOf,
} from './shard-health.ts'
import { chooseHeir } from './step.ts'

/** What can be done about a finding now. */
export type Remedy =
  | { readonly kind: 'propose'; readonly proposal: Proposal }
  /** It is on its way, or must wait for others. */
  | { readonly kind: 'later' }
  | { readonly kind: 'helpless'; readonly why: string }

export interface Finding {
  readonly shard: ShardView
  /** Which rule is broken, for people. */
  readonly text: string
  /** Lower ones first: 0 when the next failure loses the shard. */
  readonly urgency: 0 | 1 | 2 | 3
  readonly heal: (room: Room) => Remedy
}

const LATER: Remedy = { kind: 'later' }
const RULE: Cause = { kind: 'rule' }

/** The first rule that the shard breaks; undefined when all is well. */
export function checkShard(view: ClusterView, shard: ShardView): Finding | undefined {
  if (shard.leader === undefined) return missingLeader(view, shard)
  const voters = rosterOf(shard, 'voter')
  const searchOnly = rosterOf(shard, 'search-only')
  return (
    lingeringJoint(view, shard) ??
    damagedLeader(view, shard) ??
    orphan(shard) ??
    learner(shard) ??
    checkRoster(view, shard, voters) ??
    checkRoster(view, shard, searchOnly) ??
    zoneViolated(view, shard, voters) ??
    zoneViolated(view, shard, searchOnly)
  )
}

/** All members of one kind. */
interface Roster {
  readonly kind: MemberKind
  readonly members: readonly ReplicaView[]
  /** How many the collection asks for. */
  readonly wanted: number
}

function rosterOf(shard: ShardView, kind: MemberKind): Roster {
  return { kind, members: membersOf(shard, kind), wanted: wantedOf(shard, kind) }
}

/** Whether there are as many as asked for, each where it may stay. */
function checkRoster(view: ClusterView, shard: ShardView, roster: Roster): Finding | undefined {
  return (
    overReplicated(view, shard, roster) ??
    replacement(view, shard, roster) ??
    underReplicated(view, shard, roster) ??
    draining(view, shard, roster)
  )
}

/** Fewer sound members of a kind than the collection asks for. */
export function isUnderReplicated(shard: ShardView): boolean {
  let voters = 0
  let searchOnly = 0
  for (const replica of shard.replicas) {
    if (replica.leaving || !isSound(replica)) continue
    if (replica.searchOnly) searchOnly += 1
    else if (!replica.learner) voters += 1
  }
  return voters < shard.replicationFactor || searchOnly < shard.searchReplicas
}

/** Members elect their leader themselves; placement can only say why they cannot. */
function missingLeader({ settings }: ClusterView, shard: ShardView): Finding | undefined {
  const { leaderlessMs } = shard
  if (leaderlessMs < settings.leaderlessMs) return undefined
  const voters = votersOf(shard)
  const alive = voters.filter((replica) => isAlive(shard, replica)).length
  const why =
    alive * 2 > voters.length
      ? 'its voters have not elected one'
      : 'without a majority nothing can be repaired; bring the other workers back'
  const text = `no leader for ${seconds(leaderlessMs)} s; ${alive} of ${voters.length} voters are up`
  return { shard, text, urgency: 0, heal: () => ({ kind: 'helpless', why }) }
}

/** A new leader leaves the joint configuration as its first act. */
function lingeringJoint(view: ClusterView, shard: ShardView): Finding | undefined {
  const jointMs = shard.leader?.jointMs
  if (jointMs === undefined || jointMs < view.settings.jointMs) return undefined
  const text = `its change of members is not finished since ${seconds(jointMs)} s`
  return {
    shard,
    text,
    urgency: 0,
    heal: () => {
      const heir = chooseHeir(view, shard)
      if (heir === undefined) return { kind: 'helpless', why: 'no other voter could lead' }
      return propose(transferLeader(shard, heir.workerId, { reason: text, cause: RULE }))
    },
  }
}

/** A leader whose data is damaged can make no other replica: another must lead before. */
function damagedLeader(view: ClusterView, shard: ShardView): Finding | undefined {
  const leader = leaderReplica(shard)
  if (leader === undefined || !leader.isLost) return undefined
  const text = `its leader, replica ${leader.replicaId} on worker ${leader.workerId}, is damaged`
  const heal = (): Remedy => {
    const heir = chooseHeir(view, shard)
    if (heir === undefined) return { kind: 'helpless', why: 'no other voter could lead' }
    return propose(transferLeader(shard, heir.workerId, { reason: text, cause: RULE }))
  }
  return { shard, text, urgency: 0, heal }
}

/** A replica that is no member any more is destroyed once the group has let it go. */
function orphan(shard: ShardView): Finding | undefined {
  const leaving = shard.replicas.find((replica) => replica.leaving)
  if (leaving === undefined) return undefined
  const text = `replica ${leaving.replicaId} on worker ${leaving.workerId} is no member any more`
  const proposal = removeReplica(shard, leaving, { reason: text, cause: RULE })
  return { shard, text, urgency: 1, heal: () => propose(proposal) }
}

/** A learner that nobody takes further: of an operator that ended, or of an earlier leader. */
function learner(shard: ShardView): Finding | undefined {
  const left = shard.replicas.find((replica) => replica.learner && !replica.searchOnly)
  if (left === undefined) return undefined
  const voters = votersOf(shard)
  const healthy = voters.filter(isHealthy)
  const isNeeded = isHealthy(left) && healthy.length < shard.replicationFactor
  const where = `the learner on worker ${left.workerId}`
  if (!isNeeded) {
    const text = `${where} is not needed`
    const proposal = removeReplica(shard, left, { reason: text, cause: RULE })
    return { shard, text, urgency: 2, heal: () => whenSettled(shard, proposal) }
  }
  const text = `${where} is to be a voter`
  // In the place of one that is broken or on its way out, where there is one.
  const unhealthy = voters.find((voter) => !isSound(voter)) ?? voters.find((v) => !isHealthy(v))
  const wish = { reason: text, cause: RULE }
  const proposal =
    unhealthy === undefined
      ? addReplica(shard, { kind: 'voter', workerId: left.workerId }, wish)
      : replaceReplica(shard, unhealthy, left.workerId, wish)
  return { shard, text, urgency: 1, heal: () => whenSettled(shard, proposal) }
}

/** The member that is missed least goes: a broken one, one to be moved, of the fullest zone. */
function overReplicated(
  { settings }: ClusterView,
  shard: ShardView,
  roster: Roster,
): Finding | undefined {
  if (roster.members.length <= roster.wanted) return undefined
  const text = inNumbers(roster)
  const urgency = roster.kind === 'voter' ? 1 : 2
  const zones = countZones(shard, { kind: roster.kind })
  const worth = (member: ReplicaView) =>
    (isSound(member) ? 8 : 0) +
    (isHealthy(member) ? 4 : 0) -
    (zones.get(member.worker?.zone ?? '') ?? 0) / shard.replicas.length +
    (member.replicaId === shard.leader?.replicaId ? 2 : 0) +
    (isCaughtUp(shard, member, settings.caughtUpLag) ? 1 : 0)
  const byWorth = [...roster.members].sort(
    (a, b) =>
      worth(a) - worth(b) ||
      (b.worker?.replicas ?? 0) - (a.worker?.replicas ?? 0) ||
      (a.replicaId < b.replicaId ? -1 : 1),
  )
  const voters = votersOf(shard)
  const spare = byWorth.find((member) =>
    keepsQuorum(
      shard,
      voters.filter((other) => other !== member),
      settings.caughtUpLag,
    ),
  )
  if (spare === undefined) return { shard, text, urgency, heal: () => LATER }
  const proposal = removeReplica(shard, spare, { reason: text, cause: RULE })
  return { shard, text, urgency, heal: () => whenSettled(shard, proposal) }
}

/** A replica that lost its data, or whose worker is dead, is rebuilt elsewhere. */
function replacement(view: ClusterView, shard: ShardView, roster: Roster): Finding | undefined {
  const broken = roster.members.find((replica) => !isSound(replica))
  if (broken === undefined) return undefined
  const { replicaId, workerId, isLost } = broken
  const text = isLost
    ? `replica ${replicaId} on worker ${workerId} is lost`
    : `worker ${workerId} is dead`
  const cause: Cause = isLost ? RULE : { kind: 'worker-dead', workerId }
  const wish = { reason: text, cause }
  const voters = votersOf(shard)
  const isLast = voters.filter(isSound).length * 2 <= voters.length + 1
  const urgency = roster.kind === 'search-only' ? 2 : isLast ? 0 : 1
  const heal = (room: Room): Remedy => {
    const { caughtUpLag } = view.settings
    if (!isSettled(shard)) return LATER
    if (!keepsQuorum(shard, voters, caughtUpLag)) {
      return { kind: 'helpless', why: 'no majority of its voters is alive and up to date' }
    }
    const choice = chooseWorker(view, room, shard, seatOf(broken))
    if (choice.kind === 'later') return LATER
    if (choice.kind === 'worker') {
      return propose(replaceReplica(shard, broken, choice.worker.workerId, wish))
    }
    // What is lost makes room for its successor on the same worker; who is dead may come back.
    const rest = voters.filter((voter) => voter !== broken)
    if (isLost && rest.length > 0 && keepsQuorum(shard, rest, caughtUpLag)) {
      return propose(removeReplica(shard, broken, wish))
    }
    return nowhere(view)
  }
  return { shard, text, urgency, heal }
}

function underReplicated(view: ClusterView, shard: ShardView, roster: Roster): Finding | undefined {
  const { kind, members, wanted } = roster
  if (members.length >= wanted) return undefined
  const text = inNumbers(roster)
  const heal = (room: Room): Remedy => {
    if (!isSettled(shard)) return LATER
    const choice = chooseWorker(view, room, shard, { kind })
    if (choice.kind === 'later') return LATER
    if (choice.kind === 'nowhere') return nowhere(view)
    const { workerId } = choice.worker
    return propose(addReplica(shard, { kind, workerId }, { reason: text, cause: RULE }))
  }
  const urgency = kind === 'search-only' ? 2 : members.length < 2 ? 0 : 1
  return { shard, text, urgency, heal }
}

function draining(view: ClusterView, shard: ShardView, roster: Roster): Finding | undefined {
  const leaves = roster.members.find((replica) => !isHealthy(replica))
  if (leaves === undefined) return undefined
  const { workerId } = leaves
  const text = `worker ${workerId} is drained`
  const wish = { reason: text, cause: { kind: 'worker-draining', workerId } } as const
  return { shard, text, urgency: 2, heal: (room) => move(view, room, shard, leaves, wish) }
}

/** Replicas crowd in one zone, one of a kind among them, while another has a place. */
function zoneViolated(view: ClusterView, shard: ShardView, roster: Roster): Finding | undefined {
  const { kind, members } = roster
  if (view.zones.size < 2) return undefined
  const counts = countZones(shard, { kind })
  const own = new Set(members.map(({ worker }) => worker?.zone))
  let crowded: readonly [string, number] = ['', 1]
  for (const zone of counts) if (own.has(zone[0]) && zone[1] > crowded[1]) crowded = zone
  const [zone, count] = crowded
  // Counts that differ by one cannot be evened out.
  const isEmptier = (other: string) => (counts.get(other) ?? 0) + 2 <= count
  const hasPlace = [...view.zones].some(
    ([other, eligible]) => isEmptier(other) && eligible > (counts.get(other) ?? 0),
  )
  if (!hasPlace) return undefined
  const inZone = members.filter(({ worker }) => worker?.zone === zone)
  // A follower, so that the leader need not move.
  const moved = inZone.find(({ replicaId }) => replicaId !== shard.leader?.replicaId) ?? inZone[0]
  if (moved === undefined) return undefined
  const text = `${count} replicas are in zone "${zone}"`
  const wish = { reason: text, cause: RULE }
  const heal = (room: Room): Remedy => {
    const choice = chooseWorker(view, room, shard, seatOf(moved))
    // Elsewhere it would only be one too many again.
    if (choice.kind === 'worker' && !isEmptier(choice.worker.zone)) return nowhere(view)
    return move(view, room, shard, moved, wish)
  }
  return { shard, text, urgency: 3, heal }
}

function move(
  view: ClusterView,
  room: Room,
  shard: ShardView,
  old: ReplicaView,
  wish: Wish,
): Remedy {
  if (!isSettled(shard)) return LATER
  const choice = chooseWorker(view, room, shard, seatOf(old))
  if (choice.kind === 'later') return LATER
  if (choice.kind === 'nowhere') return nowhere(view)
  return propose(replaceReplica(shard, old, choice.worker.workerId, wish))
}

/** The place of a replica, for its successor. */
function seatOf(old: ReplicaView): Seat {
  return { kind: kindOf(old), oldReplicaId: old.replicaId }
}

/** For instance "2 voters instead of 3". */
function inNumbers({ kind, members, wanted }: Roster): string {
  const name = kind === 'voter' ? 'voters' : 'search-only replicas'
  return `${members.length} ${name} instead of ${wanted}`
}

function whenSettled(shard: ShardView, proposal: Proposal): Remedy {
  return isSettled(shard) ? propose(proposal) : LATER
}

function propose(proposal: Proposal): Remedy {
  return { kind: 'propose', proposal }
}

function nowhere({ workers }: ClusterView): Remedy {
  const up = [...workers.values()].filter(isEligible).length
  const why = `no worker can take a replica: ${up} of ${workers.size} are up and not drained`
  return { kind: 'helpless', why }
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000)
}
