/** By which field the results of a search are grouped, and how many each group has: checked. */

import { LIMITS, VectronError } from '@vectron/base'
import { vectron, type wire } from '@vectron/contracts'
import { checkPath } from './take-fields.ts'

export interface GroupPlan {
  /** Path of a payload field. */
  readonly field: string
  /** The most results of a group. */
  readonly size: number
  /** Where the request names the field. */
  readonly namedAt: string
}

/** @throws VectronError INVALID_ARGUMENT, TOP_K_OUT_OF_RANGE */
export function takeGroupBy(
  { groupBy }: wire.SearchRequest,
  of: {
    readonly collection: vectron.Collection
    /** Groups wanted. */
    readonly topK: number
    readonly prefix: string
  },
): GroupPlan | undefined {
  if (groupBy === undefined) return undefined
  const { collection, topK, prefix } = of
  const namedAt = `${prefix}groupBy.field`
  checkPath(groupBy.field, namedAt)
  const type = collection.payloadSchema[groupBy.field]
  if (type === vectron.FieldType.DATETIME) {
    const message = `${namedAt} is a datetime; group by a field of keywords, numbers or bools.`
    throw new VectronError('INVALID_ARGUMENT', message, { field: namedAt })
  }
  const size = groupBy.groupSize ?? LIMITS.groupSizeDefault
  if (size < 1 || size > LIMITS.groupSizeMax) {
    const field = `${prefix}groupBy.groupSize`
    const message = `${field} is ${size}; it must be 1 to ${LIMITS.groupSizeMax}.`
    throw new VectronError('INVALID_ARGUMENT', message, { field })
  }
  if (topK > LIMITS.groupsMax || topK * size > LIMITS.topKMax) {
    const field = `${prefix}topK`
    const message =
      `${field} is ${topK}, of groups of ${size}; there are ${LIMITS.groupsMax} groups at most, ` +
      `and ${LIMITS.topKMax} results in all of them.`
    throw new VectronError('TOP_K_OUT_OF_RANGE', message, { field })
  }
  return { field: groupBy.field, size, namedAt }
}
