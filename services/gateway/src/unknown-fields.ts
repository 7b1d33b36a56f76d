/**
 * Filter fields that nobody knows: refused with a suggestion, because a misspelt field would
 * otherwise answer "nothing found".
 *
 * A field is unknown when it is not declared and every shard says that none of its points has it.
 * In a collection without points any field may come yet, so nothing is refused there.
 */

import { type Deadline, didYouMean, VectronError } from '@vectron/base'
import { shardReports } from '@vectron/routing'
import type { GatewayContext } from './context.ts'

/** The fields that all shards call unknown. */
export function unknownEverywhere(reported: readonly (readonly string[])[]): readonly string[] {
  const [first, ...others] = reported
  if (first === undefined || first.length === 0) return []
  return first.filter((field) => others.every((fields) => fields.includes(field)))
}

/**
 * @throws VectronError UNKNOWN_FILTER_FIELD naming the field and the nearest one there is.
 */
export async function refuseUnknownFields(
  { router }: GatewayContext,
  collection: string,
  unknown: readonly string[],
  deadline: Deadline,
): Promise<void> {
  if (unknown.length === 0) return
  const reports = await shardReports(router, collection, deadline)
  const points = reports.reduce((sum, { stats }) => sum + (stats?.pointsCount ?? 0n), 0n)
  if (points === 0n) return
  const known = new Set(reports.flatMap(({ fields }) => fields.map((entry) => entry.field)))
  // Shards that were not asked may know it.
  const field = unknown.find((each) => !known.has(each))
  if (field === undefined) return
  throw new VectronError(
    'UNKNOWN_FILTER_FIELD',
    `No point of "${collection}" has the payload field "${field}".${didYouMean(field, known)}`,
    { field: 'filter', subject: field },
  )
}
