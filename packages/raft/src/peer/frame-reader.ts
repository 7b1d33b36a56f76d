/**
 * Cuts a stream of bytes into frames: a little-endian u32 of a length, then as many bytes.
 *
 * Holds no more of a frame than has arrived, and refuses one by its length before the rest comes.
 */
import { concatBytes, viewOf } from '@vectron/base'

const LENGTH_BYTES = 4

/** What came is no frame of ours. The message continues "the frame is refused: ". */
export class FrameError extends Error {
  override readonly name = 'FrameError'
}

export class FrameReader {
  #bytesMax: number
  #chunks: Uint8Array[] = []
  #gathered = 0

  /** Bytes of a frame without its length. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /** For the frames that follow the one that is being handed out. */
  allow(bytesMax: number): void {
    this.#bytesMax = bytesMax
  }

  /**
   * Takes what arrived and hands out the frames that are whole now; they may be views of it.
   *
   * @throws FrameError for a frame of no bytes, or of too many
   */
  push(chunk: Uint8Array, take: (payload: Uint8Array) => void): void {
    this.#chunks.push(chunk)
    this.#gathered += chunk.length
    for (let length = this.#nextLength(); length !== undefined; length = this.#nextLength()) {
      if (this.#gathered < LENGTH_BYTES + length) return
      const joined = this.#joined()
      const end = LENGTH_BYTES + length
      this.#chunks = joined.length > end ? [joined.subarray(end)] : []
      this.#gathered = joined.length - end
      take(joined.subarray(LENGTH_BYTES, end))
    }
  }

  /** Length of the next frame, once enough has arrived to read it. */
  #nextLength(): number | undefined {
    if (this.#gathered < LENGTH_BYTES) return undefined
    const first = this.#chunks[0]
    const head = first !== undefined && first.length >= LENGTH_BYTES ? first : this.#joined()
    const length = viewOf(head).getUint32(0, true)
    if (length === 0) throw new FrameError('it is empty')
    if (length > this.#bytesMax) {
      throw new FrameError(`it has ${length} bytes; the limit is ${this.#bytesMax}`)
    }
    return length
  }

  #joined(): Uint8Array {
    const [first] = this.#chunks
    if (this.#chunks.length === 1 && first !== undefined) return first
    const joined = concatBytes(this.#chunks)
    this.#chunks = [joined]
    return joined
  }
}
