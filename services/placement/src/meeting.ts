/**
 * Meeting: how members without data find out whether they may begin a cluster.
 *
 * A member that finds its folder empty is new, or it has lost its disk. Were it to begin in the
 * second case, it would vote as if it had promised nothing, and what the others had acknowledged
 * could be lost. So a new member asks all others, and begins only when each of them was as new as
 * itself: then the cluster did not exist yet. Asking tells the other one the same of the asker, so
 * a member that begins first leaves nobody in doubt behind.
 */

import { create } from '@bufbuild/protobuf'
import { type Clock, isVectronError, sleep, VectronError } from '@vectron/base'
import { placement } from '@vectron/contracts'
import type { Client } from '@vectron/rpc'
import { idsOf, type MemberFile } from './member-file.ts'
import type { Membership, PlacementMember } from './members.ts'

export type MeetMember = Pick<Client<typeof placement.Placement>, 'meetMember'>

export interface MeetingOptions {
  readonly membership: Membership
  readonly file: MemberFile
  readonly connect: (member: PlacementMember) => MeetMember
  readonly clock: Clock
}

const CALL_TIMEOUT_MS = 1000
const PAUSE_MS = 200

export class Meeting {
  readonly #options: MeetingOptions
  constructor(options: MeetingOptions) {
    this.#options = options
  }

  /** Answers another member that asks. */
  async answer(request: placement.MeetMemberRequest): Promise<placement.MeetMemberResponse> {
    const { file, membership } = this.#options
    const { memberId, memberIds, isNew: isOtherNew } = request
    if (`${idsOf(membership)}` !== `${memberIds}`) {
      throw new VectronError(
        'INVALID_ARGUMENT',
        `Member ${memberId} is configured with the members ${memberIds.join(', ')}, ` +
          `member ${membership.memberId} with ${idsOf(membership).join(', ')}.`,
        { field: 'members' },
      )
    }
    const isNew = !file.state.hasBegun
    if (isNew && isOtherNew) await this.#note(memberId)
    return create(placement.MeetMemberResponseSchema, { isNew })
  }

  /**
   * Settles when every other member was met as new; rejects when one holds data that this member
   * should have too.
   *
   * @throws VectronError REPLICA_LOST
   */
  async untilAllNew(signal: AbortSignal): Promise<void> {
    const { membership, clock } = this.#options
    for (;;) {
      const others = membership.members.filter(({ memberId }) => !this.#knows(memberId))
      if (others.length === 0) return
      await Promise.all(others.map((member) => this.#meet(member)))
      if (others.some(({ memberId }) => !this.#knows(memberId))) {
        await sleep(clock, PAUSE_MS, signal)
      }
    }
  }

  async #meet(member: PlacementMember): Promise<void> {
    const { membership, connect } = this.#options
    const { memberId } = membership
    const request = { memberId, memberIds: idsOf(membership), isNew: true }
    try {
      const { isNew } = await connect(member).meetMember(request, { timeoutMs: CALL_TIMEOUT_MS })
      if (isNew) return await this.#note(member.memberId)
    } catch (error) {
      // It is not there yet.
      if (!isVectronError(error) || error.reason === 'INVALID_ARGUMENT') throw error
      return
    }
    // It may have begun after it met this member, which then knows it.
    if (this.#knows(member.memberId)) return
    throw new VectronError(
      'REPLICA_LOST',
      `Member ${memberId} of placement has no data, but member ${member.memberId} has: this one ` +
        'has lost its folder, or its folder is not the one that it was started with before.',
      { subject: `placement member ${memberId}` },
    )
  }

  #knows(memberId: bigint): boolean {
    const { file, membership } = this.#options
    return memberId === membership.memberId || file.state.met.includes(memberId)
  }

  async #note(memberId: bigint): Promise<void> {
    const { file } = this.#options
    if (this.#knows(memberId)) await file.settled()
    else await file.change({ met: [...file.state.met, memberId] })
  }
}
