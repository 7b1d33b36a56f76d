/**
 * Messages inside the body of a gRPC call: one byte of flags, four of length, then the message.
 */
import type { Readable } from 'node:stream'
import { createGunzip, createInflate } from 'node:zlib'
import { isVectronError, VectronError } from '@vectron/base'

const HEADER_BYTES = 5
const COMPRESSED = 1

/** One message as it was sent. */
export interface Frame {
  readonly compressed: boolean
  readonly bytes: Buffer
}

/** A message with its header. */
export function frameMessage(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(HEADER_BYTES + message.length)
  frame[0] = 0
  frame.writeUInt32BE(message.length, 1)
  frame.set(message, HEADER_BYTES)
  return frame
}

/** Cuts a body into messages as its parts come in. */
export class FrameReader {
  readonly #bytesMax: number
  #parts: Buffer[] = []
  #length = 0

  /** `bytesMax`: of one message. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /** Whether the body stopped within a message. */
  get cut(): boolean {
    return this.#length > 0
  }

  /** Bytes of the message that is not yet whole. */
  get bytes(): number {
    return this.#length
  }

  /** The messages that this part completes. Throws BODY_TOO_LARGE as soon as a header says so. */
  push(part: Buffer): Frame[] {
    this.#parts.push(part)
    this.#length += part.length
    const frames: Frame[] = []
    while (this.#length >= HEADER_BYTES) {
      const all = this.#join()
      const size = all.readUInt32BE(1)
      if (size > this.#bytesMax) {
        const message = `The message has ${size} bytes; the limit is ${this.#bytesMax}.`
        throw new VectronError('BODY_TOO_LARGE', message)
      }
      const flags = all[0] as number
      if (flags > COMPRESSED) {
        const message = `The flags of a message are 0 or 1, not ${flags}.`
        throw new VectronError('INVALID_PROTOBUF', message)
      }
      const end = HEADER_BYTES + size
      if (all.length < end) break
      frames.push({ compressed: flags === COMPRESSED, bytes: all.subarray(HEADER_BYTES, end) })
      this.#length -= end
      this.#parts = this.#length === 0 ? [] : [all.subarray(end)]
    }
    return frames
  }

  /** The parts as one buffer; only when a message may be complete, or its header is cut. */
  #join(): Buffer {
    const first = this.#parts[0] as Buffer
    if (this.#parts.length === 1) return first
    if (first.length >= HEADER_BYTES && this.#length < HEADER_BYTES + first.readUInt32BE(1)) {
      return first
    }
    const all = Buffer.concat(this.#parts, this.#length)
    this.#parts = [all]
    return all
  }
}

export interface Inflating {
  /** The header `grpc-encoding`. */
  readonly encoding: string | undefined
  readonly bytesMax: number
  /** Told the bytes so far; throws when there is no room for them. */
  readonly grown: (bytes: number) => void
}

/** The message of a compressed frame; what it grows to is bounded while it grows. */
export async function inflateFrame(
  frame: Frame,
  { encoding, bytesMax, grown }: Inflating,
): Promise<Buffer> {
  const inflater = inflaterFor(encoding)
  inflater.end(frame.bytes)
  const parts: Buffer[] = []
  let bytes = 0
  try {
    for await (const part of inflater as Readable) {
      bytes += (part as Buffer).length
      if (bytes > bytesMax) {
        const message = `The message inflates to more than ${bytesMax} bytes.`
        throw new VectronError('BODY_TOO_LARGE', message)
      }
      grown(bytes)
      parts.push(part as Buffer)
    }
  } catch (cause) {
    if (isVectronError(cause)) throw cause
    throw new VectronError('INVALID_PROTOBUF', `The message is not valid ${encoding}.`, { cause })
  }
  return Buffer.concat(parts, bytes)
}

function inflaterFor(encoding: string | undefined) {
  switch (encoding) {
    case 'gzip':
      return createGunzip()
    case 'deflate':
      return createInflate()
    default: {
      const message = `Messages compressed with "${encoding ?? ''}" are not supported; use gzip.`
      throw new VectronError('UNIMPLEMENTED', message)
    }
  }
}
