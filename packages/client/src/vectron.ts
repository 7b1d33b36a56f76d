/** The client of one Vectron: collections, and the state of the cluster. */
import { Access } from './access.ts'
import { Account } from './account.ts'
import { Aliases } from './aliases.ts'
import { Cluster } from './cluster.ts'
import type { ClusterHealth } from './cluster-resources.ts'
import { type AnyPayload, Collection } from './collection.ts'
import { Projects } from './projects.ts'
import type { RerankStrategy } from './reranking.ts'
import type {
  ClusterStatistics,
  CollectionChange,
  CollectionInfo,
  NewCollection,
} from './resources.ts'
import { type CallOptions, type ClientOptions, Transport } from './transport.ts'

const COLLECTIONS = '/v1/collections'

export class Vectron {
  /** Members, workers and shards, and what is done to them. */
  readonly cluster: Cluster
  /** The account of a person: an access token as the client's key. */
  readonly account: Account
  /** Projects with their members and API keys. */
  readonly projects: Projects
  /** Whether keys would be let in, and who did what. */
  readonly access: Access
  /** Second names of collections. */
  readonly aliases: Aliases
  readonly #transport: Transport

  /** Nothing is sent until a method is called. */
  constructor(options: ClientOptions) {
    this.#transport = new Transport(options)
    this.cluster = new Cluster(this.#transport)
    this.account = new Account(this.#transport)
    this.projects = new Projects(this.#transport)
    this.access = new Access(this.#transport)
    this.aliases = new Aliases(this.#transport)
  }

  /**
   * The points of a collection, by its name or an alias; `Payload` types them. Sends nothing: the
   * collection may be absent.
   */
  collection<Payload = AnyPayload>(name: string): Collection<Payload> {
    return new Collection(this.#transport, name)
  }

  /** Creates a collection; answers when its shards accept writes. Never retried. */
  createCollection(collection: NewCollection, options?: CallOptions): Promise<CollectionInfo> {
    const call = { method: 'POST', path: COLLECTIONS, body: collection, idempotent: false } as const
    return this.#transport.call(call, options)
  }

  /** All collections in the order of their names, fetched page by page as they are consumed. */
  async *listCollections(options?: CallOptions): AsyncGenerator<CollectionInfo> {
    let pageToken = ''
    do {
      const path = `${COLLECTIONS}?pageToken=${encodeURIComponent(pageToken)}`
      const page = await this.#get<{ collections: CollectionInfo[]; nextPageToken: string }>(
        pageToken === '' ? COLLECTIONS : path,
        options,
      )
      yield* page.collections
      pageToken = page.nextPageToken
    } while (pageToken !== '')
  }

  /** Changes the description, or adds fields to the payload schema. Never retried. */
  updateCollection(
    name: string,
    change: CollectionChange,
    options?: CallOptions,
  ): Promise<CollectionInfo> {
    const path = `${COLLECTIONS}/${encodeURIComponent(name)}`
    const call = { method: 'PATCH', path, body: change, idempotent: false } as const
    return this.#transport.call(call, options)
  }

  /** Deletes a collection and all its points. Never retried. */
  async deleteCollection(name: string, options?: CallOptions): Promise<void> {
    const path = `${COLLECTIONS}/${encodeURIComponent(name)}`
    await this.#transport.call({ method: 'DELETE', path, idempotent: false }, options)
  }

  /** Whether all is served, and which shards lack replicas or a leader, and why. */
  health(options?: CallOptions): Promise<ClusterHealth> {
    return this.#get('/v1/cluster/health', options)
  }

  statistics(options?: CallOptions): Promise<ClusterStatistics> {
    return this.#get('/v1/cluster/statistics', options)
  }

  /** By what searches can be reranked here. */
  async rerankStrategies(options?: CallOptions): Promise<readonly RerankStrategy[]> {
    const path = '/v1/rerankStrategies'
    const { strategies } = await this.#get<{ strategies: RerankStrategy[] }>(path, options)
    return strategies
  }

  #get<Answer>(path: string, options: CallOptions | undefined): Promise<Answer> {
    return this.#transport.call({ method: 'GET', path, idempotent: true }, options)
  }
}
