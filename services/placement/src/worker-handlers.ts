/**
 * What workers ask: to be registered, and what to host.
 *
 * Placement calls nobody: a heartbeat is kept back until there is something new for this worker,
 * or the interval is over. What is new reaches it in a millisecond, and a change that is not for it
 * costs it nothing.
 */

import { create } from '@bufbuild/protobuf'
import { type Deadline, VectronError } from '@vectron/base'
import { placement } from '@vectron/contracts'
import type { CallContext } from '@vectron/rpc'
import type { PlacementContext } from './context.ts'
import { execute } from './execute.ts'
import { buildAssignments, buildPeers } from './routing-message.ts'

/** Longest time that a heartbeat is kept back. */
const HEARTBEAT_WAIT_MS_MAX = 10_000

export class WorkerHandlers {
  readonly #context: PlacementContext

  constructor(context: PlacementContext) {
    this.#context = context
  }

  async registerWorker(
    request: placement.RegisterWorkerRequest,
    { deadline }: CallContext,
  ): Promise<placement.RegisterWorkerResponse> {
    const { clusterId, workerId } = request
    const own = this.#context.catalog.state.clusterId
    if (clusterId !== '' && clusterId !== own) {
      throw new VectronError(
        'WRONG_CLUSTER',
        `The worker's data belongs to the cluster ${clusterId}; this is ${own}.`,
        { subject: `worker ${workerId}` },
      )
    }
    const id = await this.#registerAs(request, deadline)
    this.#context.memory().observations.register(id)
    return create(placement.RegisterWorkerResponseSchema, { clusterId: own, workerId: id })
  }

  async heartbeat(
    request: placement.HeartbeatRequest,
    call: CallContext,
  ): Promise<placement.HeartbeatResponse> {
    const { changes, clock, leadership } = this.#context
    const { workerId, knownVersion, waitMs } = request
    this.#takeReports(request)

    const endUs = clock.monotonicUs() + Math.min(waitMs, HEARTBEAT_WAIT_MS_MAX) * 1000
    const hasNews = () => leadership.term === undefined || this.#hasNews(workerId, knownVersion)
    while (!hasNews() && !call.signal.aborted) {
      const timeoutMs = (endUs - clock.monotonicUs()) / 1000
      if (timeoutMs <= 0) break
      await changes.next({ timeoutMs, signal: call.signal, concerns: hasNews })
    }
    return this.#answer(request, call)
  }

  #takeReports(request: placement.HeartbeatRequest): void {
    const { memory, reports } = this.#context
    this.#version(request.workerId)
    const leader = memory()
    const isRouting = leader.observations.record(request)
    if (isRouting) leader.routingChanges += 1n
    reports.announce()
  }

  #hasNews(workerId: bigint, knownVersion: bigint): boolean {
    const { catalog, memory } = this.#context
    if (memory().outbox.has(workerId)) return true
    return catalog.state.workers.get(workerId)?.assignmentsVersion !== knownVersion
  }

  async #answer(
    { workerId, knownVersion }: placement.HeartbeatRequest,
    { deadline }: CallContext,
  ): Promise<placement.HeartbeatResponse> {
    const { catalog, leadership, memory } = this.#context
    leadership.check()
    if (this.#version(workerId) === knownVersion) {
      const commands = memory().outbox.take(workerId)
      return create(placement.HeartbeatResponseSchema, { version: knownVersion, commands })
    }
    // A worker destroys what it is not assigned: a member that was replaced without knowing must
    // not tell it older assignments than it has.
    await leadership.confirm(deadline)
    return create(placement.HeartbeatResponseSchema, {
      version: this.#version(workerId),
      assignments: buildAssignments(catalog.state, workerId),
      peers: buildPeers(catalog.state, workerId),
      commands: memory().outbox.take(workerId),
    })
  }

  #version(workerId: bigint): bigint {
    const worker = this.#context.catalog.state.workers.get(workerId)
    if (worker !== undefined) return worker.assignmentsVersion
    throw new VectronError('WRONG_CLUSTER', `There is no worker ${workerId} in this cluster.`)
  }

  async #registerAs(
    { workerId, address, zone, raftAddress }: placement.RegisterWorkerRequest,
    deadline: Deadline,
  ): Promise<bigint> {
    if (workerId === 0n) {
      const value = create(placement.AddWorkerSchema, { address, zone, raftAddress })
      const added = await execute(this.#context, { case: 'addWorker', value }, deadline)
      return added.kind === 'worker' ? added.workerId : 0n
    }
    const known = this.#context.catalog.state.workers.get(workerId)
    const isCurrent =
      known?.address === address && known.zone === zone && known.raftAddress === raftAddress
    if (!isCurrent) {
      const set = { workerId, address, zone, raftAddress }
      const value = create(placement.SetWorkerAddressSchema, set)
      await execute(this.#context, { case: 'setWorkerAddress', value }, deadline)
    }
    return workerId
  }
}
