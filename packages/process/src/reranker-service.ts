/** `vectron reranker`: an instance of the reranker in a process of its own. It keeps nothing. */
import { announce, openReranker } from '@vectron/reranker-service'
import { Connections } from './connections.ts'
import { openGrpcEndpoint } from './grpc-endpoint.ts'
import { rerankerOptions } from './reranker-options.ts'
import type { OpenService, ServiceDefinition } from './run-service.ts'
import { RERANKER_SETTINGS, type RerankerConfig } from './settings.ts'
import type { Surroundings } from './surroundings.ts'
import { openTrust } from './trust.ts'
import { untilAnswered } from './until-answered.ts'

export const RERANKER_SERVICE: ServiceDefinition<typeof RERANKER_SETTINGS> = {
  name: 'reranker',
  settings: RERANKER_SETTINGS,
  node: ({ node, admin, log, tracing }) => ({
    name: node.name || 'reranker',
    admin,
    logLevel: log.level,
    tracing,
    dataFolder: undefined,
  }),
  open: openRerankerService,
}

async function openRerankerService(
  config: RerankerConfig,
  around: Surroundings,
): Promise<OpenService> {
  const listens = { 'grpc.host': config.grpc.host }
  const dials = { 'placement.members': config.placement.members }
  const trust = await openTrust({ ...config, role: 'reranker', listens, dials }, around)
  const running = openReranker(rerankerOptions(config, around))
  const endpoint = { ...config.grpc, setting: 'grpc.advertise' }
  const grpc = await openGrpcEndpoint(
    { endpoint, services: [running.service], trust, callers: ['gateway'] },
    around,
  )
  const placement = new Connections({ ...around, trust }).placement(config.placement.members)
  const { address } = grpc
  grpc.serve()
  const announcing = () => announce({ placement, address, ...around })
  around.closers.add(await untilAnswered('placement', announcing, around))
  return { addresses: { grpc: address }, problems: () => [] }
}
