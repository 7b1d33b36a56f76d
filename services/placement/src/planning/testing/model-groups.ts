/**
 * Model of what workers make of their assignments: the Raft groups of a cluster without Raft.
 *
 * Each group elects, follows the catalog one change of members at a time, and brings its members up
 * to date, as the real ones do, in whole seconds. For golden scripts and tests of placement.
 */

import { create } from '@bufbuild/protobuf'
import { placement } from '@vectron/contracts'
import { versionOf } from '../../catalog-members.ts'

interface Member {
  readonly replicaId: bigint
  readonly workerId: bigint
  readonly learner: boolean
}

interface Group {
  members: readonly Member[]
  version: bigint
  /** Replica that leads; 0 while nobody does. */
  leaderId: bigint
  term: bigint
  lastIndex: bigint
  readonly match: Map<bigint, bigint>
  isJoint: boolean
  /** Leads next, as placement told. */
  heirId: bigint
}

export class ModelGroups {
  readonly #groups = new Map<bigint, Group>()
  /** Workers that run; others neither vote nor report. */
  readonly alive = new Set<bigint>()
  /** Replicas whose data is gone. */
  readonly lost = new Set<bigint>()
  /** Replicas that take part, but whose data is damaged: none can be made of them. */
  readonly damaged = new Set<bigint>()
  /** Workers whose replicas fail, for a reason that may pass. */
  readonly failing = new Set<bigint>()
  /** Entries a second that a worker takes in; others take in all at once. */
  readonly speeds = new Map<bigint, bigint>()
  /** Bytes of each shard; others have none. */
  readonly bytes = new Map<bigint, bigint>()
  /** Shards that cannot leave their joint configuration until another leads. */
  readonly stuck = new Set<bigint>()

  /** One second passes; the shards are as the catalog wants them. */
  step(shards: readonly placement.ShardRouting[]): void {
    const wanted = new Set(shards.map(({ shardId }) => shardId))
    for (const shardId of [...this.#groups.keys()]) {
      if (!wanted.has(shardId)) this.#groups.delete(shardId)
    }
    for (const shard of shards) {
      const group = this.#groups.get(shard.shardId) ?? this.#bootstrap(shard)
      this.#elect(group)
      this.#catchUp(group)
      this.#follow(group, shard)
    }
  }

  tell({ shardId, command }: placement.ShardCommand): void {
    const group = this.#groups.get(shardId)
    if (group !== undefined && command.case === 'transferLeadership') {
      group.heirId = command.value.toReplicaId
    }
  }

  write(shardId: bigint, entries: bigint): void {
    const group = this.#groups.get(shardId)
    if (group !== undefined) group.lastIndex += entries
  }

  /** What a worker says in its heartbeat of what it is assigned. */
  reports(
    workerId: bigint,
    assignments: readonly placement.Assignment[],
  ): placement.ReplicaReport[] {
    return assignments.map(({ shardId, replicaId, schemaVersion }) => {
      const group = this.#groups.get(shardId)
      const leader = group !== undefined && group.leaderId === replicaId
      return create(placement.ReplicaReportSchema, {
        shardId,
        replicaId,
        leader,
        term: group?.term ?? 0n,
        schemaVersion,
        diskBytes: this.bytes.get(shardId) ?? 0n,
        ...(leader ? { leadership: this.#reportLeader(shardId, group) } : {}),
        ...this.#failureOf(replicaId, workerId),
      })
    })
  }

  #failureOf(replicaId: bigint, workerId: bigint) {
    if (this.lost.has(replicaId)) {
      return { failure: { reason: 'REPLICA_LOST', message: 'its log is gone' } }
    }
    if (this.damaged.has(replicaId)) {
      return { failure: { reason: 'DATA_CORRUPT', message: 'vectors.f32: row 7 is damaged' } }
    }
    if (this.failing.has(workerId)) {
      return { failure: { reason: 'SHARD_UNAVAILABLE', message: 'its group has failed' } }
    }
    return {}
  }

  #reportLeader(shardId: bigint, group: Group) {
    return {
      membershipVersion: group.version,
      joint: group.isJoint || this.stuck.has(shardId),
      lastIndex: group.lastIndex,
      members: group.members.map((member) => ({
        replicaId: member.replicaId,
        learner: member.learner,
        matchIndex: group.match.get(member.replicaId) ?? 0n,
        active: this.#isUp(member),
      })),
    }
  }

  #bootstrap(shard: placement.ShardRouting): Group {
    const members = membersOf(shard)
    const group: Group = {
      members,
      version: versionOf(shard),
      leaderId: 0n,
      term: 0n,
      lastIndex: 5000n,
      match: new Map(members.map(({ replicaId }) => [replicaId, 5000n])),
      isJoint: false,
      heirId: 0n,
    }
    this.#groups.set(shard.shardId, group)
    return group
  }

  #elect(group: Group): void {
    const voters = group.members.filter(({ learner }) => !learner)
    const up = voters.filter((voter) => this.#isUp(voter))
    const hasQuorum = up.length * 2 > voters.length
    const heir = up.find(({ replicaId }) => replicaId === group.heirId)
    group.heirId = 0n
    if (!hasQuorum) {
      group.leaderId = 0n
      return
    }
    const present = up.find(({ replicaId }) => replicaId === group.leaderId)
    const next = heir ?? present ?? up.find(({ replicaId }) => this.#has(group, replicaId)) ?? up[0]
    if (next === undefined || next === present) return
    group.leaderId = next.replicaId
    group.term += 1n
  }

  #catchUp(group: Group): void {
    for (const member of group.members) {
      if (!this.#isUp(member)) continue
      const needsSnapshot = (group.match.get(member.replicaId) ?? 0n) === 0n
      if (needsSnapshot && this.damaged.has(group.leaderId)) continue
      const speed = this.speeds.get(member.workerId) ?? group.lastIndex
      const next = (group.match.get(member.replicaId) ?? 0n) + speed
      group.match.set(member.replicaId, next < group.lastIndex ? next : group.lastIndex)
    }
  }

  /** The leader brings the group to what the catalog wants. */
  #follow(group: Group, shard: placement.ShardRouting): void {
    const leader = group.members.find(({ replicaId }) => replicaId === group.leaderId)
    if (leader === undefined || this.stuck.has(shard.shardId)) return
    if (versionOf(shard) <= group.version) return
    const wanted = membersOf(shard)
    const voters = wanted.filter(({ learner }) => !learner)
    if (!voters.some(({ replicaId }) => replicaId === group.leaderId)) {
      const heir = voters.find((voter) => this.#isUp(voter) && this.#has(group, voter.replicaId))
      group.heirId = heir?.replicaId ?? 0n
      return
    }
    const up = voters.filter((voter) => this.#isUp(voter))
    if (up.length * 2 <= voters.length) return
    group.members = wanted
    group.version = versionOf(shard)
  }

  #isUp({ workerId, replicaId }: Member): boolean {
    return this.alive.has(workerId) && !this.lost.has(replicaId) && !this.failing.has(workerId)
  }

  #has(group: Group, replicaId: bigint): boolean {
    return (group.match.get(replicaId) ?? 0n) + 10n >= group.lastIndex
  }
}

function membersOf({ replicas }: placement.ShardRouting): Member[] {
  return replicas
    .filter(({ leaving }) => !leaving)
    .map(({ replicaId, workerId, learner }) => ({ replicaId, workerId, learner }))
}
