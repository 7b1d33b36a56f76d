/**
 * A RaftCore in front of another one: the base of those that watch it, or plant a bug in it.
 */
import type {
  CreateGroupOptions,
  GroupMember,
  GroupStatus,
  OutgoingMessage,
  PollResult,
  ProposeMembersResult,
  ProposeResult,
  RaftCore,
  SnapshotOffer,
  SnapshotOutcome,
  SnapshotPoint,
} from '@vectron/native'

export class DelegatingCore implements RaftCore {
  protected readonly core: RaftCore

  constructor(core: RaftCore) {
    this.core = core
  }

  createGroup(options: CreateGroupOptions): void {
    this.core.createGroup(options)
  }

  destroyGroup(group: bigint): void {
    this.core.destroyGroup(group)
  }

  tick(): void {
    this.core.tick()
  }

  step(group: bigint, message: Uint8Array): SnapshotOffer | undefined {
    return this.core.step(group, message)
  }

  acceptSnapshot(group: bigint, message: Uint8Array): boolean {
    return this.core.acceptSnapshot(group, message)
  }

  propose(group: bigint, data: Uint8Array): ProposeResult {
    return this.core.propose(group, data)
  }

  proposeMembers(
    group: bigint,
    members: readonly GroupMember[],
    version: bigint,
  ): ProposeMembersResult {
    return this.core.proposeMembers(group, members, version)
  }

  applyConfChange(group: bigint, index: bigint, change: Uint8Array): void {
    this.core.applyConfChange(group, index, change)
  }

  readIndex(group: bigint, context: Uint8Array): boolean {
    return this.core.readIndex(group, context)
  }

  transferLeader(group: bigint, to: bigint): void {
    this.core.transferLeader(group, to)
  }

  campaign(group: bigint): void {
    this.core.campaign(group)
  }

  reportUnreachable(group: bigint, replica: bigint): void {
    this.core.reportUnreachable(group, replica)
  }

  reportGone(group: bigint, replica: bigint): void {
    this.core.reportGone(group, replica)
  }

  setSnapshot(group: bigint, point: SnapshotPoint): void {
    this.core.setSnapshot(group, point)
  }

  dropSnapshot(group: bigint): void {
    this.core.dropSnapshot(group)
  }

  reportSnapshot(group: bigint, replica: bigint, outcome: SnapshotOutcome): void {
    this.core.reportSnapshot(group, replica, outcome)
  }

  provideEntries(group: bigint, low: bigint, record: Uint8Array | undefined): void {
    this.core.provideEntries(group, low, record)
  }

  poll(): PollResult | undefined {
    return this.core.poll()
  }

  persisted(batch: bigint): readonly OutgoingMessage[] {
    return this.core.persisted(batch)
  }

  applied(group: bigint, index: bigint): void {
    this.core.applied(group, index)
  }

  compact(group: bigint, index: bigint): void {
    this.core.compact(group, index)
  }

  status(group: bigint): GroupStatus | undefined {
    return this.core.status(group)
  }
}
