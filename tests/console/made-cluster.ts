/**
 * A gateway whose cluster is made up: larger, emptier or worse off than a test could start.
 *
 * A proxy before a real gateway. It answers the stream of views by itself, in the shape of the real
 * one, and hands on everything else: the pages, their policy, the session.
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ClusterView, ShardInfo, ShardReplica, WorkerInfo } from '@vectron/client'

/** Milliseconds between two views, as the real one has by default. */
const INTERVAL_MS = 1000

export class MadeCluster {
  readonly #behind: URL
  readonly #server = createServer((asked, answer) => this.#take(asked, answer))
  readonly #streams = new Set<ServerResponse>()
  #view: ClusterView | undefined
  readonly #again = setInterval(() => this.#tell(), INTERVAL_MS)
  #isSilent = false
  #isCut = false

  private constructor(behind: string) {
    this.#behind = new URL(behind)
  }

  /** @param behind address of the real gateway */
  static async before(behind: string): Promise<MadeCluster> {
    const made = new MadeCluster(behind)
    made.#server.listen(0, '127.0.0.1')
    await once(made.#server, 'listening')
    return made
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** To all who watch, and to those who come. */
  show(view: ClusterView): void {
    this.#view = view
    this.#tell()
  }

  /** Streams stay open and say nothing, as while placement has no leader. */
  silence(): void {
    this.#isSilent = true
  }

  /** Streams break, and no new ones begin. */
  cut(): void {
    this.#isCut = true
    for (const { socket } of this.#streams) socket?.destroy()
  }

  mend(): void {
    this.#isCut = false
    this.#isSilent = false
  }

  async close(): Promise<void> {
    clearInterval(this.#again)
    this.#server.close()
    this.#server.closeAllConnections()
  }

  #tell(): void {
    if (this.#isSilent || this.#view === undefined) return
    const line = `${JSON.stringify(this.#view)}\n`
    for (const stream of this.#streams) stream.write(line)
  }

  #take(asked: IncomingMessage, answer: ServerResponse): void {
    if (asked.url?.startsWith('/v1/cluster/watch')) this.#stream(answer)
    else this.#handOn(asked, answer)
  }

  #stream(answer: ServerResponse): void {
    if (this.#isCut) {
      answer.socket?.destroy()
      return
    }
    answer.writeHead(200, { 'content-type': 'application/x-ndjson' })
    answer.flushHeaders()
    this.#streams.add(answer)
    answer.on('close', () => this.#streams.delete(answer))
    if (this.#view !== undefined) answer.write(`${JSON.stringify(this.#view)}\n`)
  }

  #handOn(asked: IncomingMessage, answer: ServerResponse): void {
    const { hostname, port } = this.#behind
    const { method, url: path, headers } = asked
    const onward = request({ hostname, port, method, path, headers }, (response) => {
      answer.writeHead(response.statusCode ?? 502, response.headers)
      response.pipe(answer)
    })
    onward.on('error', () => answer.socket?.destroy())
    asked.pipe(onward)
  }
}

export interface MadeSize {
  readonly workers: number
  readonly shards: number
}

const REPLICAS = 3
const SHARDS_OF_A_COLLECTION = 40

/** All of it sound: each shard with three replicas, spread evenly. */
export function madeView({ workers, shards }: MadeSize): ClusterView {
  return {
    health: {
      status: 'ok',
      clusterId: 'made',
      version: '0.1.0',
      workers,
      shards,
      problems: [],
      shardsWithoutLeader: 0,
      shardsUnderReplicated: 0,
    },
    members: [
      { memberId: 1, address: '127.0.0.1:7200', leader: true, matchIndex: 9, active: true },
    ],
    workers: Array.from({ length: workers }, (_, index) => madeWorker(index + 1)),
    shards: Array.from({ length: shards }, (_, index) => madeShard(index + 1, workers)),
    operators: [],
    events: [],
    time: new Date().toISOString(),
    load: {
      gateway: 'gateway-1',
      seconds: 10,
      requests: [],
      cacheLookupsPerSecond: 0,
      cacheHitsPerSecond: 0,
      cpuCores: 0.1,
      memoryBytes: 2 ** 28,
    },
    gateways: 1,
    rerankers: [],
    localNodes: [],
  }
}

function madeWorker(workerId: number): WorkerInfo {
  return {
    workerId,
    address: `10.0.${workerId}.17:7100`,
    state: 'up',
    lastHeartbeat: new Date().toISOString(),
    replicas: 150,
    leaders: 50,
    zone: `zone-${'abc'[workerId % 3]}`,
    draining: false,
    replicaBytes: 40 * 2 ** 30,
    diskUsedBytes: 60 * 2 ** 30,
    diskFreeBytes: 140 * 2 ** 30,
    cpuCores: 2.5,
    memoryBytes: 9 * 2 ** 30,
  }
}

function madeShard(shardId: number, workers: number): ShardInfo {
  const replicas = Array.from({ length: REPLICAS }, (_, index) => {
    const workerId = 1 + ((shardId + index) % workers)
    return madeReplica(workerId, index === 0 ? 'leader' : 'voter')
  })
  return {
    shardId,
    collection: `collection-${String(Math.floor(shardId / SHARDS_OF_A_COLLECTION)).padStart(2, '0')}`,
    rangeStart: '0000000000000000',
    rangeEnd: '',
    membershipVersion: 3,
    rangeVersion: 1,
    leaderWorkerId: replicas[0]?.workerId ?? 0,
    workerIds: replicas.map(({ workerId }) => workerId),
    replicationFactor: REPLICAS,
    searchReplicas: 0,
    replicas,
    lastIndex: 1200 + shardId,
    changing: false,
    problems: [],
  }
}

function madeReplica(workerId: number, role: ShardReplica['role']): ShardReplica {
  return {
    replicaId: workerId,
    workerId,
    role,
    leaving: false,
    state: 'ready',
    appliedIndex: 1200,
    lag: 0,
    pointsCount: 812_345,
    indexedCount: 812_345,
    diskBytes: 271 * 2 ** 20,
  }
}

/** The view after a worker died: who follows leads what it led, and every third has nobody yet. */
export function withDeadWorker(view: ClusterView, workerId: number): ClusterView {
  const shards = view.shards.map((shard) => {
    if (!shard.workerIds.includes(workerId)) return shard
    const isLeader = shard.leaderWorkerId === workerId
    const isOrphan = isLeader && Number(shard.shardId) % 3 === 0
    const heir = shard.workerIds.find((id) => id !== workerId) ?? 0
    const leaderWorkerId = isOrphan ? 0 : isLeader ? heir : shard.leaderWorkerId
    const replicas = shard.replicas.map((replica): ShardReplica => {
      const role = replica.workerId === leaderWorkerId ? 'leader' : 'voter'
      return { ...replica, role, state: replica.workerId === workerId ? 'dead' : replica.state }
    })
    const problems = [`shard ${shard.shardId} of ${shard.collection}: worker ${workerId} is dead`]
    return { ...shard, leaderWorkerId, replicas, problems }
  })
  const problems = shards.flatMap((shard) => shard.problems)
  const workers = view.workers.map((worker) =>
    worker.workerId === workerId ? { ...worker, state: 'dead' as const } : worker,
  )
  const health = { ...view.health, status: 'unavailable' as const, problems }
  return { ...view, health, workers, shards }
}
