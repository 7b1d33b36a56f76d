/**
 * What must hold across all replicas of all groups, whatever happens to them.
 *
 * Fed by ProbedCore with what each replica's core says, life after life:
 *   one leader a term; a vote is on the disk before it is told; committed entries are the same
 *   everywhere; applied never goes back in a life, and no change of members is applied again; a
 *   replica id is never given to a second replica.
 */
import { createHash } from 'node:crypto'
import type { CommittedEntry, GroupStatus } from '@vectron/native'
import type { Vote } from './eraft-wire.ts'
import type { Violations } from './violation.ts'

/** One replica in one life of its process. */
export interface ReplicaLife {
  readonly process: string
  readonly group: string
  readonly replica: bigint
  /** Index of the change of members that the log said was applied when this life began. */
  readonly confIndex: bigint
  applied: bigint
}

export class RaftOracle {
  readonly #violations: Violations
  /** Replica that led a group in a term. */
  readonly #leaders = new Map<string, string>()
  /** Term, kind and hash of each committed entry. */
  readonly #committed = new Map<string, string>()
  /** Machine that a replica id was first seen on, and whether its log has ever been written. */
  readonly #replicas = new Map<string, { readonly machine: string; isDurable: boolean }>()

  constructor(violations: Violations) {
    this.#violations = violations
  }

  /** A replica begins a life; `isNew` when its log knows nothing of it. */
  onCreated(life: ReplicaLife, isNew: boolean): void {
    const id = `${life.group}/${life.replica}`
    const known = this.#replicas.get(id)
    if (known === undefined) {
      this.#replicas.set(id, { machine: life.process, isDurable: false })
      return
    }
    const isReused = known.machine !== life.process || (isNew && known.isDurable)
    this.#violations.check(
      !isReused,
      'no replica id is reused',
      () => `replica ${id} of ${known.machine} begins anew on ${life.process}`,
    )
  }

  /** The log holds something of the replica: it may have voted, or acknowledged entries. */
  onDurable({ group, replica }: ReplicaLife): void {
    const known = this.#replicas.get(`${group}/${replica}`)
    if (known !== undefined) known.isDurable = true
  }

  onStatus({ group, process }: ReplicaLife, status: GroupStatus): void {
    if (status.role !== 'leader') return
    const term = `${group}@${status.term}`
    const leader = this.#leaders.get(term)
    this.#leaders.set(term, process)
    this.#violations.check(
      leader === undefined || leader === process,
      'one leader a term',
      () => `${leader} and ${process} both lead group ${group} in term ${status.term}`,
    )
  }

  onVoteTold({ group, process }: ReplicaLife, told: Vote, durable: Vote): void {
    const isDurable =
      durable.term > told.term ||
      (durable.term === told.term && durable.candidate === told.candidate)
    this.#violations.check(
      isDurable,
      'a vote is on the disk before it is told',
      () => `${process} told of group ${group} ${show(told)}, and its disk has ${show(durable)}`,
    )
  }

  /** A committed change of members was handed to the core. */
  onConfChange(life: ReplicaLife, index: bigint, effect: { before: string; after: string }): void {
    this.#violations.check(
      index > life.confIndex || effect.before === effect.after,
      'no change of members is applied again',
      () =>
        `${life.process} had applied change ${index} of group ${life.group}, and it made ` +
        `${effect.after} of ${effect.before}`,
    )
  }

  onCommitted({ group, process }: ReplicaLife, entries: readonly CommittedEntry[]): void {
    for (const entry of entries) {
      const place = `${group}#${entry.index}`
      const content = describe(entry)
      const known = this.#committed.get(place)
      if (known === undefined) this.#committed.set(place, content)
      this.#violations.check(
        known === undefined || known === content,
        'logs agree',
        () => `entry ${place} is ${content} on ${process}, and was ${known}`,
      )
    }
  }

  onApplied(life: ReplicaLife, index: bigint): void {
    this.#violations.check(
      index >= life.applied,
      'applied never goes back',
      () => `${life.process} applied ${index} of group ${life.group} after ${life.applied}`,
    )
    life.applied = index
  }
}

function show({ term, candidate }: Vote): string {
  return `a vote for ${candidate} in term ${term}`
}

function describe({ term, kind, data }: CommittedEntry): string {
  if (data.length === 0) return `${kind} of term ${term}`
  const hash = createHash('md5').update(data).digest('hex').slice(0, 12)
  return `${kind} ${hash} of term ${term}`
}
