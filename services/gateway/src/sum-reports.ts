/** Adds up what shards report about themselves. */

import { create } from '@bufbuild/protobuf'
import { vectron } from '@vectron/contracts'

/** Bytes by component, all parts together. */
export function sumBytes(
  parts: readonly (vectron.StorageBytes | undefined)[],
): vectron.StorageBytes {
  const sum = create(vectron.StorageBytesSchema)
  for (const part of parts) {
    if (part === undefined) continue
    sum.graphMemory += part.graphMemory
    sum.payloadIndexMemory += part.payloadIndexMemory
    sum.storeDisk += part.storeDisk
    sum.vectorsDisk += part.vectorsDisk
    sum.checkpointDisk += part.checkpointDisk
  }
  return sum
}

/**
 * Payload fields of all shards by name. Distinct values are those of the shard that has most: the
 * same value may lie in several.
 */
export function sumFields(
  shards: readonly (readonly vectron.FieldStats[])[],
): vectron.FieldStats[] {
  const byName = new Map<string, vectron.FieldStats>()
  for (const stats of shards.flat()) {
    const known = byName.get(stats.field)
    if (known === undefined) {
      byName.set(stats.field, { ...stats })
      continue
    }
    known.declared ||= stats.declared
    known.pointsCount += stats.pointsCount
    known.memoryBytes += stats.memoryBytes
    if (stats.distinctValues > known.distinctValues) known.distinctValues = stats.distinctValues
  }
  return [...byName.values()].sort((a, b) => (a.field < b.field ? -1 : 1))
}
