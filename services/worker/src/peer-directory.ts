/**
 * Where the workers are that share a shard with this one, as placement told last.
 *
 * Made before the transport that asks it, and filled by the heartbeats that come after it.
 */
import type { placement } from '@vectron/contracts'

export class PeerDirectory {
  #addresses: ReadonlyMap<bigint, string> = new Map()

  /** `host:port` for Raft; undefined for a worker that placement did not name. */
  addressOf(workerId: bigint): string | undefined {
    return this.#addresses.get(workerId)
  }

  /** Takes the place of what was told before. */
  replace(peers: readonly placement.PeerAddress[]): void {
    const known = peers.filter(({ raftAddress }) => raftAddress !== '')
    this.#addresses = new Map(known.map(({ workerId, raftAddress }) => [workerId, raftAddress]))
  }
}
