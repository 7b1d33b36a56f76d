/**
 * Which nodes a cluster on this machine has, and the settings of each: pure functions.
 *
 * Ports are fixed when a node is planned, because the others are told its addresses; a restarted
 * node comes back under the same ones.
 */
import { join } from 'node:path'
import type { ServiceName } from '@vectron/process'

export const HOST = '127.0.0.1'

/** One process of the cluster. */
export interface PlannedNode {
  /** `worker-2`; unique in the cluster. */
  readonly name: string
  readonly service: ServiceName
  /** Counts from 1 among the nodes of its service. */
  readonly number: number
  /** By the section of the setting; not all services have all of them. */
  readonly ports: Readonly<Partial<Record<PortName, number>>>
}

export type PortName = 'http' | 'grpc' | 'raft' | 'admin'

export interface ClusterCounts {
  readonly workers: number
  readonly placement: number
  readonly gateways: number
  readonly rerankers?: number
}

/** Ports of each service, in the order in which they are given out. */
const PORTS: Readonly<Record<ServiceName, readonly PortName[]>> = {
  placement: ['grpc', 'raft', 'admin'],
  auth: ['grpc', 'http', 'admin'],
  worker: ['grpc', 'raft', 'admin'],
  gateway: ['http', 'grpc', 'admin'],
  reranker: ['grpc', 'admin'],
}

/** Services without a data folder. */
const KEEPS_NOTHING: readonly ServiceName[] = ['gateway', 'reranker']

/** The nodes of a new cluster, in the order in which they are started. */
export function planNodes(counts: ClusterCounts, nextPort: () => number): PlannedNode[] {
  const services: [ServiceName, number][] = [
    ['gateway', counts.gateways],
    ['placement', counts.placement],
    ['auth', 1],
    ['worker', counts.workers],
    ['reranker', counts.rerankers ?? 0],
  ]
  return services.flatMap(([service, count]) =>
    Array.from({ length: count }, (_, index) => planNode(service, index + 1, nextPort)),
  )
}

export function planNode(
  service: ServiceName,
  number: number,
  nextPort: () => number,
): PlannedNode {
  const ports = Object.fromEntries(PORTS[service].map((name) => [name, nextPort()]))
  return { name: `${service}-${number}`, service, number, ports }
}

export interface SettingsContext {
  /** Name of the cluster. */
  readonly name: string
  /** All nodes, this one among them. */
  readonly nodes: readonly PlannedNode[]
  /** Where the node keeps its data. */
  readonly dataFolder: string
  /** Folder of the whole cluster. */
  readonly clusterFolder: string
}

/** The TOML file of a node. */
export function nodeSettings(node: PlannedNode, context: SettingsContext): string {
  const sections = [
    section('node', { name: node.name }),
    ...servicesSections(node, context),
    ...Object.entries(node.ports).map(([name, port]) => section(name, { port })),
    ...(KEEPS_NOTHING.includes(node.service)
      ? []
      : [section('data', { folder: context.dataFolder })]),
  ]
  return `# Written by vectron cluster; read at each start of ${node.name}.\n\n${sections.join('\n')}`
}

function servicesSections(
  node: PlannedNode,
  { name, nodes, dataFolder, clusterFolder }: SettingsContext,
): string[] {
  const placement = nodes.filter(({ service }) => service === 'placement')
  switch (node.service) {
    case 'placement': {
      const members = placement.map(
        ({ number, ports }) => `${number}@${HOST}:${ports.grpc}/${ports.raft}`,
      )
      return [section('cluster', { name, member: node.number, members })]
    }
    case 'worker':
    case 'reranker':
      return [section('placement', { members: placement.map(grpcAddress) })]
    case 'gateway': {
      const auth = nodes.filter(({ service }) => service === 'auth').map(grpcAddress)
      return [
        section('placement', { members: placement.map(grpcAddress) }),
        section('auth', { addresses: auth }),
        section('audit', { file: join(dataFolder, 'audit.log') }),
        section('demo', { folder: clusterFolder }),
      ]
    }
    case 'auth':
      return []
  }
}

export function grpcAddress({ ports }: PlannedNode): string {
  return `${HOST}:${ports.grpc}`
}

/** JSON's strings, numbers and arrays are TOML's too. */
function section(name: string, values: Readonly<Record<string, unknown>>): string {
  const lines = Object.entries(values).map(([key, value]) => `${key} = ${JSON.stringify(value)}`)
  return `[${name}]\n${lines.join('\n')}\n`
}

/** File of the secret that all nodes of a cluster share. */
export function clusterSecretPath(clusterFolder: string): string {
  return join(clusterFolder, 'cluster.secret')
}

/** Files of a node in the cluster's folder. */
export function nodeFiles(clusterFolder: string, nodeName: string) {
  const folder = join(clusterFolder, nodeName)
  return {
    folder,
    settings: join(folder, `${nodeName.replace(/-\d+$/, '')}.toml`),
    data: join(folder, 'data'),
    log: join(folder, 'log.jsonl'),
    /** Its standard output: the ready line. */
    output: join(folder, 'ready.json'),
    process: join(folder, 'process.json'),
  } as const
}
