/**
 * Partition keys: the payload field whose value, not the id, chooses the shard of a point.
 *
 * Owns what a partition key may be, how its value is taken from a payload, and which partitions a
 * filter leaves. Must stay true: a value taken from a payload and the same value in a filter give
 * the same partition, whatever form each has, or points would not be found.
 */

import { VectronError } from '@vectron/base'
import { vectron } from '@vectron/contracts'
import {
  type PartitionValue,
  type ShardSelection,
  shardOfPartition,
  shardsOfPartitions,
} from '@vectron/routing'

export interface PartitionKey {
  readonly field: string
  readonly type: vectron.FieldType.KEYWORD | vectron.FieldType.INTEGER
}

/** The partition key of a collection; undefined when ids choose the shard. */
export function partitionKeyOf(collection: vectron.Collection): PartitionKey | undefined {
  const field = collection.partitionKey
  if (field === '') return undefined
  const isInteger = collection.payloadSchema[field] === vectron.FieldType.INTEGER
  return { field, type: isInteger ? vectron.FieldType.INTEGER : vectron.FieldType.KEYWORD }
}

type Schema = Readonly<Record<string, vectron.FieldType>>

/**
 * The schema of a collection with this partition key: declares it where the caller has not.
 *
 * @throws VectronError INVALID_ARGUMENT
 */
export function declarePartitionKey(
  schema: Schema,
  field: string,
): Record<string, vectron.FieldType> {
  if (field === '') return { ...schema }
  if (field.includes('.')) throw invalid(`"${field}" is nested; use a key of the payload itself`)
  const declared = Object.hasOwn(schema, field) ? schema[field] : undefined
  switch (declared) {
    case undefined:
      return { ...schema, [field]: vectron.FieldType.KEYWORD }
    case vectron.FieldType.KEYWORD:
    case vectron.FieldType.INTEGER:
      return { ...schema }
    default:
      throw invalid(
        `the payload field "${field}" is declared ${nameOf(declared)}; ` +
          'a partition key is a keyword or an integer',
      )
  }
}

/**
 * The partition of a point, by its payload.
 *
 * @throws VectronError MISSING_FIELD, PAYLOAD_TYPE_MISMATCH
 */
export function takePartition(
  key: PartitionKey,
  payload: Readonly<Record<string, unknown>> | undefined,
  path: () => string,
): PartitionValue {
  const value =
    payload !== undefined && Object.hasOwn(payload, key.field) ? payload[key.field] : undefined
  if (value === undefined || value === null) {
    throw new VectronError(
      'MISSING_FIELD',
      `${path()}.${key.field} is missing: the collection is partitioned by it.`,
      { field: `${path()}.${key.field}` },
    )
  }
  const fits =
    key.type === vectron.FieldType.INTEGER ? Number.isInteger(value) : typeof value === 'string'
  if (fits) return value as PartitionValue
  throw new VectronError(
    'PAYLOAD_TYPE_MISMATCH',
    `${path()}.${key.field} is no ${nameOf(key.type)}: ` +
      `the collection is partitioned by it, so it holds one ${nameOf(key.type)}.`,
    { field: `${path()}.${key.field}` },
  )
}

/**
 * The partition that a payload update is confined to; undefined when it is to none.
 *
 * A point stays in its partition: an update may not name the key, except that one which replaces
 * payloads must keep it. Such an update goes to the shard of the partition that it names, and the
 * points there have it or get it.
 *
 * @throws VectronError INVALID_ARGUMENT, MISSING_FIELD, PAYLOAD_TYPE_MISMATCH
 */
export function partitionOfUpdate(
  key: PartitionKey,
  update: {
    readonly set: Readonly<Record<string, unknown>> | undefined
    readonly remove: readonly string[]
    readonly replace: boolean
  },
): PartitionValue | undefined {
  const { set, remove, replace } = update
  if (remove.includes(key.field)) throw fixed(key, 'remove')
  if (replace) return takePartition(key, set, () => 'set')
  if (set !== undefined && Object.hasOwn(set, key.field)) throw fixed(key, 'set')
  return undefined
}

/**
 * The shards that a request is about: that of one partition, those that its filters leave, or all.
 */
export function shardsFor(request: {
  /** All of them hold; absent ones leave everything. */
  readonly filters: readonly (vectron.Filter | undefined)[]
  readonly partition?: PartitionValue | undefined
}): ShardSelection {
  const { filters, partition } = request
  return (route) => {
    if (partition !== undefined) return [shardOfPartition(route, partition)]
    const key = partitionKeyOf(route.collection)
    const partitions = key && partitionsOf(key, filters)
    return partitions === undefined ? route.shards : shardsOfPartitions(route, partitions)
  }
}

/**
 * The partitions outside of which nothing can match all filters; undefined when every one may hold
 * matches.
 *
 * Looks at what must hold: equality, or equality with one of several values.
 */
export function partitionsOf(
  key: PartitionKey,
  filters: readonly (vectron.Filter | undefined)[],
): readonly PartitionValue[] | undefined {
  let fewest: readonly PartitionValue[] | undefined
  for (const condition of filters.flatMap((filter) => filter?.must ?? [])) {
    const partitions = partitionsOfCondition(key, condition)
    if (partitions === undefined) continue
    if (fewest === undefined || partitions.length < fewest.length) fewest = partitions
  }
  return fewest
}

function partitionsOfCondition(
  key: PartitionKey,
  { field, test }: vectron.Condition,
): readonly PartitionValue[] | undefined {
  if (test.case === 'filter') return partitionsOf(key, [test.value])
  if (field !== key.field) return undefined
  switch (test.case) {
    case 'match':
      return valuesOf(key, [test.value])
    case 'matchAny':
      // Without values nothing matches, which any one shard can say; all of them do.
      return test.value.values.length === 0 ? undefined : valuesOf(key, test.value.values)
    default:
      return undefined
  }
}

/** Undefined when one of the values has another type: the engine says so. */
function valuesOf(
  key: PartitionKey,
  scalars: readonly vectron.Scalar[],
): readonly PartitionValue[] | undefined {
  const values: PartitionValue[] = []
  for (const { kind } of scalars) {
    const value = kind.case === 'integerValue' ? Number(kind.value) : kind.value
    if (key.type === vectron.FieldType.INTEGER) {
      if (typeof value !== 'number' || !Number.isInteger(value)) return undefined
      values.push(value)
    } else if (typeof value === 'string') values.push(value)
    else return undefined
  }
  return values
}

function fixed({ field }: PartitionKey, by: string): VectronError {
  return new VectronError(
    'INVALID_ARGUMENT',
    `${by} names the partition key "${field}", which no update changes; upsert the point instead.`,
    { field: by },
  )
}

function invalid(why: string): VectronError {
  return new VectronError('INVALID_ARGUMENT', `partitionKey: ${why}.`, { field: 'partitionKey' })
}

function nameOf(type: vectron.FieldType): string {
  return vectron.FieldType[type].toLowerCase()
}
