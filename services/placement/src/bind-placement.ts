/**
 * The service placement.v1: every method with its handler, behind the one rule that only the
 * leader answers what clients ask.
 */

import { VectronError } from '@vectron/base'
import { placement } from '@vectron/contracts'
import { type BoundService, bindService, type CallContext } from '@vectron/rpc'
import { ClusterHandlers } from './cluster-handlers.ts'
import { CollectionHandlers } from './collection-handlers.ts'
import type { PlacementContext } from './context.ts'
import type { Driver } from './driver.ts'
import type { Meeting } from './meeting.ts'
import { RerankHandlers } from './rerank-handlers.ts'
import { ShardHandlers } from './shard-handlers.ts'
import { WorkerHandlers } from './worker-handlers.ts'

type Handle<Request, Answer> = (request: Request, call: CallContext) => Promise<Answer>

export function bindPlacement(
  context: PlacementContext,
  driver: Driver,
  meeting: Meeting | undefined,
): BoundService {
  const collections = new CollectionHandlers(context)
  const workers = new WorkerHandlers(context)
  const cluster = new ClusterHandlers(context, driver)
  const shards = new ShardHandlers(context)
  const rerank = new RerankHandlers(context)

  const onLeader =
    <Request, Answer>(handle: Handle<Request, Answer>): Handle<Request, Answer> =>
    async (request, call) => {
      await context.leadership.enter()
      return handle(request, call)
    }

  return bindService(placement.Placement, {
    createCollection: onLeader((request, call) => collections.createCollection(request, call)),
    updateCollection: onLeader((request, call) => collections.updateCollection(request, call)),
    deleteCollection: onLeader((request, call) => collections.deleteCollection(request, call)),
    updateAliases: onLeader((request, call) => collections.updateAliases(request, call)),
    getRouting: onLeader((request, call) => collections.getRouting(request, call)),
    setRerankPreset: onLeader((request, call) => rerank.setRerankPreset(request, call)),
    deleteRerankPreset: onLeader((request, call) => rerank.deleteRerankPreset(request, call)),
    registerReranker: onLeader((request) => rerank.registerReranker(request)),
    registerWorker: onLeader((request, call) => workers.registerWorker(request, call)),
    heartbeat: onLeader((request, call) => workers.heartbeat(request, call)),
    listShards: onLeader((request) => shards.listShards(request)),
    getCluster: onLeader((request) => cluster.getCluster(request)),
    drainWorker: onLeader((request, call) => cluster.drainWorker(request, call)),
    removeWorker: onLeader((request, call) => cluster.removeWorker(request, call)),
    moveReplica: onLeader((request) => cluster.moveReplica(request)),
    transferLeader: onLeader((request) => cluster.transferLeader(request)),
    rebalance: onLeader(() => cluster.rebalance()),
    listOperators: onLeader(() => cluster.listOperators()),
    cancelOperator: onLeader((request) => cluster.cancelOperator(request)),
    meetMember: async (request) => {
      if (meeting !== undefined) return meeting.answer(request)
      throw new VectronError('UNIMPLEMENTED', 'This member of placement meets no others.')
    },
  })
}
