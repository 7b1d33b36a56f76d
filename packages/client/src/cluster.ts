/** The cluster behind one Vectron: its members and shards, and what is done to them. */
import type {
  ClusterEvent,
  ClusterView,
  Id,
  LocalNode,
  Operator,
  PlacementMemberInfo,
  ShardInfo,
  SlowQueries,
  WorkerInfo,
} from './cluster-resources.ts'
import type { CallOptions, Transport } from './transport.ts'

const CLUSTER = '/v1/cluster'

export interface WatchOptions extends CallOptions {
  /** Milliseconds between two views, 200 to 60,000. Default 1,000. */
  readonly intervalMs?: number
  /** Events after this one only. Default: all that are kept. */
  readonly afterEventId?: Id
  /** Leaves the shards out; there may be many. */
  readonly withoutShards?: boolean
}

export class Cluster {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /** Workers with their states and zones, in the order of ids. */
  async workers(options?: CallOptions): Promise<readonly WorkerInfo[]> {
    return (await this.#get<{ workers: WorkerInfo[] }>('/workers', options)).workers
  }

  /** Shards with their replicas, of one collection or of all. */
  async shards(collection = '', options?: CallOptions): Promise<readonly ShardInfo[]> {
    const query = collection === '' ? '' : `?collection=${encodeURIComponent(collection)}`
    return (await this.#get<{ shards: ShardInfo[] }>(`/shards${query}`, options)).shards
  }

  /** The members of placement. */
  async members(options?: CallOptions): Promise<readonly PlacementMemberInfo[]> {
    return (await this.#get<{ members: PlacementMemberInfo[] }>('/members', options)).members
  }

  /** What placement did and noticed of late, oldest first. */
  async events(afterEventId: Id = 0, options?: CallOptions): Promise<readonly ClusterEvent[]> {
    const path = `/events?afterEventId=${afterEventId}`
    return (await this.#get<{ events: ClusterEvent[] }>(path, options)).events
  }

  /** Searches and reads that took long, newest first, of those that the gateway remembers. */
  slowQueries(
    options: CallOptions & { readonly collection?: string; readonly limit?: number } = {},
  ): Promise<SlowQueries> {
    const { collection, limit, ...call } = options
    const query = new URLSearchParams({
      ...(collection === undefined ? {} : { collection }),
      ...(limit === undefined ? {} : { limit: String(limit) }),
    })
    return this.#get(`/slowQueries${query.size > 0 ? `?${query}` : ''}`, call)
  }

  /** The cluster at once, and then again at each interval until the caller leaves the loop. */
  watch(options: WatchOptions = {}): AsyncGenerator<ClusterView> {
    const { intervalMs, afterEventId, withoutShards, ...call } = options
    const query = new URLSearchParams({
      ...(intervalMs === undefined ? {} : { intervalMs: String(intervalMs) }),
      ...(afterEventId === undefined ? {} : { afterEventId: String(afterEventId) }),
      ...(withoutShards === undefined ? {} : { withoutShards: String(withoutShards) }),
    })
    const path = `${CLUSTER}/watch${query.size > 0 ? `?${query}` : ''}`
    return this.#transport.stream({ method: 'GET', path, idempotent: true }, call)
  }

  /** Moves all replicas away from a worker; answers at once, with how many it has still. */
  async drainWorker(workerId: Id, options?: CallOptions): Promise<number> {
    return this.#drain(`/workers/${workerId}:drain`, options)
  }

  /** Lets a drained worker take replicas again. */
  async undrainWorker(workerId: Id, options?: CallOptions): Promise<number> {
    return this.#drain(`/workers/${workerId}:undrain`, options)
  }

  /** Forgets a worker that hosts no replica. Never retried. */
  async removeWorker(workerId: Id, options?: CallOptions): Promise<void> {
    const path = `${CLUSTER}/workers/${workerId}`
    await this.#transport.call({ method: 'DELETE', path, idempotent: false }, options)
  }

  /** Begins to move a replica; placement chooses where to, unless told. Never retried. */
  moveReplica(
    move: { readonly shardId: Id; readonly fromWorkerId: Id; readonly toWorkerId?: Id },
    options?: CallOptions,
  ): Promise<Operator> {
    const { shardId, ...body } = move
    return this.#post(`/shards/${shardId}:moveReplica`, body, options)
  }

  /** Begins to hand a shard's leadership on; placement chooses to whom, unless told. */
  transferLeader(
    transfer: { readonly shardId: Id; readonly toWorkerId?: Id },
    options?: CallOptions,
  ): Promise<Operator> {
    const { shardId, ...body } = transfer
    return this.#post(`/shards/${shardId}:transferLeader`, body, options)
  }

  /** Begins to even out replicas and leaders; answers what began. Never retried. */
  async rebalance(options?: CallOptions): Promise<readonly Operator[]> {
    return (await this.#post<{ operators: Operator[] }>(':rebalance', {}, options)).operators
  }

  /** Moves that run, and the last that ended. */
  async operators(options?: CallOptions): Promise<readonly Operator[]> {
    return (await this.#get<{ operators: Operator[] }>('/operators', options)).operators
  }

  /** Stops a move where it is. */
  cancelOperator(operatorId: Id, options?: CallOptions): Promise<Operator> {
    return this.#post(`/operators/${operatorId}:cancel`, {}, options)
  }

  /** Kills a node of a cluster on one machine, where the gateway has such; see `localNodes`. */
  killNode(name: string, options?: CallOptions): Promise<LocalNode> {
    return this.#demo(`${encodeURIComponent(name)}:kill`, options)
  }

  /** Begins to start a node that is down. */
  startNode(name: string, options?: CallOptions): Promise<LocalNode> {
    return this.#demo(`${encodeURIComponent(name)}:start`, options)
  }

  #demo(path: string, options: CallOptions | undefined): Promise<LocalNode> {
    const call = { method: 'POST', path: `/v1/demo/nodes/${path}`, body: {} } as const
    return this.#transport.call({ ...call, idempotent: false }, options)
  }

  async #drain(path: string, options: CallOptions | undefined): Promise<number> {
    const call = { method: 'POST', path: CLUSTER + path, body: {}, idempotent: true } as const
    return (await this.#transport.call<{ replicas: number }>(call, options)).replicas
  }

  #get<Answer>(path: string, options: CallOptions | undefined): Promise<Answer> {
    return this.#transport.call({ method: 'GET', path: CLUSTER + path, idempotent: true }, options)
  }

  #post<Answer>(path: string, body: unknown, options: CallOptions | undefined): Promise<Answer> {
    const call = { method: 'POST', path: CLUSTER + path, body, idempotent: false } as const
    return this.#transport.call(call, options)
  }
}
