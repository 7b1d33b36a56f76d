/**
 * Routing: which shard owns an id, which worker leads it, and the one place of retries.
 *
 * Used by whoever talks to workers: the gateway. See DESIGN.md.
 */

export type { ConnectWorker, PlacementDoor, WorkerDoor } from './doors.ts'
export {
  type FanOutAnswer,
  type FanOutSearch,
  type ReadFreshness,
  readEveryShard,
  readShard,
  type ShardRead,
  type ShardSelection,
  searchShards,
  shardReports,
} from './fan-out.ts'
export { hashId } from './hash.ts'
export { type PartitionValue, shardOfPartition, shardsOfPartitions } from './partition.ts'
export {
  createPlacementClient,
  type PlacementClient,
  type PlacementClientOptions,
} from './placement-client.ts'
export type { AnswerOrigin } from './replica-reads.ts'
export {
  type RoutedBroadcast,
  type RoutedWrite,
  type WriteOutcome,
  writeEverywhere,
  writeItems,
} from './routed-write.ts'
export { Router, type RouterOptions } from './router.ts'
export {
  type CollectionRoute,
  formatRoutingTable,
  HASH_SPACE,
  parseRoutingTable,
  type RoutingTable,
  type ShardEpoch,
  type ShardRoute,
  shardById,
  shardOfId,
  type WorkerRoute,
} from './routing-table.ts'
export { openToken, sealToken, type TokenSeal } from './sealed-token.ts'
export { encodeSessionToken, parseSessionToken } from './session-token.ts'
export { advancePosition, latestOf, type ShardPositions } from './shard-positions.ts'
