/**
 * What a node counts of its Raft traffic, by peer.
 *
 * A message that is dropped is no loss, because Raft sends again what matters; many of them say
 * that a link or a peer is too slow for what it is asked to carry.
 */
import type { Counter, Gauge, Metrics } from '@vectron/base'

export class PeerMetrics {
  readonly #sent: Counter<'peer'>
  readonly #sentBytes: Counter<'peer'>
  readonly #dropped: Counter<'peer'>
  readonly #lost: Counter<'peer'>
  readonly #connected: Gauge<'peer'>

  constructor(metrics: Metrics) {
    const labels = ['peer'] as const
    this.#sent = metrics.counter({
      name: 'raft_peer_messages_sent_total',
      help: 'Raft messages that left for the peer.',
      labels,
    })
    this.#sentBytes = metrics.counter({
      name: 'raft_peer_sent_bytes_total',
      help: 'Bytes of Raft messages that left for the peer; snapshots are not among them.',
      labels,
    })
    this.#dropped = metrics.counter({
      name: 'raft_peer_messages_dropped_total',
      help: 'Raft messages for the peer that never left: it was away, or they were too many.',
      labels,
    })
    this.#lost = metrics.counter({
      name: 'raft_peer_connections_lost_total',
      help: 'Connections to the peer that failed or ended while they were needed.',
      labels,
    })
    this.#connected = metrics.gauge({
      name: 'raft_peer_connected',
      help: '1 while Raft messages can be sent to the peer.',
      labels,
    })
  }

  of(node: bigint): PeerCounts {
    const labels = { peer: `${node}` }
    const connected = this.#connected.labels(labels)
    const [sent, sentBytes] = [this.#sent.labels(labels), this.#sentBytes.labels(labels)]
    const [dropped, lost] = [this.#dropped.labels(labels), this.#lost.labels(labels)]
    // A rate is seen from the first event on only where there was a zero before.
    for (const counter of [sent, sentBytes, dropped, lost]) counter.inc(0)
    return {
      sent: (messages, bytes) => {
        sent.inc(messages)
        sentBytes.inc(bytes)
      },
      dropped: (messages) => dropped.inc(messages),
      connected: () => connected.set(1),
      disconnected: () => connected.set(0),
      lost: () => lost.inc(),
    }
  }
}

/** Of one peer. */
export interface PeerCounts {
  readonly sent: (messages: number, bytes: number) => void
  readonly dropped: (messages: number) => void
  readonly connected: () => void
  readonly disconnected: () => void
  readonly lost: () => void
}
