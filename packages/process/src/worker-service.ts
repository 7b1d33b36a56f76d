/**
 * `vectron worker`: a worker in a process of its own.
 *
 * It listens first, because placement is told where; its handlers come when it is registered.
 */
import { resolve } from 'node:path'
import { worker } from '@vectron/contracts'
import { PeerDirectory, readIdentity, registerWorker } from '@vectron/worker-service'
import { Connections } from './connections.ts'
import { openGrpcEndpoint } from './grpc-endpoint.ts'
import { LateService } from './late-service.ts'
import { openWorkerPart, workerFolder } from './parts.ts'
import { openPeerTransport } from './peer-endpoint.ts'
import type { OpenService, ServiceDefinition } from './run-service.ts'
import { WORKER_SETTINGS, type WorkerConfig } from './settings.ts'
import type { Surroundings } from './surroundings.ts'
import { openTrust } from './trust.ts'
import { untilAnswered } from './until-answered.ts'

export const WORKER_SERVICE: ServiceDefinition<typeof WORKER_SETTINGS> = {
  name: 'worker',
  settings: WORKER_SETTINGS,
  node: ({ node, admin, log, data, tracing }) => ({
    name: node.name || 'worker',
    admin,
    logLevel: log.level,
    tracing,
    dataFolder: resolve(data.folder),
  }),
  open: openWorkerService,
}

async function openWorkerService(config: WorkerConfig, around: Surroundings): Promise<OpenService> {
  const late = new LateService(worker.Worker, 'worker')
  const trust = await openTrust(
    {
      ...config,
      role: 'worker',
      listens: { 'grpc.host': config.grpc.host, 'raft.host': config.raft.host },
      dials: { 'placement.members': config.placement.members },
    },
    around,
  )
  const endpoint = { ...config.grpc, setting: 'grpc.advertise' }
  const grpc = await openGrpcEndpoint(
    { endpoint, services: [late.bound], trust, callers: ['gateway'] },
    around,
  )
  const connections = new Connections({ ...around, trust })
  const client = connections.placement(config.placement.members)
  const folder = workerFolder(config.data.folder)
  const register = (raftAddress: string) => {
    const addresses = { address: grpc.address, raftAddress, zone: config.node.zone }
    const registering = () => registerWorker({ folder, placement: client, ...addresses })
    return untilAnswered('placement', registering, around)
  }
  // A new worker has no id before placement knows it, and no address for peers before it has an id.
  const identity = (await readIdentity(folder)) ?? (await register(''))
  const { clusterId, workerId } = identity
  const { bootEpoch, logger } = around
  const peers = new PeerDirectory()
  const transport = await openPeerTransport(
    {
      identity: { clusterId, nodeId: workerId, bootEpoch },
      role: 'worker',
      trust,
      listen: { ...config.raft, setting: 'raft.advertise' },
      snapshotMibPerSecond: config.raft.snapshotMibPerSecond,
      addressOf: (node) => peers.addressOf(node),
    },
    around,
  )
  await register(transport.advertisedAddress)
  logger.info({ clusterId, workerId: Number(workerId) }, 'registered')
  const part = { config, identity, transport, peers, placement: client }
  const opened = await openWorkerPart(part, around)
  late.open(opened.service)
  grpc.serve()
  return { addresses: { workerId: String(workerId), grpc: grpc.address }, problems: () => [] }
}
