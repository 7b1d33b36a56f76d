/**
 * From the points of an upsert to records for the log: every check, texts embedded, and the
 * partition of each point where the collection has a partition key.
 */

import { assertDefined, VectronError } from '@vectron/base'
import type { vectron, wire } from '@vectron/contracts'
import type { PartitionValue } from '@vectron/routing'
import type { PointRecord } from '@vectron/shard'
import {
  checkId,
  checkPayload,
  takeExpiry,
  takeVector,
  takeVersion,
  type VectorRule,
} from './check-point.ts'
import type { GatewayContext } from './context.ts'
import { embedTexts, type TextInput } from './embed-texts.ts'
import { partitionKeyOf, takePartition } from './partition-key.ts'

export interface TakenPoints {
  readonly records: readonly PointRecord[]
  /** One for each record; absent when ids choose the shard. */
  readonly partitions: readonly PartitionValue[] | undefined
}

/** @throws VectronError with the field at fault, such as `points[3].vector`. */
export async function takePoints(
  context: GatewayContext,
  collection: vectron.Collection,
  points: readonly wire.PointInput[],
): Promise<TakenPoints> {
  const { name, dimension, metric } = collection
  const rule: VectorRule = { collection: name, dimension, metric }
  const texts: TextInput[] = []
  const textOf = new Map<number, number>()
  const key = partitionKeyOf(collection)
  const partitions: PartitionValue[] | undefined = key === undefined ? undefined : []
  const records = points.map((point, index): PointRecord => {
    checkId(point.id, () => `points[${index}].id`)
    const payload = checkPayload(point.payload, () => `points[${index}].payload`)
    if (key !== undefined) {
      partitions?.push(takePartition(key, payload, () => `points[${index}].payload`))
    }
    const ifVersion = takeVersion(point.ifVersion, () => `points[${index}].ifVersion`)
    const expireMs = takeExpiry(point.expireTime, () => `points[${index}].expireTime`)
    const rest = { id: point.id, payload: point.payload, ifVersion, expireMs }
    if (point.vector !== undefined) {
      checkOneSource(point, index)
      const vector = takeVector(point.vector, rule, () => `points[${index}].vector`)
      return { ...rest, vector }
    }
    if (point.text === '') throw noVector(index, collection)
    textOf.set(index, texts.push({ text: point.text, field: `points[${index}].text` }) - 1)
    return { ...rest, vector: NO_VECTOR }
  })
  checkConditionalOnce(records)
  if (texts.length === 0) return { records, partitions }
  const vectors = await embedTexts(context, collection, texts)
  const embedded = records.map((record, index) => {
    const text = textOf.get(index)
    if (text === undefined) return record
    return { ...record, vector: assertDefined(vectors[text], 'each text has a vector') }
  })
  return { records: embedded, partitions }
}

/** Of two points with one id, a version expected of one would be unclear. */
function checkConditionalOnce(records: readonly PointRecord[]): void {
  if (records.every(({ ifVersion }) => ifVersion === undefined)) return
  const seen = new Map<string, PointRecord>()
  records.forEach((record, index) => {
    const { id, ifVersion } = record
    const other = seen.get(id)
    seen.set(id, record)
    if (other === undefined || (ifVersion ?? other.ifVersion) === undefined) return
    throw new VectronError(
      'INVALID_ARGUMENT',
      `points[${index}].id is "${id}", which comes twice; a point with ifVersion comes once.`,
      { field: `points[${index}].id` },
    )
  })
}

/** Stands in until the texts of the batch are embedded. */
const NO_VECTOR = new Uint8Array()

function checkOneSource({ text }: wire.PointInput, index: number): void {
  if (text === '') return
  throw new VectronError(
    'INVALID_ARGUMENT',
    `points[${index}] has a vector and a text; set one of them.`,
    { field: `points[${index}].text` },
  )
}

function noVector(index: number, { embedder }: vectron.Collection): VectronError {
  const or = embedder === '' ? '' : ' or a text'
  return new VectronError('MISSING_FIELD', `points[${index}] has no vector${or}.`, {
    field: `points[${index}].vector`,
  })
}
