/**
 * The standard gRPC health service: one state for each service, and "" for the server as a whole.
 *
 * Starts as NOT_SERVING; whoever wires the process sets it. Watchers get each change.
 */

import { VectronError } from '@vectron/base'
import { grpcHealth } from '@vectron/contracts'
import { AsyncQueue } from '../async-queue.ts'
import type { CallContext } from '../call.ts'
import { type BoundService, bindService } from '../service.ts'

const { HealthCheckResponse_ServingStatus: Status } = grpcHealth
type Status = grpcHealth.HealthCheckResponse_ServingStatus
type Answer = { readonly status: Status }

/** States that a slow watcher may lag behind before it waits. */
const CHANGES_QUEUED_MAX = 16

export class GrpcHealth {
  readonly service: BoundService
  readonly #status = new Map<string, Status>()
  readonly #watchers = new Map<AsyncQueue<Answer>, string>()

  constructor(services: readonly string[]) {
    for (const name of ['', ...services]) this.#status.set(name, Status.NOT_SERVING)
    this.service = bindService(grpcHealth.Health, {
      check: async ({ service }) => this.#check(service),
      watch: ({ service }, call) => this.#watch(service, call),
    })
  }

  /** Sets the state of one service, or of all of them and the server. */
  set(state: 'serving' | 'not-serving', service?: string): void {
    const status = state === 'serving' ? Status.SERVING : Status.NOT_SERVING
    const names = service === undefined ? [...this.#status.keys()] : [service]
    for (const name of names) this.#status.set(name, status)
    for (const [queue, name] of this.#watchers) {
      if (names.includes(name)) queue.push({ status })
    }
  }

  /** Ends all watches, so that the server can shut down. */
  close(): void {
    for (const queue of this.#watchers.keys()) queue.end()
  }

  #check(service: string): Answer {
    const status = this.#status.get(service)
    if (status !== undefined) return { status }
    throw new VectronError('ROUTE_NOT_FOUND', `There is no service "${service}".`, {
      field: 'service',
    })
  }

  async *#watch(service: string, call: CallContext): AsyncGenerator<Answer> {
    const queue = new AsyncQueue<Answer>(CHANGES_QUEUED_MAX)
    const leave = () => queue.end()
    call.signal.addEventListener('abort', leave, { once: true })
    this.#watchers.set(queue, service)
    queue.push({ status: this.#status.get(service) ?? Status.SERVICE_UNKNOWN })
    try {
      yield* queue
    } finally {
      this.#watchers.delete(queue)
    }
  }
}
