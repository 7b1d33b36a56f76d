/**
 * What routing needs of placement and of workers. An in-process client and a gRPC client satisfy
 * both alike.
 */

import type { placement, worker } from '@vectron/contracts'
import type { Client } from '@vectron/rpc'

export type PlacementDoor = Pick<Client<typeof placement.Placement>, 'getRouting'>

export type WorkerDoor = Pick<
  Client<typeof worker.Worker>,
  'writeShards' | 'searchShards' | 'readShard' | 'getShardStats'
>

/** The door to the worker at an address; the same door for the same address. */
export type ConnectWorker = (address: string) => WorkerDoor
