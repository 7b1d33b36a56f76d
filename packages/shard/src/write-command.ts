/**
 * Encodes `engine.v1.WriteCommand`: what stands in a shard's log.
 *
 * Upserts are written by hand in one pass into one buffer, because a batch holds up to 10,000
 * points whose vectors and payloads only need to be copied. The other commands are small.
 */

import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { assert } from '@vectron/base'
import { engine } from '@vectron/contracts'

/** A point as the log holds it. */
export interface PointRecord {
  readonly id: string
  /** Little-endian f32, 4 x dimension bytes. */
  readonly vector: Uint8Array
  /** JSON text of an object; empty for none. */
  readonly payload: Uint8Array
}

// Field number and wire type 2 (length-delimited) of the fields written by hand.
const COMMAND_REQUEST_ID = 0x0a
const COMMAND_UPSERT = 0x12
const UPSERT_POINTS = 0x0a
const RECORD_ID = 0x0a
const RECORD_VECTOR = 0x12
const RECORD_PAYLOAD = 0x1a

/** One upsert. `requestId` makes a retry safe; it is unique to the write. */
export function encodeUpsert(requestId: string, points: readonly PointRecord[]): Uint8Array {
  const recordSizes = points.map(sizeOfRecord)
  const upsertSize = recordSizes.reduce((sum, size) => sum + sizeOfField(size), 0)
  const requestIdSize = Buffer.byteLength(requestId)
  const buffer = Buffer.allocUnsafe(sizeOfField(requestIdSize) + sizeOfField(upsertSize))

  let at = writeString(buffer, 0, COMMAND_REQUEST_ID, requestId, requestIdSize)
  at = writeHeader(buffer, at, COMMAND_UPSERT, upsertSize)
  points.forEach((point, index) => {
    at = writeHeader(buffer, at, UPSERT_POINTS, recordSizes[index] ?? 0)
    at = writeString(buffer, at, RECORD_ID, point.id, Buffer.byteLength(point.id))
    at = writeBytes(buffer, at, RECORD_VECTOR, point.vector)
    if (point.payload.length > 0) at = writeBytes(buffer, at, RECORD_PAYLOAD, point.payload)
  })
  assert(at === buffer.length, 'the sizes counted are the sizes written')
  return buffer
}

/** Any command but an upsert. */
export function encodeCommand(
  requestId: string,
  command: Exclude<engine.WriteCommand['command'], { case: 'upsert' }>,
): Uint8Array {
  const message: MessageInitShape<typeof engine.WriteCommandSchema> = { requestId, command }
  return toBinary(engine.WriteCommandSchema, create(engine.WriteCommandSchema, message))
}

function sizeOfRecord(point: PointRecord): number {
  const payload = point.payload.length === 0 ? 0 : sizeOfField(point.payload.length)
  return sizeOfField(Buffer.byteLength(point.id)) + sizeOfField(point.vector.length) + payload
}

/** Bytes of a length-delimited field: one of tag, the length as varint, the content. */
function sizeOfField(contentSize: number): number {
  let size = 2 + contentSize
  for (let rest = contentSize; rest >= 0x80; rest >>>= 7) size++
  return size
}

function writeHeader(buffer: Buffer, at: number, tag: number, contentSize: number): number {
  buffer[at++] = tag
  let rest = contentSize
  while (rest >= 0x80) {
    buffer[at++] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  buffer[at++] = rest
  return at
}

function writeString(buffer: Buffer, at: number, tag: number, text: string, size: number): number {
  const start = writeHeader(buffer, at, tag, size)
  buffer.write(text, start, size, 'utf8')
  return start + size
}

function writeBytes(buffer: Buffer, at: number, tag: number, bytes: Uint8Array): number {
  const start = writeHeader(buffer, at, tag, bytes.length)
  buffer.set(bytes, start)
  return start + bytes.length
}
