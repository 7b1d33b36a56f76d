/**
 * What routing needs of placement and of workers: small interfaces that an in-process transport and
 * a gRPC client both satisfy.
 */

import type { Deadline } from '@vectron/base'
import type { placement, worker } from '@vectron/contracts'

export interface CallOptions {
  readonly deadline: Deadline
}

export interface PlacementDoor {
  getRouting(
    request: placement.GetRoutingRequest,
    options: CallOptions,
  ): Promise<placement.GetRoutingResponse>
}

export interface WorkerDoor {
  writeShard(
    request: worker.WriteShardRequest,
    options: CallOptions,
  ): Promise<worker.WriteShardResponse>
  searchShards(
    request: worker.SearchShardsRequest,
    options: CallOptions,
  ): Promise<worker.SearchShardsResponse>
  readShard(
    request: worker.ReadShardRequest,
    options: CallOptions,
  ): Promise<worker.ReadShardResponse>
  getShardStats(
    request: worker.GetShardStatsRequest,
    options: CallOptions,
  ): Promise<worker.GetShardStatsResponse>
}

/** The door to the worker at an address; the same door for the same address. */
export type ConnectWorker = (address: string) => WorkerDoor
