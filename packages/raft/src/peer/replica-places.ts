/**
 * Where the replicas of this host's groups are: told by whoever knows the members, and learnt from
 * who sends. A replica never moves to another node, so a place that is known stays right.
 */
import type { GroupId, ReplicaId } from '@vectron/base'
import type { GroupPlace } from '../transport.ts'

interface Group {
  readonly own: ReplicaId
  /** Nodes by replica, own excluded. */
  readonly nodes: Map<bigint, bigint>
}

export class ReplicaPlaces {
  readonly #groups = new Map<bigint, Group>()
  /** Told before the host joined the group. */
  readonly #early = new Map<bigint, readonly GroupPlace[]>()

  join(group: GroupId, own: ReplicaId): void {
    this.#groups.set(group, { own, nodes: new Map() })
    const members = this.#early.get(group)
    this.#early.delete(group)
    if (members !== undefined) this.setMembers(group, members)
  }

  leave(group: GroupId): void {
    this.#groups.delete(group)
    this.#early.delete(group)
  }

  /** Adds to what is known: a sender that is no member by the caller's news may still lead. */
  setMembers(group: GroupId, members: readonly GroupPlace[]): void {
    const known = this.#groups.get(group)
    if (known === undefined) {
      this.#early.set(group, members)
      return
    }
    for (const { replica, nodeId } of members) {
      if (replica !== known.own) known.nodes.set(replica, nodeId)
    }
  }

  /** A message of this replica came from the node. */
  learn(group: bigint, replica: bigint, node: bigint): void {
    const known = this.#groups.get(group)
    if (known !== undefined && !known.nodes.has(replica)) known.nodes.set(replica, node)
  }

  /** This host's replica of the group. */
  ownOf(group: bigint): ReplicaId | undefined {
    return this.#groups.get(group)?.own
  }

  nodeOf(group: bigint, replica: bigint): bigint | undefined {
    return this.#groups.get(group)?.nodes.get(replica)
  }

  /** Replicas on a node that share a group with this host. */
  *on(node: bigint): Generator<{ readonly group: bigint; readonly replica: bigint }> {
    for (const [group, { nodes }] of this.#groups) {
      for (const [replica, place] of nodes) if (place === node) yield { group, replica }
    }
  }
}
