/**
 * ServerGuard: what one listening port does against callers who mean no good: it bounds its
 * connections, in all and of each address, and counts those that it ends and why.
 *
 * Leaves to the servers how a refused caller is told, and to BodyBudget the bytes of requests.
 */
import type { Server, Socket } from 'node:net'
import { type Counter, createMetrics, type Gauge, LIMITS, type Metrics } from '@vectron/base'
import { BodyBudget } from './body-budget.ts'

/** Why a server ended a connection. */
export type EndCause =
  /** More connections than the port takes. */
  | 'too-many'
  /** More than one address may have. */
  | 'too-many-of-address'
  /** Header, or the first word of HTTP/2, did not come in time. */
  | 'slow-header'
  /** A body came too slowly. */
  | 'slow-body'
  /** What came is not the protocol. */
  | 'malformed'
  /** Calls were cancelled as fast as they were made. */
  | 'rapid-reset'
  /** SETTINGS or PING frames without end. */
  | 'control-flood'

export interface GuardLimits {
  readonly connectionsMax: number
  readonly connectionsPerAddressMax: number
}

export interface GuardOptions {
  /** In metrics: `http`, `grpc`, `admin`. */
  readonly door: string
  readonly metrics: Metrics
  readonly limits?: GuardLimits
  /** Shared by the doors of a process. */
  readonly bodies?: BodyBudget
}

export class ServerGuard {
  readonly bodies: BodyBudget
  readonly #door: string
  readonly #limits: GuardLimits
  readonly #ended: Counter<'door' | 'cause'>
  readonly #open: Gauge<'door'>
  readonly #byAddress = new Map<string, number>()
  #count = 0

  constructor({ door, metrics, limits = LIMITS, bodies }: GuardOptions) {
    this.#door = door
    this.#limits = limits
    this.bodies = bodies ?? new BodyBudget(LIMITS.bodiesInFlightBytesMax)
    this.#ended = metrics.counter({
      name: 'connections_ended_total',
      help: 'Connections that the server ended to protect itself, by cause.',
      labels: ['door', 'cause'],
    })
    this.#open = metrics.gauge({
      name: 'connections',
      help: 'Open connections of clients.',
      labels: ['door'],
    })
  }

  /** A guard of its own with the default limits, whose metrics nobody reads. */
  static byDefault(door: string): ServerGuard {
    return new ServerGuard({ door, metrics: createMetrics() })
  }

  /** Hands the server only the connections that are within the limits. */
  watch(server: Server, refuse: (socket: Socket, cause: EndCause) => void): void {
    const serve = server.listeners('connection') as ((socket: Socket) => void)[]
    server.removeAllListeners('connection')
    server.on('connection', (socket) => {
      const cause = this.#enter(socket)
      if (cause === undefined) {
        for (const each of serve) each.call(server, socket)
      } else {
        this.ended(cause)
        refuse(socket, cause)
      }
    })
  }

  /** A connection, or a call with it, was ended by the server. */
  ended(cause: EndCause): void {
    this.#ended.inc({ door: this.#door, cause })
  }

  /** What is too many for the caller who is refused, in words. */
  explain(cause: EndCause): string {
    const { connectionsMax, connectionsPerAddressMax } = this.#limits
    return cause === 'too-many-of-address'
      ? `Your address has ${connectionsPerAddressMax} connections open, which is the limit of one address.`
      : `${connectionsMax} connections are open, which is the limit of this port.`
  }

  #enter(socket: Socket): EndCause | undefined {
    const { connectionsMax, connectionsPerAddressMax } = this.#limits
    if (this.#count >= connectionsMax) return 'too-many'
    const address = addressOf(socket)
    const sameAddress = this.#byAddress.get(address) ?? 0
    if (sameAddress >= connectionsPerAddressMax) return 'too-many-of-address'
    this.#count++
    this.#byAddress.set(address, sameAddress + 1)
    this.#open.set({ door: this.#door }, this.#count)
    socket.once('close', () => this.#leave(address))
    return undefined
  }

  #leave(address: string): void {
    this.#count--
    const rest = (this.#byAddress.get(address) ?? 1) - 1
    if (rest === 0) this.#byAddress.delete(address)
    else this.#byAddress.set(address, rest)
    this.#open.set({ door: this.#door }, this.#count)
  }
}

/** Whom a connection counts for: an IPv4 address, or the /64 that a host of IPv6 has for itself. */
export function addressOf({ remoteAddress = '' }: Pick<Socket, 'remoteAddress'>): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(remoteAddress)?.[1]
  if (mapped !== undefined) return mapped
  if (!remoteAddress.includes(':')) return remoteAddress
  const [head = '', tail = ''] = remoteAddress.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === '' ? [] : tail.split(':')
  const zeros = remoteAddress.includes('::') ? 8 - left.length - right.length : 0
  return [...left, ...Array(zeros).fill('0'), ...right].slice(0, 4).join(':')
}
