/**
 * What a member of placement remembers of itself beside its log: whether it has begun.
 *
 * A log alone cannot tell a new member from one whose disk was replaced. The second must not vote
 * under its old replica id again: it has promised things that it does not know any more.
 *
 * `<folder>/member.json`, replaced as a whole.
 */

import { join } from 'node:path'
import { type Disk, replaceFile, VectronError } from '@vectron/base'
import type { Membership } from './members.ts'

export interface MemberState {
  readonly memberId: bigint
  /** All members, in the order of ids. */
  readonly memberIds: readonly bigint[]
  /** Others that were new when this one was. */
  readonly met: readonly bigint[]
  /** It has joined the catalog's group; without a log it has lost what it knew. */
  readonly hasBegun: boolean
  /** Its replica of the catalog's group. */
  readonly replicaId: bigint
}

export class MemberFile {
  readonly #path: string
  readonly #disk: Disk
  #state: MemberState
  /** Writes, one after the other. */
  #written: Promise<void> = Promise.resolve()

  /** @throws VectronError DATA_CORRUPT; INVALID_ARGUMENT when it is of other members */
  static async open(folder: string, disk: Disk, membership: Membership): Promise<MemberFile> {
    const path = join(folder, 'member.json')
    const memberIds = idsOf(membership)
    const bytes = await disk.read(path)
    const fresh = {
      memberId: membership.memberId,
      memberIds,
      met: [],
      hasBegun: false,
      replicaId: membership.memberId,
    }
    const state = bytes === undefined ? fresh : parse(path, bytes)
    if (state.memberId !== membership.memberId || `${state.memberIds}` !== `${memberIds}`) {
      const was = `member ${state.memberId} of ${state.memberIds.join(', ')}`
      throw new VectronError(
        'INVALID_ARGUMENT',
        `${path} is of ${was}; the members of placement cannot change.`,
        { field: 'members' },
      )
    }
    return new MemberFile(path, disk, state)
  }

  private constructor(path: string, disk: Disk, state: MemberState) {
    this.#path = path
    this.#disk = disk
    this.#state = state
  }

  get state(): MemberState {
    return this.#state
  }

  /** Settles when the change is on stable storage. */
  change(change: Partial<Pick<MemberState, 'met' | 'hasBegun' | 'replicaId'>>): Promise<void> {
    this.#state = { ...this.#state, ...change }
    this.#written = this.#written.then(() => this.#write(this.#state))
    return this.#written
  }

  /** Settles when all changes so far are on stable storage. */
  settled(): Promise<void> {
    return this.#written
  }

  async #write(state: MemberState): Promise<void> {
    const { memberId, memberIds, met, hasBegun, replicaId } = state
    const plain = {
      format: 1,
      memberId: `${memberId}`,
      memberIds: memberIds.map(String),
      met: met.map(String),
      hasBegun,
      replicaId: `${replicaId}`,
    }
    const text = `${JSON.stringify(plain, undefined, 2)}\n`
    await replaceFile(this.#disk, this.#path, new TextEncoder().encode(text))
  }
}

/** The ids of all members, in order. */
export function idsOf({ members }: Membership): bigint[] {
  return members.map(({ memberId }) => memberId).sort((a, b) => (a < b ? -1 : 1))
}

function parse(path: string, bytes: Uint8Array): MemberState {
  try {
    const plain = JSON.parse(new TextDecoder().decode(bytes))
    if (plain.format !== 1) throw new Error(`its format is ${plain.format}`)
    return {
      memberId: BigInt(plain.memberId),
      memberIds: plain.memberIds.map(BigInt),
      met: plain.met.map(BigInt),
      hasBegun: plain.hasBegun === true,
      replicaId: BigInt(plain.replicaId ?? plain.memberId),
    }
  } catch (error) {
    throw new VectronError('DATA_CORRUPT', `${path} cannot be read: ${error}`, { subject: path })
  }
}
