/**
 * `vectron worker`: a worker in a process of its own.
 *
 * It listens first, because placement is told where; its handlers come when it is registered.
 */
import { resolve } from 'node:path'
import { worker } from '@vectron/contracts'
import { InProcessNetwork } from '@vectron/raft'
import { registerWorker } from '@vectron/worker-service'
import { Connections } from './connections.ts'
import { openGrpcEndpoint } from './grpc-endpoint.ts'
import { LateService } from './late-service.ts'
import { openWorkerPart, workerFolder } from './parts.ts'
import type { OpenService, ServiceDefinition } from './run-service.ts'
import { WORKER_SETTINGS, type WorkerConfig } from './settings.ts'
import type { Surroundings } from './surroundings.ts'
import { untilAnswered } from './until-answered.ts'

export const WORKER_SERVICE: ServiceDefinition<typeof WORKER_SETTINGS> = {
  name: 'worker',
  settings: WORKER_SETTINGS,
  node: ({ node, admin, log, data }) => ({
    name: node.name || 'worker',
    admin,
    logLevel: log.level,
    dataFolder: resolve(data.folder),
  }),
  open: openWorkerService,
}

async function openWorkerService(config: WorkerConfig, around: Surroundings): Promise<OpenService> {
  const late = new LateService(worker.Worker, 'worker')
  const grpc = await openGrpcEndpoint(
    { ...config.grpc, setting: 'grpc.advertise' },
    [late.bound],
    around,
  )
  const connections = new Connections(around)
  const client = connections.placement(config.placement.members)
  const register = () =>
    registerWorker({
      folder: workerFolder(config.data.folder),
      placement: client,
      address: grpc.address,
      raftAddress: '',
      zone: config.node.zone,
    })
  const identity = await untilAnswered('placement', register, around)
  const { clusterId, workerId } = identity
  const { bootEpoch, logger } = around
  logger.info({ clusterId, workerId: Number(workerId) }, 'registered')
  const transport = new InProcessNetwork().connect({ clusterId, nodeId: workerId, bootEpoch })
  const opened = await openWorkerPart({ config, identity, transport, placement: client }, around)
  late.open(opened.service)
  grpc.serve()
  return { addresses: { workerId: String(workerId), grpc: grpc.address }, problems: () => [] }
}
