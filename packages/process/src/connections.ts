/** Clients of other processes: one connection for each address, shared and closed at the end. */
import { placement, worker } from '@vectron/contracts'
import {
  type ConnectWorker,
  createPlacementClient,
  type PlacementClient,
  type WorkerDoor,
} from '@vectron/routing'
import { GrpcChannel } from '@vectron/rpc'
import type { NodeTls } from './node-tls.ts'
import type { Surroundings } from './surroundings.ts'

export interface ConnectionsOptions extends Pick<Surroundings, 'closers' | 'clock' | 'random'> {
  /** Absent: plain connections. */
  readonly tls?: NodeTls | undefined
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

  /** The connection to an address; made by its first call. */
  channel(address: string): GrpcChannel {
    const known = this.#channels.get(address)
    if (known !== undefined) return known
    const { tls } = this.#around
    const channel = new GrpcChannel(address, tls && { tls: tls.grpc })
    this.#channels.set(address, channel)
    return channel
  }

  /** A client of placement, whichever of its members leads. */
  placement(members: readonly string[]): PlacementClient {
    const { clock, random } = this.#around
    const connect = (address: string) => this.channel(address).client(placement.Placement)
    return createPlacementClient({ members, connect, clock, random })
  }

  /** Doors to workers, one for each address. */
  workers(): ConnectWorker {
    const doors = new Map<string, WorkerDoor>()
    return (address) => {
      const known = doors.get(address)
      if (known !== undefined) return known
      const door = this.channel(address).client(worker.Worker)
      doors.set(address, door)
      return door
    }
  }
}
