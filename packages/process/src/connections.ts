/** Clients of other processes: one connection for each address, shared and closed at the end. */
import type { DescService } from '@bufbuild/protobuf'
import type { NodeRole } from '@vectron/base'
import { placement, rerank, worker } from '@vectron/contracts'
import type { ConnectReranker } from '@vectron/gateway-service'
import {
  type ConnectWorker,
  createPlacementClient,
  type PlacementClient,
  type WorkerDoor,
} from '@vectron/routing'
import { type Client, GrpcChannel, traceClient } from '@vectron/rpc'
import type { Instance } from './instances.ts'
import type { Surroundings } from './surroundings.ts'
import { channelOptions, type Trust } from './trust.ts'

export interface ConnectionsOptions
  extends Pick<Surroundings, 'closers' | 'clock' | 'random' | 'tracer'> {
  readonly trust: Trust
}

export class Connections {
  readonly #around: ConnectionsOptions
  readonly #channels = new Map<string, GrpcChannel>()

  constructor(around: ConnectionsOptions) {
    this.#around = around
    around.closers.add(() => {
      for (const channel of this.#channels.values()) channel.close()
    })
  }

  /** The connection to a process at an address; made by its first call. */
  channel(role: NodeRole, address: string): GrpcChannel {
    const name = `${role} ${address}`
    const known = this.#channels.get(name)
    if (known !== undefined) return known
    const channel = new GrpcChannel(address, channelOptions(this.#around.trust, { address, role }))
    this.#channels.set(name, channel)
    return channel
  }

  /** A client of placement, whichever of its members leads. */
  placement(members: readonly string[]): PlacementClient {
    const { clock, random } = this.#around
    const connect = (address: string) => this.#client(placement.Placement, 'placement', address)
    return createPlacementClient({ members, connect, clock, random })
  }

  /** An instance of the authenticator. */
  authenticator(address: string): Instance {
    return { client: (desc) => this.#client(desc, 'auth', address) }
  }

  /** Clients of instances of the reranker, by their addresses. */
  rerankers(): ConnectReranker {
    return (address) => this.#client(rerank.Reranker, 'reranker', address)
  }

  /** Doors to workers, one for each address. */
  workers(): ConnectWorker {
    const doors = new Map<string, WorkerDoor>()
    return (address) => {
      const known = doors.get(address)
      if (known !== undefined) return known
      const door = this.#client(worker.Worker, 'worker', address)
      doors.set(address, door)
      return door
    }
  }

  #client<S extends DescService>(desc: S, role: NodeRole, address: string): Client<S> {
    const client = this.channel(role, address).client(desc)
    const { tracer } = this.#around
    return tracer === undefined ? client : traceClient(desc, client, { tracer, peer: address })
  }
}
