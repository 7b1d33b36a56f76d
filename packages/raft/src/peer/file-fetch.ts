/**
 * One file on its way here: asks for parts ahead of what is consumed, hands out chunks in order.
 *
 * Flow control is the asking: never more than the window is asked for and not yet consumed, so a
 * consumer that is slow, or has stopped, holds up no other file and no memory beyond the window.
 */
import { VectronError } from '@vectron/base'
import type { raft } from '@vectron/contracts'

export interface FileFetchOptions {
  readonly offset: number
  /** Bytes of the whole file, by its descriptor. */
  readonly size: number
  readonly windowBytes: number
  readonly ask: (part: { readonly offset: number; readonly bytes: number }) => void
}

type State = { readonly kind: 'open' } | { readonly kind: 'failed'; readonly error: VectronError }

export class FileFetch {
  readonly #options: FileFetchOptions
  readonly #chunks: Uint8Array[] = []
  #asked: number
  #received: number
  #consumed: number
  #state: State = { kind: 'open' }
  #wake: (() => void) | undefined

  constructor(options: FileFetchOptions) {
    this.#options = options
    this.#asked = options.offset
    this.#received = options.offset
    this.#consumed = options.offset
  }

  /** A chunk came; false when it is not what comes next. */
  onChunk({ offset, data, last }: raft.FileChunk): boolean {
    const end = this.#received + data.length
    const isNext = BigInt(this.#received) === offset && data.length > 0 && end <= this.#asked
    if (!isNext || last !== (end === this.#options.size)) return false
    this.#received = end
    this.#chunks.push(data)
    this.#wake?.()
    return true
  }

  fail(error: VectronError): void {
    if (this.#state.kind === 'open') this.#state = { kind: 'failed', error }
    this.#wake?.()
  }

  /** @throws VectronError whatever it failed with */
  async *chunks(): AsyncGenerator<Uint8Array> {
    const { size } = this.#options
    while (this.#consumed < size) {
      this.#askAhead()
      const chunk = this.#chunks.shift()
      if (chunk !== undefined) {
        yield chunk
        this.#consumed += chunk.length
      } else if (this.#state.kind === 'failed') {
        throw this.#state.error
      } else {
        await this.#untilWoken()
      }
    }
  }

  /** In parts of half a window, so that one is under way while another is consumed. */
  #askAhead(): void {
    const { size, windowBytes, ask } = this.#options
    const part = Math.ceil(windowBytes / 2)
    while (this.#asked < size && this.#asked - this.#consumed + part <= windowBytes) {
      const bytes = Math.min(part, size - this.#asked)
      ask({ offset: this.#asked, bytes })
      this.#asked += bytes
    }
  }

  async #untilWoken(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#wake = resolve
    await promise
    this.#wake = undefined
  }
}

export function unreachableNode(node: bigint, why: string): VectronError {
  return new VectronError('UNAVAILABLE', `Node ${node} sends no files: ${why}.`)
}
