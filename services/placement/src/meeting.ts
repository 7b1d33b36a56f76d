/**
 * Meeting: how a member without data finds out what it may do.
 *
 * A member that finds its folder empty is new, or it has lost its disk. Were it to begin in the
 * second case, it would vote as if it had promised nothing, and what the others had acknowledged
 * could be lost. So it asks all others. When each of them was as new as itself, the cluster did not
 * exist yet, and begins. Otherwise the leader of the cluster gives it a new seat (seats.ts). Asking
 * tells the other one the same of the asker, so a member that begins first leaves nobody in doubt.
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
  /** On the leader: a new seat for a member; see SeatKeeper. */
  readonly giveSeat: (memberId: bigint) => Promise<bigint | undefined>
}

/** What a member without data does. */
export type Place =
  | { readonly kind: 'begin' }
  /** Join the cluster as this replica of the catalog's group. */
  | { readonly kind: 'join'; readonly replicaId: bigint }

const CALL_TIMEOUT_MS = 5000
const PAUSE_MS = 200

export class Meeting {
  readonly #options: MeetingOptions
  constructor(options: MeetingOptions) {
    this.#options = options
  }

  /** Answers another member that asks. */
  async answer(request: placement.MeetMemberRequest): Promise<placement.MeetMemberResponse> {
    const { file, membership } = this.#options
    const { memberId, memberIds } = request
    if (`${idsOf(membership)}` !== `${memberIds}`) {
      throw new VectronError(
        'INVALID_ARGUMENT',
        `Member ${memberId} is configured with the members ${memberIds.join(', ')}, ` +
          `member ${membership.memberId} with ${idsOf(membership).join(', ')}.`,
        { field: 'members' },
      )
    }
    const isNew = !file.state.hasBegun
    if (isNew && request.isNew) await this.#note(memberId)
    const needsSeat = !isNew && (request.isNew || request.isLost)
    const replicaId = needsSeat ? await this.#options.giveSeat(memberId) : undefined
    return create(placement.MeetMemberResponseSchema, { isNew, replicaId: replicaId ?? 0n })
  }

  /**
   * Settles when it is known what to do; `isLost`: the member had data, and never begins.
   *
   * @throws VectronError INVALID_ARGUMENT when the members are configured differently
   */
  async findPlace(isLost: boolean, signal: AbortSignal): Promise<Place> {
    const { membership, clock } = this.#options
    for (;;) {
      const others = membership.members.filter(
        ({ memberId }) => memberId !== membership.memberId && (isLost || !this.#knows(memberId)),
      )
      for (const member of others) {
        const replicaId = await this.#ask(member, isLost)
        if (replicaId !== undefined) return { kind: 'join', replicaId }
      }
      if (!isLost && others.every(({ memberId }) => this.#knows(memberId))) return { kind: 'begin' }
      await sleep(clock, PAUSE_MS, signal)
    }
  }

  /** Asks one of the others; answers the seat that it gives. */
  async #ask(member: PlacementMember, isLost: boolean): Promise<bigint | undefined> {
    const { membership, connect } = this.#options
    const { memberId } = membership
    const request = { memberId, memberIds: idsOf(membership), isNew: !isLost, isLost }
    try {
      const answer = await connect(member).meetMember(request, { timeoutMs: CALL_TIMEOUT_MS })
      if (answer.isNew && !isLost) await this.#note(member.memberId)
      // One that has begun after it met this member is known already.
      return answer.replicaId === 0n ? undefined : answer.replicaId
    } catch (error) {
      if (!isVectronError(error) || error.reason === 'INVALID_ARGUMENT') throw error
      // It is not there yet, or another leads.
      return undefined
    }
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
