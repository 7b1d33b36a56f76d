/** Clients of other processes: one connection for each address, shared and closed at the end. */
import { worker } from '@vectron/contracts'
import type { ConnectWorker, WorkerDoor } from '@vectron/routing'
import { GrpcChannel } from '@vectron/rpc'
import type { Surroundings } from './surroundings.ts'

export class Connections {
  readonly #channels = new Map<string, GrpcChannel>()

  constructor({ closers }: Pick<Surroundings, 'closers'>) {
    closers.add(() => {
      for (const channel of this.#channels.values()) channel.close()
    })
  }

  /** The connection to an address; made by its first call. */
  channel(address: string): GrpcChannel {
    const known = this.#channels.get(address)
    if (known !== undefined) return known
    const channel = new GrpcChannel(address)
    this.#channels.set(address, channel)
    return channel
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
