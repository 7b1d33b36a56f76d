/**
 * Frames that wait for one peer, bounded by their bytes: the oldest give way to newer ones, since
 * Raft sends again what matters and old heartbeats matter least.
 */
import type { OutgoingMessage } from '@vectron/native'

export interface QueuedFrame {
  readonly bytes: Uint8Array
  /** What is lost with it. */
  readonly messages: readonly OutgoingMessage[]
}

export class SendQueue {
  readonly #bytesMax: number
  #frames: QueuedFrame[] = []
  #bytes = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  get isEmpty(): boolean {
    return this.#frames.length === 0
  }

  /** Answers the frames that had to go. One frame always fits, however large. */
  push(frame: QueuedFrame): readonly QueuedFrame[] {
    this.#frames.push(frame)
    this.#bytes += frame.bytes.length
    let dropped = 0
    while (this.#bytes > this.#bytesMax && dropped < this.#frames.length - 1) {
      this.#bytes -= this.#frames[dropped++]?.bytes.length ?? 0
    }
    return this.#frames.splice(0, dropped)
  }

  shift(): QueuedFrame | undefined {
    const frame = this.#frames.shift()
    this.#bytes -= frame?.bytes.length ?? 0
    return frame
  }

  clear(): void {
    this.#frames = []
    this.#bytes = 0
  }
}
