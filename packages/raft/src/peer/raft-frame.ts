/**
 * Encodes and decodes frames of Raft messages: `raft.v1.PeerFrame` with `raft` set, behind a
 * little-endian u32 of its length.
 *
 * Written by hand, because it is the one message of the cluster that never rests: a thousand groups
 * exchange ten thousand of them each second without any load. The generated code gives the same
 * bytes, and a test compares both. All other frames go through the generated code.
 */
import { viewOf } from '@vectron/base'
import type { OutgoingMessage } from '@vectron/native'
import type { NodeIdentity } from '../transport.ts'
import { FrameError } from './frame-reader.ts'

export interface DecodedRaftFrame {
  readonly from: NodeIdentity
  readonly messages: readonly OutgoingMessage[]
}

/** Bytes of the length before each frame. */
export const LENGTH_BYTES = 4

const VARINT = 0
const BYTES = 2
const tagOf = (field: number, wireType: number) => (field << 3) | wireType

/** Numbers of the fields, by message; all tags fit one byte. */
const FRAME_RAFT = tagOf(2, BYTES)
const CLUSTER_ID = tagOf(1, BYTES)
const NODE_ID = tagOf(2, VARINT)
const BOOT_EPOCH = tagOf(3, VARINT)
const MESSAGES = tagOf(4, BYTES)
const GROUP = tagOf(1, VARINT)
const TO = tagOf(2, VARINT)
const FROM = tagOf(3, VARINT)
const DATA = tagOf(4, BYTES)

/** Whether a frame's payload is one of Raft messages. */
export function isRaftFrame(payload: Uint8Array): boolean {
  return payload[0] === FRAME_RAFT
}

/** Encodes the frames of one sender. */
export class RaftFrameEncoder {
  readonly #identity: Uint8Array

  constructor({ clusterId, nodeId, bootEpoch }: NodeIdentity) {
    const cluster = new TextEncoder().encode(clusterId)
    const size = 1 + varintSize(cluster.length) + cluster.length
    const writer = new Writer(size + 2 + varintSizeOf(nodeId) + varintSizeOf(bootEpoch))
    writer.bytes(CLUSTER_ID, cluster)
    writer.u64(NODE_ID, nodeId)
    writer.u64(BOOT_EPOCH, bootEpoch)
    this.#identity = writer.finish()
  }

  /** One frame, its length included. Without messages it only tells that the sender lives. */
  encode(messages: readonly OutgoingMessage[]): Uint8Array {
    const sizes = messages.map(sizeOfMessage)
    let inner = this.#identity.length
    for (const size of sizes) inner += 1 + varintSize(size) + size
    const payload = 1 + varintSize(inner) + inner
    const writer = new Writer(LENGTH_BYTES + payload)
    writer.length(payload)
    writer.header(FRAME_RAFT, inner)
    writer.raw(this.#identity)
    for (const [position, message] of messages.entries()) {
      writer.header(MESSAGES, sizes[position] ?? 0)
      writer.u64(GROUP, message.group)
      writer.u64(TO, message.to)
      writer.u64(FROM, message.from)
      writer.bytes(DATA, message.data)
    }
    return writer.finish()
  }
}

function sizeOfMessage({ group, to, from, data }: OutgoingMessage): number {
  const ids = varintSizeOf(group) + varintSizeOf(to) + varintSizeOf(from)
  return 4 + ids + varintSize(data.length) + data.length
}

/**
 * The payload of a frame for which `isRaftFrame` holds. Data are views into it.
 *
 * @throws FrameError
 */
export function parseRaftFrame(payload: Uint8Array): DecodedRaftFrame {
  const frame = new Reader(payload)
  if (frame.byte() !== FRAME_RAFT) throw new FrameError('it holds no Raft messages')
  const reader = new Reader(frame.bytes())
  if (!frame.isAtEnd) throw new FrameError('something stands behind its Raft messages')
  let clusterId = ''
  let nodeId = 0n
  let bootEpoch = 0n
  const messages: OutgoingMessage[] = []
  while (!reader.isAtEnd) {
    const tag = reader.byte()
    if (tag === MESSAGES) messages.push(parseMessage(new Reader(reader.bytes())))
    else if (tag === CLUSTER_ID) clusterId = Buffer.from(reader.bytes()).toString()
    else if (tag === NODE_ID) nodeId = reader.u64()
    else if (tag === BOOT_EPOCH) bootEpoch = reader.u64()
    else reader.skip(tag)
  }
  return { from: { clusterId, nodeId, bootEpoch }, messages }
}

function parseMessage(reader: Reader): OutgoingMessage {
  let group = 0n
  let to = 0n
  let from = 0n
  let data = new Uint8Array()
  while (!reader.isAtEnd) {
    const tag = reader.byte()
    if (tag === GROUP) group = reader.u64()
    else if (tag === TO) to = reader.u64()
    else if (tag === FROM) from = reader.u64()
    else if (tag === DATA) data = reader.bytes()
    else reader.skip(tag)
  }
  return { group, to, from, data }
}

function varintSize(value: number): number {
  let size = 1
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size++
  return size
}

function varintSizeOf(value: bigint): number {
  if (value <= Number.MAX_SAFE_INTEGER) return varintSize(Number(value))
  let size = 1
  for (let rest = value; rest >= 0x80n; rest >>= 7n) size++
  return size
}

class Writer {
  readonly #buffer: Uint8Array
  #at = 0

  constructor(size: number) {
    this.#buffer = Buffer.allocUnsafe(size)
  }

  length(value: number): void {
    viewOf(this.#buffer).setUint32(this.#at, value, true)
    this.#at += LENGTH_BYTES
  }

  header(tag: number, size: number): void {
    this.#buffer[this.#at++] = tag
    this.#varint(size)
  }

  bytes(tag: number, value: Uint8Array): void {
    this.header(tag, value.length)
    this.raw(value)
  }

  raw(value: Uint8Array): void {
    this.#buffer.set(value, this.#at)
    this.#at += value.length
  }

  u64(tag: number, value: bigint): void {
    this.#buffer[this.#at++] = tag
    let rest = value
    if (rest <= Number.MAX_SAFE_INTEGER) {
      this.#varint(Number(rest))
      return
    }
    for (; rest >= 0x80n; rest >>= 7n) this.#buffer[this.#at++] = Number(rest & 0x7fn) | 0x80
    this.#buffer[this.#at++] = Number(rest)
  }

  #varint(value: number): void {
    let rest = value
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80))
      this.#buffer[this.#at++] = (rest % 0x80) | 0x80
    this.#buffer[this.#at++] = rest
  }

  finish(): Uint8Array {
    return this.#buffer
  }
}

/** Seven groups of seven bits are exact in a JavaScript number. */
const NUMBER_GROUPS = 7
const U64_GROUPS = 10

class Reader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length
  }

  byte(): number {
    const byte = this.#bytes[this.#at++]
    if (byte === undefined) throw new FrameError('it ends too early')
    return byte
  }

  u64(): bigint {
    let low = 0
    let factor = 1
    for (let group = 0; group < NUMBER_GROUPS; group++) {
      const byte = this.byte()
      low += (byte & 0x7f) * factor
      if (byte < 0x80) return BigInt(low)
      factor *= 0x80
    }
    let value = BigInt(low)
    for (let group = NUMBER_GROUPS; group < U64_GROUPS; group++) {
      const byte = this.byte()
      value |= BigInt(byte & 0x7f) << BigInt(7 * group)
      if (byte < 0x80) return BigInt.asUintN(64, value)
    }
    throw new FrameError('a number in it has no end')
  }

  bytes(): Uint8Array<ArrayBuffer> {
    const start = this.#at
    const length = Number(this.u64())
    const from = this.#at
    if (length > this.#bytes.length - from) {
      throw new FrameError(`a field at byte ${start} is longer than the frame`)
    }
    this.#at = from + length
    return this.#bytes.subarray(from, this.#at) as Uint8Array<ArrayBuffer>
  }

  /** Passes over a field that a later release may have added. */
  skip(tag: number): void {
    if ((tag & 7) === VARINT) this.u64()
    else if ((tag & 7) === BYTES) this.bytes()
    else throw new FrameError(`it has a field of wire type ${tag & 7}`)
  }
}
