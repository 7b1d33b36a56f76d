/**
 * What must hold across all replicas of all groups, whatever happens to them.
 *
 * Fed by ProbedCore with what each replica's core says, life after life:
 *   one leader a term; committed entries are the same everywhere; applied never goes back in a
 * life;
 *   a replica's membership follows the log; a replica id is never given to a second replica.
 */
import { createHash } from 'node:crypto'
import type { CommittedEntry, GroupStatus } from '@vectron/native'
import type { Violations } from './violation.ts'

/** One replica in one life of its process. */
export interface ReplicaLife {
  readonly process: string
  readonly group: string
  readonly replica: bigint
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

function describe({ term, kind, data }: CommittedEntry): string {
  if (data.length === 0) return `${kind} of term ${term}`
  const hash = createHash('md5').update(data).digest('hex').slice(0, 12)
  return `${kind} ${hash} of term ${term}`
}
