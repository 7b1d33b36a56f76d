/** `vectron placement`: one member of placement in a process of its own. */
import { resolve } from 'node:path'
import { placement } from '@vectron/contracts'
import { InProcessNetwork } from '@vectron/raft'
import { openGrpcEndpoint } from './grpc-endpoint.ts'
import { LateService } from './late-service.ts'
import { openPlacementPart } from './parts.ts'
import type { OpenService, ServiceDefinition } from './run-service.ts'
import { PLACEMENT_SETTINGS, type PlacementConfig } from './settings.ts'
import type { Surroundings } from './surroundings.ts'

export const PLACEMENT_SERVICE: ServiceDefinition<typeof PLACEMENT_SETTINGS> = {
  name: 'placement',
  settings: PLACEMENT_SETTINGS,
  node: ({ node, admin, log, data, cluster }) => ({
    name: node.name || `placement-${cluster.member}`,
    admin,
    logLevel: log.level,
    dataFolder: resolve(data.folder),
  }),
  open: openPlacementService,
}

async function openPlacementService(
  config: PlacementConfig,
  around: Surroundings,
): Promise<OpenService> {
  const { cluster, data } = config
  const late = new LateService(placement.Placement, 'placement')
  const grpc = await openGrpcEndpoint(config.grpc, [late.bound], around)
  const transport = new InProcessNetwork().connect({
    clusterId: cluster.name,
    nodeId: BigInt(cluster.member),
    bootEpoch: around.bootEpoch,
  })
  const { service } = await openPlacementPart(
    { dataFolder: data.folder, transport, whenEmpty: { kind: 'bootstrap' } },
    around,
  )
  late.open(service)
  grpc.serve()
  return {
    addresses: { member: String(cluster.member), grpc: grpc.address },
    problems: () => [],
  }
}
