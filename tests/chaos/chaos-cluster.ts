/**
 * The cluster under test: real processes as people run them, each on a host of its own, with the
 * settings that docs/OPERATIONS.md describes; silence is judged sooner, so that minutes tell what
 * otherwise takes hours.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { COMMAND } from '../cluster/local-cluster.ts'
import { ChaosCertificates, type TlsSettings } from './chaos-certificates.ts'
import type { ChaosNetwork } from './chaos-network.ts'
import { ChaosNode, type ChaosNodeOptions, type ServiceName } from './chaos-node.ts'
import { LoopbackNetwork } from './loopback-network.ts'
import { NamespaceNetwork } from './namespace-network.ts'
import { SmallDisk } from './small-disk.ts'

const GRPC_PORT = 6200
const RAFT_PORT = 6201
const ADMIN_PORT = 6202
const HTTP_PORT = 6180
const PUBLIC_GRPC_PORT = 6181
/** What other hosts connect to. */
const PORTS = [GRPC_PORT, RAFT_PORT, HTTP_PORT, PUBLIC_GRPC_PORT]
/** Milliseconds without a heartbeat after which a worker is silent, and dead. */
const SILENT_MS = 2_000
const DEAD_MS = 20_000
/** The first worker's: small enough to be filled in a second. */
const SMALL_DISK_MIB = 768
const RESERVE_BYTES = 128 * 2 ** 20
/** Logs and graphs of a small cluster need no more. */
const ENGINE = { searchThreads: 1, indexThreads: 1 }

/** Namespaces, or proxies on loopback where there can be none: then no disk can be filled. */
export type NetworkKind = 'namespaces' | 'loopback'

export interface ClusterOptions {
  readonly folder: string
  readonly network: NetworkKind
  readonly size: ClusterSize
  readonly onUnaskedEnd: ChaosNodeOptions['onUnaskedEnd']
}

export interface ClusterSize {
  readonly workers: number
  readonly placement: number
  readonly gateways: number
}

export class ChaosCluster {
  readonly network: ChaosNetwork
  readonly nodes: readonly ChaosNode[]
  /** Of the first worker, where there can be one. */
  readonly smallDisk: SmallDisk | undefined
  readonly certificates: ChaosCertificates
  /** Filled in when the authenticator's folder is there. */
  apiKey = ''

  private constructor(
    parts: Pick<ChaosCluster, 'network' | 'nodes' | 'smallDisk' | 'certificates'>,
  ) {
    this.network = parts.network
    this.nodes = parts.nodes
    this.smallDisk = parts.smallDisk
    this.certificates = parts.certificates
  }

  /** Starts every node; settles when all are ready. */
  static async start(options: ClusterOptions): Promise<ChaosCluster> {
    const { folder, size, onUnaskedEnd } = options
    const inNamespaces = options.network === 'namespaces'
    const network = inNamespaces ? NamespaceNetwork.create() : new LoopbackNetwork(PORTS)
    const smallDisk = inNamespaces
      ? new SmallDisk(path.join(folder, 'small-disk'), SMALL_DISK_MIB)
      : undefined
    const plan: [ServiceName, number][] = [
      ['placement', size.placement],
      ['auth', 1],
      ['worker', size.workers],
      ['gateway', size.gateways],
    ]
    const nodes: ChaosNode[] = []
    for (const [service, count] of plan) {
      for (let number = 1; number <= count; number++) {
        const name = `${service}-${number}`
        const home = path.join(folder, name)
        const disk = name === 'worker-1' ? smallDisk?.folder : undefined
        const host = await network.addHost(name)
        const data = path.join(disk ?? home, 'data')
        nodes.push(new ChaosNode({ host, service, folder: home, data, onUnaskedEnd }))
      }
    }
    const certificates = await ChaosCertificates.create(path.join(folder, 'certificates'))
    const cluster = new ChaosCluster({ network, nodes, smallDisk, certificates })
    for (const node of nodes) {
      const tls = await certificates.issue(node.service, node.name)
      writeFileSync(node.settings, cluster.#settingsOf(node, tls))
    }
    cluster.apiKey = cluster.#createKey()
    await cluster.startAll()
    return cluster
  }

  get gatewayUrls(): readonly string[] {
    return this.of('gateway').map(({ address }) => `http://${address}:${HTTP_PORT}`)
  }

  /** gRPC address of a worker. */
  grpcAddress({ address }: ChaosNode): string {
    return `${address}:${GRPC_PORT}`
  }

  of(service: ServiceName): ChaosNode[] {
    return this.nodes.filter((node) => node.service === service)
  }

  node(name: string): ChaosNode {
    const found = this.nodes.find((node) => node.name === name)
    if (found === undefined) throw new Error(`no node ${name}`)
    return found
  }

  async startAll(): Promise<void> {
    for (const node of this.nodes) node.start()
    await Promise.all(this.nodes.map((node) => node.untilReady()))
  }

  /** Everything as it should be again: network, clocks, disk, processes. */
  async heal(): Promise<void> {
    await this.network.heal()
    await this.smallDisk?.free()
    for (const node of this.nodes) {
      node.clock?.set(0)
      node.resume()
    }
    await this.startAll()
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()))
    this.smallDisk?.unmount()
  }

  #createKey(): string {
    const auth = this.node('auth-1')
    mkdirSync(auth.data, { recursive: true })
    const args = [COMMAND, 'auth', '--config', auth.settings, '--create-key', 'chaos']
    const printed = execFileSync(process.execPath, args, { encoding: 'utf8', cwd: auth.folder })
    const key = /vk_\S+/.exec(printed)?.[0]
    if (key === undefined) throw new Error(`no key in: ${printed}`)
    return key
  }

  #settingsOf(node: ChaosNode, tls: TlsSettings): string {
    const host = node.listenAddress
    const sections: Record<string, Record<string, unknown>> = {
      node: { name: node.name },
      tls: { ...tls },
      admin: { host, port: ADMIN_PORT },
      ...(node.service === 'gateway' ? {} : { data: { folder: node.data } }),
      ...this.#serviceSettings(node),
    }
    // JSON's strings, numbers and arrays are TOML's too.
    return Object.entries(sections)
      .map(([section, values]) => {
        const lines = Object.entries(values).map(
          ([key, value]) => `${key} = ${JSON.stringify(value)}`,
        )
        return `[${section}]\n${lines.join('\n')}\n`
      })
      .join('\n')
  }

  #serviceSettings(node: ChaosNode): Record<string, Record<string, unknown>> {
    const host = node.listenAddress
    const at = (port: number) => ({ host, port, advertise: `${node.address}:${port}` })
    const members = this.of('placement').map((member) => `${member.address}:${GRPC_PORT}`)
    switch (node.service) {
      case 'placement':
        return {
          cluster: {
            name: 'chaos',
            member: this.of('placement').indexOf(node) + 1,
            members: this.of('placement').map(
              ({ address }, index) => `${index + 1}@${address}:${GRPC_PORT}/${RAFT_PORT}`,
            ),
          },
          grpc: { host, port: GRPC_PORT },
          raft: { host, port: RAFT_PORT },
          driver: { silentMs: SILENT_MS, deadMs: DEAD_MS },
        }
      case 'worker':
        return {
          placement: { members },
          grpc: at(GRPC_PORT),
          raft: at(RAFT_PORT),
          engine: ENGINE,
          data: { folder: node.data, reserveBytes: RESERVE_BYTES },
        }
      case 'gateway':
        return {
          placement: { members },
          auth: { addresses: [`${this.node('auth-1').address}:${GRPC_PORT}`] },
          http: { host, port: HTTP_PORT },
          grpc: { port: PUBLIC_GRPC_PORT },
        }
      case 'auth':
        return { grpc: { host, port: GRPC_PORT } }
    }
  }
}
