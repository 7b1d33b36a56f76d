/**
 * Encodes `engine.v1.WriteCommand`: what stands in a shard's log.
 *
 * Upserts are written by hand in one pass into one buffer, because a batch holds up to 10,000
 * points whose vectors and payloads only need to be copied. The other commands are small.
 */

import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { engine, vectron } from '@vectron/contracts'
import {
  fieldNumbers,
  MessageBuffer,
  sizeOfField,
  sizeOfString,
  sizeOfUint,
} from './message-buffer.ts'

/** What every command says beside what it does. */
export interface CommandHead {
  /** Makes a retry safe; unique to the write. Empty: a retry would be another write. */
  readonly requestId: string
  /** When the command was made, in Unix milliseconds. */
  readonly timeMs: number
  /** For the command there are only points that match it. */
  readonly rowRule?: vectron.Filter | undefined
  /** The caller's own word for the write, instead of a request id. */
  readonly key?: CommandKey | undefined
}

/** Makes the command answer what the first one with the same text did. */
export interface CommandKey {
  readonly text: string
  /** Of what the caller asked for: another one under the same text is refused. */
  readonly fingerprint: Uint8Array
}

/** A point as the log holds it. */
export interface PointRecord {
  readonly id: string
  /** Little-endian f32, 4 x dimension bytes. */
  readonly vector: Uint8Array
  /** JSON text of an object; empty for none. */
  readonly payload: Uint8Array
  /** The version that the point must have before, at most 2^53; 0: there must be none. */
  readonly ifVersion?: bigint | undefined
  /** Unix milliseconds from which there is no such point. */
  readonly expireMs?: number | undefined
}

const COMMAND = fieldNumbers(engine.WriteCommandSchema)
const UPSERT = fieldNumbers(engine.UpsertPointsSchema)
const RECORD = fieldNumbers(engine.PointRecordSchema)

/** One upsert. */
export function encodeUpsert(head: CommandHead, points: readonly PointRecord[]): Uint8Array {
  const { requestId, rowRule, key } = head
  const timeMs = Math.floor(head.timeMs)
  const rule = rowRule && toBinary(vectron.FilterSchema, rowRule)
  const recordSizes = points.map(sizeOfRecord)
  const upsertSize = recordSizes.reduce((sum, size) => sum + sizeOfField(size), 0)
  const ruleSize = rule === undefined ? 0 : sizeOfField(rule.length)
  const buffer = new MessageBuffer(
    sizeOfText(requestId) +
      sizeOfField(upsertSize) +
      ruleSize +
      sizeOfUint(timeMs) +
      (key === undefined ? 0 : sizeOfString(key.text) + sizeOfField(key.fingerprint.length)),
  )
  if (requestId !== '') buffer.string(COMMAND.requestId, requestId)
  buffer.message(COMMAND.upsert, upsertSize)
  points.forEach(({ id, vector, payload, ifVersion, expireMs }, index) => {
    buffer.message(UPSERT.points, recordSizes[index] ?? 0)
    buffer.string(RECORD.id, id)
    buffer.bytes(RECORD.vector, vector)
    if (payload.length > 0) buffer.bytes(RECORD.payload, payload)
    if (ifVersion !== undefined) buffer.uint(RECORD.ifVersion, Number(ifVersion))
    if (expireMs !== undefined) buffer.uint(RECORD.expireMs, expireMs)
  })
  if (rule !== undefined) buffer.bytes(COMMAND.rowRule, rule)
  buffer.uint(COMMAND.timeMs, timeMs)
  if (key !== undefined) {
    buffer.string(COMMAND.key, key.text)
    buffer.bytes(COMMAND.fingerprint, key.fingerprint)
  }
  return buffer.finish()
}

/** Any command but an upsert. */
export function encodeCommand(
  head: CommandHead,
  command: Exclude<engine.WriteCommand['command'], { case: 'upsert' }>,
): Uint8Array {
  const { requestId, timeMs, rowRule, key } = head
  const message: MessageInitShape<typeof engine.WriteCommandSchema> = {
    requestId,
    timeMs: BigInt(Math.floor(timeMs)),
    command,
    ...(rowRule === undefined ? {} : { rowRule }),
    ...(key === undefined ? {} : { key: key.text, fingerprint: key.fingerprint }),
  }
  return toBinary(engine.WriteCommandSchema, create(engine.WriteCommandSchema, message))
}

/** Of a text that is left out when empty. */
function sizeOfText(text: string): number {
  return text === '' ? 0 : sizeOfString(text)
}

function sizeOfRecord({ id, vector, payload, ifVersion, expireMs }: PointRecord): number {
  const payloadSize = payload.length === 0 ? 0 : sizeOfField(payload.length)
  const versionSize = ifVersion === undefined ? 0 : sizeOfUint(Number(ifVersion))
  const expirySize = expireMs === undefined ? 0 : sizeOfUint(expireMs)
  return sizeOfString(id) + sizeOfField(vector.length) + payloadSize + versionSize + expirySize
}
