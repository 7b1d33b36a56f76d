/**
 * Leadership: whether this member may answer for placement.
 *
 * A member answers only when Raft says that it leads, and only once a read barrier of that term has
 * passed: then everything that was ever acknowledged is applied here. What an earlier leader heard
 * and planned is not known here, so each term begins with memory of its own. Others are told who
 * leads, as far as known.
 */

import {
  type Clock,
  type Deadline,
  deadlineAfter,
  type GroupId,
  LIMITS,
  VectronError,
} from '@vectron/base'
import type { ReplicaHost } from '@vectron/raft'
import type { PlacementMember } from './members.ts'

export interface LeadershipOptions {
  readonly host: ReplicaHost
  readonly group: GroupId
  /** Whose replica of the group it is. */
  readonly memberAt: (replica: bigint) => PlacementMember | undefined
  readonly clock: Clock
  /** Begins a term: forgets what was heard in earlier ones. */
  readonly onLead: (term: bigint, deadline: Deadline) => Promise<void>
}

export class Leadership {
  readonly #options: LeadershipOptions
  #term: bigint | undefined
  #entering: { readonly term: bigint; readonly done: Promise<void> } | undefined

  constructor(options: LeadershipOptions) {
    this.#options = options
  }

  /** The term in which this member answers; undefined when it does not. */
  get term(): bigint | undefined {
    const status = this.#options.host.status(this.#options.group)
    return status?.role === 'leader' && status.term === this.#term ? this.#term : undefined
  }

  /**
   * Settles when this member leads and knows all that was acknowledged; at once when it knows.
   *
   * @throws VectronError NOT_LEADER with `leaderAddress`, where it is known; DEADLINE_EXCEEDED
   */
  async enter(): Promise<void> {
    if (this.term !== undefined) return
    const term = this.#leadingTerm()
    if (this.#entering?.term !== term) this.#entering = { term, done: this.#begin(term) }
    await this.#entering.done
    this.check()
  }

  /** @throws VectronError NOT_LEADER */
  check(): void {
    if (this.term === undefined) throw this.#notLeader()
  }

  /**
   * Settles when a majority has confirmed that this member still leads: what it says now is not
   * older than what another member has said.
   *
   * @throws VectronError NOT_LEADER, DEADLINE_EXCEEDED
   */
  async confirm(deadline: Deadline): Promise<void> {
    await this.#options.host.readBarrier(this.#options.group, { deadline })
    this.check()
  }

  async #begin(term: bigint): Promise<void> {
    const { host, group, clock, onLead } = this.#options
    try {
      const deadline = deadlineAfter(clock, LIMITS.requestTimeoutMsDefault)
      await host.readBarrier(group, { deadline })
      if (this.#leadingTerm() !== term) throw this.#notLeader()
      await onLead(term, deadline)
      this.#term = term
    } finally {
      this.#entering = undefined
    }
  }

  #leadingTerm(): bigint {
    const status = this.#options.host.status(this.#options.group)
    // Without a status it has not joined yet, or its catalog has failed: others may lead.
    if (status?.role !== 'leader') throw this.#notLeader()
    return status.term
  }

  #notLeader(): VectronError {
    const { host, group, memberAt } = this.#options
    const status = host.status(group)
    const leader = memberAt(status?.leader ?? 0n)
    const isKnown = leader !== undefined && status?.role !== 'leader'
    return new VectronError(
      'NOT_LEADER',
      isKnown
        ? `Member ${leader.memberId} leads placement; it answers at ${leader.address}.`
        : 'Placement has no leader at this moment.',
      { metadata: isKnown ? { leaderAddress: leader.address } : {} },
    )
  }
}
