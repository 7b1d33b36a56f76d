/**
 * The handlers of vectron.v1.Demo: kill and start nodes of a cluster on this machine, for people
 * who want to see what the others do then. Bound only where the gateway was given such nodes.
 */
import { VectronError } from '@vectron/base'
import type { vectron } from '@vectron/contracts'
import type { ServiceHandlers } from '@vectron/rpc'

/** A process of the cluster. */
export interface DemoNode {
  readonly name: string
  readonly service: string
  /** Under which the cluster knows it. */
  readonly address: string
  readonly state: 'up' | 'paused' | 'down' | 'starting'
  /** Why it did not start the last time; empty for no reason. */
  readonly failure: string
}

/** The nodes that may be killed and started. */
export interface DemoNodes {
  list(): Promise<readonly DemoNode[]>
  /** As a crash would. @throws VectronError INVALID_ARGUMENT, CONFLICT */
  kill(name: string): Promise<DemoNode>
  /** Begins it. @throws VectronError INVALID_ARGUMENT, CONFLICT */
  start(name: string): Promise<DemoNode>
}

export class DemoService implements ServiceHandlers<typeof vectron.Demo> {
  readonly #nodes: DemoNodes

  constructor(nodes: DemoNodes) {
    this.#nodes = nodes
  }

  async killNode({ node }: vectron.KillNodeRequest) {
    checkNamed(node)
    return { ...(await this.#nodes.kill(node)) }
  }

  async startNode({ node }: vectron.StartNodeRequest) {
    checkNamed(node)
    return { ...(await this.#nodes.start(node)) }
  }
}

function checkNamed(node: string): void {
  if (node !== '') return
  throw new VectronError('INVALID_ARGUMENT', 'node is missing: name one, such as worker-2.', {
    field: 'node',
  })
}
