/** `vectron placement`: one member of placement in a process of its own. */
import { resolve } from 'node:path'
import { replicaId } from '@vectron/base'
import { placement } from '@vectron/contracts'
import { CATALOG_GROUP } from '@vectron/placement-service'
import { formatAddress, parseMember } from './address.ts'
import { Connections } from './connections.ts'
import { openGrpcEndpoint } from './grpc-endpoint.ts'
import { LateService } from './late-service.ts'
import { openPlacementPart } from './parts.ts'
import { openPeerTransport } from './peer-endpoint.ts'
import type { OpenService, ServiceDefinition } from './run-service.ts'
import { PLACEMENT_SETTINGS, type PlacementConfig } from './settings.ts'
import type { Surroundings } from './surroundings.ts'
import { openTrust } from './trust.ts'

export const PLACEMENT_SERVICE: ServiceDefinition<typeof PLACEMENT_SETTINGS> = {
  name: 'placement',
  settings: PLACEMENT_SETTINGS,
  node: ({ node, admin, log, data, cluster, tracing }) => ({
    name: node.name || `placement-${cluster.member}`,
    admin,
    logLevel: log.level,
    tracing,
    dataFolder: resolve(data.folder),
  }),
  open: openPlacementService,
}

async function openPlacementService(
  config: PlacementConfig,
  around: Surroundings,
): Promise<OpenService> {
  const { cluster, data, driver } = config
  const late = new LateService(placement.Placement, 'placement')
  const members = cluster.members.map(parseMember)
  const memberId = BigInt(cluster.member)
  const own = members.find((one) => one.memberId === memberId)
  const trust = await openTrust(
    {
      ...config,
      role: 'placement',
      listens: { 'grpc.host': config.grpc.host, 'raft.host': config.raft.host },
      dials: { 'cluster.members': members.map(({ address }) => address) },
    },
    around,
  )
  const endpoint = { ...config.grpc, advertise: own?.address ?? '', setting: 'cluster.members' }
  const grpc = await openGrpcEndpoint(
    {
      endpoint,
      services: [late.bound],
      trust,
      callers: ['gateway', 'worker', 'placement', 'reranker'],
    },
    around,
  )
  // Without a list it is the only one.
  const sole = { memberId, address: grpc.address, raftAddress: formatAddress(config.raft) }
  const member = { memberId, members: members.length === 0 ? [sole] : members }
  const transport = await openPeerTransport(
    {
      identity: { clusterId: cluster.name, nodeId: memberId, bootEpoch: around.bootEpoch },
      role: 'placement',
      trust,
      listen: {
        ...config.raft,
        advertise: own?.raftAddress ?? '',
        setting: 'cluster.members',
      },
      snapshotMibPerSecond: config.raft.snapshotMibPerSecond,
      addressOf: (node) => members.find((one) => one.memberId === node)?.raftAddress,
    },
    around,
  )
  transport.setMembers(
    CATALOG_GROUP,
    members.map((one) => ({ replica: replicaId(one.memberId), nodeId: one.memberId })),
  )
  const connections = new Connections({ ...around, trust })
  const { service } = await openPlacementPart(
    {
      dataFolder: data.folder,
      transport,
      member,
      settings: driver,
      connect: ({ address }) =>
        connections.channel('placement', address).client(placement.Placement),
      whenEmpty: { kind: 'bootstrap' },
    },
    around,
  )
  late.open(service)
  grpc.serve()
  return {
    addresses: { member: String(cluster.member), grpc: grpc.address },
    problems: () => [],
  }
}
