/**
 * A cluster of real processes on this machine, in a fresh folder, while something is measured.
 *
 * Must stay true: the processes of a local cluster outlive whoever started them, so this one stops
 * them on every way out, Ctrl-C among them.
 */
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { systemClock, systemDisk, systemRandom } from '@vectron/base'
import { type ShardInfo, Vectron } from '@vectron/client'
import { LocalCluster, type PlannedNode } from '@vectron/local-cluster'

const COMMAND = resolve(import.meta.dirname, '../../cli/src/main.ts')
const POLL_MS = 50
/** Workers share this machine's cores with what is measured, and must not pass for silent. */
const SILENT_MS = 5000

export interface ClusterRunOptions {
  readonly workers: number
  readonly placement: number
  /** Milliseconds of silence after which a worker's replicas are rebuilt. */
  readonly deadMs: number
  /** TOML that is added to the settings of each node of a service. */
  readonly settings?: Readonly<Partial<Record<PlannedNode['service'], string>>>
}

export class ClusterRun {
  readonly cluster: LocalCluster
  readonly url: string
  readonly grpc: string
  readonly apiKey: string
  readonly vectron: Vectron
  readonly #onSignal: () => void

  private constructor(
    cluster: LocalCluster,
    addresses: { readonly url: string; readonly grpc: string },
    apiKey: string,
  ) {
    this.cluster = cluster
    this.url = addresses.url
    this.grpc = addresses.grpc
    this.apiKey = apiKey
    this.vectron = new Vectron({ url: this.url, apiKey, retry: { retriesMax: 0 } })
    this.#onSignal = () => {
      this.close().finally(() => process.exit(130))
    }
    process.once('SIGINT', this.#onSignal)
    process.once('SIGTERM', this.#onSignal)
  }

  static async start({
    workers,
    placement,
    deadMs,
    settings,
  }: ClusterRunOptions): Promise<ClusterRun> {
    const folder = mkdtempSync(join(tmpdir(), 'vectron-bench-cluster-'))
    const cluster = new LocalCluster({
      folder,
      command: [process.execPath, COMMAND],
      env: process.env,
      clock: systemClock,
      random: systemRandom,
      disk: systemDisk,
    })
    const { nodes } = await cluster.create({ workers, placement, gateways: 1, port: 0 })
    const silentMs = Math.min(SILENT_MS, deadMs / 2)
    const driver = `\n[driver]\nsilentMs = ${silentMs}\ndeadMs = ${deadMs}\n`
    const added: ClusterRunOptions['settings'] = { placement: driver, ...settings }
    for (const { service, name } of nodes) {
      appendFileSync(join(folder, name, `${service}.toml`), added[service] ?? '')
    }
    await cluster.startAll()
    return new ClusterRun(cluster, await cluster.addresses(), await cluster.createKey('bench'))
  }

  shards(collection: string): Promise<readonly ShardInfo[]> {
    return this.vectron.cluster.shards(collection)
  }

  /** The node of a worker; undefined when it is none of this cluster's folder. */
  async nodeOfWorker(workerId: number | string): Promise<PlannedNode | undefined> {
    const workers = await this.vectron.cluster.workers()
    const worker = workers.find((one) => one.workerId === workerId)
    const nodes = (await this.cluster.states()).map(({ node }) => node)
    return nodes.find(({ ports }) => worker?.address.endsWith(`:${ports.grpc}`))
  }

  /** Settles when every shard of the collection has all replicas, none on these workers. */
  async untilReplicated(
    collection: string,
    without: readonly (number | string)[] = [],
  ): Promise<void> {
    const isWhole = ({ problems, replicas, replicationFactor }: ShardInfo) =>
      problems.length === 0 &&
      replicas.length === replicationFactor &&
      replicas.every(({ lag, workerId }) => lag === 0 && !without.includes(workerId))
    for (;;) {
      const shards = await this.shards(collection).catch(() => undefined)
      if (shards?.every(isWhole)) return
      await pause(POLL_MS)
    }
  }

  async close(): Promise<void> {
    process.off('SIGINT', this.#onSignal)
    process.off('SIGTERM', this.#onSignal)
    await this.cluster.stop()
    rmSync(this.cluster.folder, { recursive: true, force: true })
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
