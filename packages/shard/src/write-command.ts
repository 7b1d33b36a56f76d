/**
 * Encodes `engine.v1.WriteCommand`: what stands in a shard's log.
 *
 * Upserts are written by hand in one pass into one buffer, because a batch holds up to 10,000
 * points whose vectors and payloads only need to be copied. The other commands are small.
 */

import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { engine, vectron } from '@vectron/contracts'
import { fieldNumbers, MessageBuffer, sizeOfField, sizeOfString } from './message-buffer.ts'

/** A point as the log holds it. */
export interface PointRecord {
  readonly id: string
  /** Little-endian f32, 4 x dimension bytes. */
  readonly vector: Uint8Array
  /** JSON text of an object; empty for none. */
  readonly payload: Uint8Array
}

const COMMAND = fieldNumbers(engine.WriteCommandSchema)
const UPSERT = fieldNumbers(engine.UpsertPointsSchema)
const RECORD = fieldNumbers(engine.PointRecordSchema)

/** One upsert. `requestId` makes a retry safe; it is unique to the write. */
export function encodeUpsert(
  requestId: string,
  points: readonly PointRecord[],
  rowRule?: vectron.Filter,
): Uint8Array {
  const rule = rowRule && toBinary(vectron.FilterSchema, rowRule)
  const recordSizes = points.map(sizeOfRecord)
  const upsertSize = recordSizes.reduce((sum, size) => sum + sizeOfField(size), 0)
  const ruleSize = rule === undefined ? 0 : sizeOfField(rule.length)
  const buffer = new MessageBuffer(sizeOfString(requestId) + sizeOfField(upsertSize) + ruleSize)
  buffer.string(COMMAND.requestId, requestId)
  buffer.message(COMMAND.upsert, upsertSize)
  points.forEach(({ id, vector, payload }, index) => {
    buffer.message(UPSERT.points, recordSizes[index] ?? 0)
    buffer.string(RECORD.id, id)
    buffer.bytes(RECORD.vector, vector)
    if (payload.length > 0) buffer.bytes(RECORD.payload, payload)
  })
  if (rule !== undefined) buffer.bytes(COMMAND.rowRule, rule)
  return buffer.finish()
}

/** Any command but an upsert. */
export function encodeCommand(
  requestId: string,
  command: Exclude<engine.WriteCommand['command'], { case: 'upsert' }>,
  rowRule?: vectron.Filter,
): Uint8Array {
  const message: MessageInitShape<typeof engine.WriteCommandSchema> = {
    requestId,
    command,
    ...(rowRule === undefined ? {} : { rowRule }),
  }
  return toBinary(engine.WriteCommandSchema, create(engine.WriteCommandSchema, message))
}

function sizeOfRecord({ id, vector, payload }: PointRecord): number {
  const payloadSize = payload.length === 0 ? 0 : sizeOfField(payload.length)
  return sizeOfString(id) + sizeOfField(vector.length) + payloadSize
}
