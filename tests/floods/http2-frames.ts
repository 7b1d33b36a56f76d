/**
 * Frames of HTTP/2 (RFC 9113, section 4.1) written and read by hand: a library's client refuses to
 * send what an attacker sends.
 */

export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

export const FRAME = {
  DATA: 0,
  HEADERS: 1,
  RST_STREAM: 3,
  SETTINGS: 4,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const

export const FLAG = { END_STREAM: 1, ACK: 1, END_HEADERS: 4 } as const

const HEADER_BYTES = 9

export interface Frame {
  readonly type: number
  readonly flags?: number
  readonly stream?: number
  readonly payload?: Uint8Array
}

export function encodeFrame({ type, flags = 0, stream = 0, payload }: Frame): Buffer {
  const length = payload?.length ?? 0
  const frame = Buffer.alloc(HEADER_BYTES + length)
  frame.writeUIntBE(length, 0, 3)
  frame[3] = type
  frame[4] = flags
  frame.writeUInt32BE(stream, 5)
  if (payload !== undefined) frame.set(payload, HEADER_BYTES)
  return frame
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** A header block without compression: literals that enter no table (RFC 7541, section 6.2.2). */
export function encodeHeaders(headers: Readonly<Record<string, string>>): Buffer {
  const parts = Object.entries(headers).flatMap(([name, value]) => [
    Buffer.from([0]),
    encodeString(name),
    encodeString(value),
  ])
  return Buffer.concat(parts)
}

/** Length in a prefix of seven bits (RFC 7541, section 5.1), then the text as it is. */
function encodeString(text: string): Buffer {
  const bytes = Buffer.from(text)
  const length: number[] = []
  if (bytes.length < 127) {
    length.push(bytes.length)
  } else {
    length.push(127)
    let rest = bytes.length - 127
    for (; rest >= 128; rest = Math.floor(rest / 128)) length.push((rest % 128) + 128)
    length.push(rest)
  }
  return Buffer.concat([Buffer.from(length), bytes])
}

/** Headers of a gRPC call. */
export function grpcHeaders(path: string, more: Readonly<Record<string, string>> = {}): Buffer {
  return encodeHeaders({
    ':method': 'POST',
    ':scheme': 'http',
    ':path': path,
    ':authority': 'localhost',
    'content-type': 'application/grpc',
    te: 'trailers',
    ...more,
  })
}

/** Cuts what a server sends into frames. */
export class FrameParser {
  #rest: Buffer = Buffer.alloc(0)

  push(part: Buffer): { type: number; flags: number; stream: number; payload: Buffer }[] {
    this.#rest = this.#rest.length === 0 ? part : Buffer.concat([this.#rest, part])
    const frames = []
    while (this.#rest.length >= HEADER_BYTES) {
      const end = HEADER_BYTES + this.#rest.readUIntBE(0, 3)
      if (this.#rest.length < end) break
      frames.push({
        type: this.#rest[3] as number,
        flags: this.#rest[4] as number,
        stream: this.#rest.readUInt32BE(5),
        payload: this.#rest.subarray(HEADER_BYTES, end),
      })
      this.#rest = this.#rest.subarray(end)
    }
    return frames
  }
}
