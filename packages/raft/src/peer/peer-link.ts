/**
 * PeerLink: sends Raft messages to one node, over one connection that this host dials.
 *
 * The node dials a connection of its own for what it sends back, so no two diallers have to agree
 * on one of two connections. Best effort: what cannot be sent is dropped and reported, because Raft
 * sends again what matters. While a dial has failed and the next is not due, messages are dropped
 * at once: by the next dial they would be old.
 */
import { backoffMs, type CancelTimer, type Clock, type Random } from '@vectron/base'
import type { OutgoingMessage } from '@vectron/native'
import type { HelloTarget } from './hello.ts'
import type { ConnectionEvents, PeerConnection } from './peer-connection.ts'
import type { PeerLimits } from './peer-limits.ts'
import type { PeerCounts } from './peer-metrics.ts'
import type { RaftFrameEncoder } from './raft-frame.ts'
import { SendQueue } from './send-queue.ts'

/** Opens a connection; a string says why there is none to open. */
export type Dial = (target: HelloTarget, events: ConnectionEvents) => PeerConnection | string

export interface PeerLinkOptions {
  readonly node: bigint
  readonly dial: Dial
  readonly encoder: RaftFrameEncoder
  readonly clock: Clock
  readonly random: Random
  readonly limits: PeerLimits
  readonly counts: PeerCounts
  readonly events: PeerLinkEvents
}

export interface PeerLinkEvents {
  /** Messages were taken and will not arrive, for want of room. */
  readonly dropped: (messages: readonly OutgoingMessage[]) => void
  /** What was sent lately may not have arrived, and nothing arrives for now. */
  readonly lost: (node: bigint, why: string) => void
}

type State =
  /** Nothing to send lately: the next message dials. */
  | { readonly kind: 'unused' }
  /** Messages wait for the peer's hello. */
  | { readonly kind: 'greeting'; readonly connection: PeerConnection }
  | { readonly kind: 'ready'; readonly connection: PeerConnection }
  /** The connection was lost; messages are dropped until the next dial. */
  | { readonly kind: 'waiting'; readonly cancel: CancelTimer }
  | { readonly kind: 'closed' }

export class PeerLink {
  readonly #options: PeerLinkOptions
  readonly #queue: SendQueue
  #state: State = { kind: 'unused' }
  /** Dials that failed since the last one that did not. */
  #failures = 0
  #usedUs: number
  #cancelUse: CancelTimer

  constructor(options: PeerLinkOptions) {
    this.#options = options
    this.#queue = new SendQueue(options.limits.queueBytesMax)
    this.#usedUs = options.clock.monotonicUs()
    this.#cancelUse = this.#scheduleUse()
  }

  send(messages: readonly OutgoingMessage[]): void {
    this.#usedUs = this.#options.clock.monotonicUs()
    if (this.#state.kind === 'waiting' || this.#state.kind === 'closed') {
      this.#options.counts.dropped(messages.length)
      return
    }
    for (const frame of this.#cut(messages)) {
      const dropped = this.#queue.push({
        bytes: this.#options.encoder.encode(frame),
        messages: frame,
      })
      for (const lost of dropped) {
        this.#options.counts.dropped(lost.messages.length)
        this.#options.events.dropped(lost.messages)
      }
    }
    if (this.#state.kind === 'unused') this.#dial()
    else this.#flush()
  }

  /** The node lives: it has dialled us. A next dial that waits is due now. */
  wake(): void {
    if (this.#state.kind !== 'waiting') return
    this.#state.cancel()
    this.#failures = 0
    this.#dial()
  }

  /** The node began a new life: a connection to an earlier one is dead, and may not know it. */
  outlive(bootEpoch: bigint): void {
    if (this.#state.kind !== 'ready') return
    const { connection } = this.#state
    if ((connection.peer?.bootEpoch ?? 0n) < bootEpoch) connection.close('its node has restarted')
  }

  close(): void {
    const state = this.#state
    this.#state = { kind: 'closed' }
    this.#cancelUse()
    this.#queue.clear()
    if (state.kind === 'waiting') state.cancel()
    else if (state.kind === 'greeting' || state.kind === 'ready') {
      state.connection.close('this node ends')
    }
  }

  /** One send is one frame, unless it is a very long one. */
  #cut(messages: readonly OutgoingMessage[]): (readonly OutgoingMessage[])[] {
    const frames: OutgoingMessage[][] = []
    let bytes = Number.POSITIVE_INFINITY
    for (const message of messages) {
      if (bytes + message.data.length > this.#options.limits.frameBytesAim) {
        frames.push([])
        bytes = 0
      }
      frames.at(-1)?.push(message)
      bytes += message.data.length
    }
    return frames
  }

  #dial(): void {
    const { node, dial } = this.#options
    const connection = dial(
      { stream: 'raft', node },
      {
        ready: () => this.#onReady(),
        frame: () => {},
        writable: () => this.#flush(),
        closed: (ended, why) => this.#onClosed(ended, why),
      },
    )
    if (typeof connection === 'string') this.#onLost(connection)
    else this.#state = { kind: 'greeting', connection }
  }

  #onReady(): void {
    if (this.#state.kind !== 'greeting') return
    this.#state = { kind: 'ready', connection: this.#state.connection }
    this.#failures = 0
    this.#options.counts.connected()
    this.#flush()
  }

  #flush(): void {
    if (this.#state.kind !== 'ready') return
    const { connection } = this.#state
    while (connection.isWritable) {
      const frame = this.#queue.shift()
      if (frame === undefined) return
      connection.send(frame.bytes)
      this.#options.counts.sent(frame.messages.length, frame.bytes.length)
    }
  }

  #onClosed(ended: PeerConnection, why: string): void {
    const { kind } = this.#state
    if (kind !== 'greeting' && kind !== 'ready') return
    if (this.#state.connection === ended) this.#onLost(why)
  }

  #onLost(why: string): void {
    const { clock, counts, events, node } = this.#options
    this.#queue.clear()
    counts.disconnected()
    counts.lost()
    const cancel = clock.setTimer(this.#pauseMs(), () => this.#redial())
    this.#state = { kind: 'waiting', cancel }
    this.#failures++
    events.lost(node, why)
  }

  #redial(): void {
    if (this.#isUnused()) this.#state = { kind: 'unused' }
    else this.#dial()
  }

  #pauseMs(): number {
    const { limits, random } = this.#options
    const backoff = { firstMs: limits.redialMsMin, maxMs: limits.redialMsMax }
    return backoffMs(backoff, this.#failures, random)
  }

  #isUnused(): boolean {
    const { clock, limits } = this.#options
    return clock.monotonicUs() - this.#usedUs > limits.unusedMs * 1000
  }

  #scheduleUse(): CancelTimer {
    const { clock, limits } = this.#options
    return clock.setTimer(limits.unusedMs, () => this.#lookForUse())
  }

  #lookForUse(): void {
    this.#cancelUse = this.#scheduleUse()
    if (!this.#isUnused() || this.#state.kind !== 'ready') return
    const { connection } = this.#state
    this.#state = { kind: 'unused' }
    this.#options.counts.disconnected()
    connection.close('nothing is sent over it')
  }
}
