/** Looks at the cluster through its public API: who leads, what is whole, what is wrong. */
import { type ShardInfo, Vectron } from '@vectron/client'
import type { ChaosCluster } from './chaos-cluster.ts'
import type { ChaosNode } from './chaos-node.ts'

/** Milliseconds for one question; any gateway may be the one that is cut off. */
const TIMEOUT_MS = 3_000
const POLL_MS = 250

export class ClusterEye {
  readonly #cluster: ChaosCluster
  readonly #clients: readonly Vectron[]

  constructor(cluster: ChaosCluster) {
    this.#cluster = cluster
    this.#clients = cluster.gatewayUrls.map(
      (url) => new Vectron({ url, apiKey: cluster.apiKey, timeoutMs: TIMEOUT_MS }),
    )
  }

  /** Asks one gateway after the other until one answers. */
  async ask<Answer>(question: (vectron: Vectron) => Promise<Answer>): Promise<Answer> {
    let last: unknown
    for (const client of this.#clients) {
      try {
        return await question(client)
      } catch (error) {
        last = error
      }
    }
    throw last
  }

  /** The worker that leads a collection's first shard; the first worker when nobody knows. */
  async shardLeader(collection: string): Promise<ChaosNode> {
    const fallback = this.#cluster.node('worker-1')
    try {
      const [shards, workers] = await this.ask((vectron) =>
        Promise.all([vectron.cluster.shards(collection), vectron.cluster.workers()]),
      )
      const leader = workers.find(({ workerId }) => workerId === shards[0]?.leaderWorkerId)
      return this.#nodeAt(leader?.address) ?? fallback
    } catch {
      return fallback
    }
  }

  async placementLeader(): Promise<ChaosNode> {
    const fallback = this.#cluster.node('placement-1')
    try {
      const members = await this.ask((vectron) => vectron.cluster.members())
      return this.#nodeAt(members.find(({ leader }) => leader)?.address) ?? fallback
    } catch {
      return fallback
    }
  }

  /** Asks for another leader of each collection's first shard; refusals are no matter. */
  async transferLeaders(collections: readonly string[]): Promise<void> {
    for (const collection of collections) {
      await this.ask(async (vectron) => {
        const [shard] = await vectron.cluster.shards(collection)
        if (shard) await vectron.cluster.transferLeader({ shardId: shard.shardId })
      }).catch(() => {})
    }
  }

  /** Milliseconds until every shard has a leader and all its replicas, none of them behind. */
  async untilReplicated(timeoutMs: number): Promise<number> {
    const startMs = performance.now()
    for (let lacking = 'no answer'; ; ) {
      try {
        const shards = await this.ask((vectron) => vectron.cluster.shards())
        const found = shards.flatMap(lackOf)
        if (found.length === 0) return performance.now() - startMs
        lacking = found.join('; ')
      } catch (error) {
        lacking = String(error)
      }
      if (performance.now() - startMs > timeoutMs) {
        throw new Error(`not replicated in full within ${timeoutMs / 1000} s: ${lacking}`)
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    }
  }

  #nodeAt(address: string | undefined): ChaosNode | undefined {
    return this.#cluster.nodes.find((node) => this.#cluster.grpcAddress(node) === address)
  }
}

function lackOf({ shardId, collection, replicas, problems }: ShardInfo): string[] {
  const behind = replicas.filter(({ lag, leaving }) => lag > 0 || leaving)
  const lacks = [
    ...problems,
    ...behind.map(({ workerId, lag }) => `worker ${workerId} is ${lag} entries behind`),
  ]
  return lacks.map((lack) => `shard ${shardId} of ${collection}: ${lack}`)
}
