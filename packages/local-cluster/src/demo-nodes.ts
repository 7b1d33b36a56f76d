/**
 * The nodes of a cluster that people kill and start to see what the others do.
 *
 * Not the gateway, through which they look, and not the authenticator, without which they could not
 * come back.
 */
import { type Logger, toVectronError, VectronError } from '@vectron/base'
import { grpcAddress, type PlannedNode } from './cluster-plan.ts'
import type { LocalCluster, NodeState } from './local-cluster.ts'

export interface DemoNodeState {
  readonly name: string
  readonly service: string
  readonly address: string
  readonly state: 'up' | 'paused' | 'down' | 'starting'
  /** Why it did not start the last time; empty for no reason. */
  readonly failure: string
}

const SERVICES = ['worker', 'placement', 'reranker']

export class DemoNodes {
  readonly #cluster: LocalCluster
  readonly #logger: Logger | undefined
  readonly #starting = new Set<string>()
  readonly #failures = new Map<string, string>()
  /** Starts follow each other: the cluster takes one at a time. */
  #lastStart: Promise<void> = Promise.resolve()

  constructor(cluster: LocalCluster, logger?: Logger) {
    this.#cluster = cluster
    this.#logger = logger
  }

  async list(): Promise<readonly DemoNodeState[]> {
    const states = await this.#cluster.states()
    return states.filter(({ node }) => isOffered(node)).map((state) => this.#describe(state))
  }

  /** @throws VectronError INVALID_ARGUMENT, CONFLICT */
  async kill(name: string): Promise<DemoNodeState> {
    await this.#find(name)
    await this.#cluster.kill(name)
    this.#logger?.warn({ node: name }, 'killed for a demonstration')
    return this.#look(name)
  }

  /** Begins it. @throws VectronError INVALID_ARGUMENT, CONFLICT */
  async start(name: string): Promise<DemoNodeState> {
    const { state } = await this.#look(name)
    if (state !== 'down') {
      throw new VectronError('CONFLICT', `${name} is ${state} already.`, { subject: name })
    }
    this.#starting.add(name)
    this.#failures.delete(name)
    this.#lastStart = this.#lastStart.then(() => this.#startNow(name))
    return this.#look(name)
  }

  /** Never rejects: views tell why a node did not start. */
  async #startNow(name: string): Promise<void> {
    try {
      await this.#cluster.startNode(name)
    } catch (error) {
      this.#failures.set(name, toVectronError(error).message)
      this.#logger?.error({ err: error, node: name }, 'a node does not start')
    }
    this.#starting.delete(name)
  }

  async #look(name: string): Promise<DemoNodeState> {
    await this.#find(name)
    const found = (await this.list()).find((one) => one.name === name)
    if (found === undefined) throw new VectronError('INTERNAL', `${name} is gone.`)
    return found
  }

  async #find(name: string): Promise<void> {
    const node = await this.#cluster.find(name)
    if (isOffered(node)) return
    throw new VectronError(
      'INVALID_ARGUMENT',
      `${name} is needed to look on; only nodes of these services can be killed here: ` +
        `${SERVICES.join(', ')}.`,
      { field: 'node' },
    )
  }

  #describe({ node, process }: NodeState): DemoNodeState {
    const { name, service } = node
    const state = this.#starting.has(name) ? 'starting' : process.kind
    const failure = state === 'down' ? (this.#failures.get(name) ?? '') : ''
    return { name, service, address: grpcAddress(node), state, failure }
  }
}

function isOffered({ service }: PlannedNode): boolean {
  return SERVICES.includes(service)
}
