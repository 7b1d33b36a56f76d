/**
 * PeerTransport: Raft messages and files of snapshots between hosts, over TCP or TLS.
 *
 * For each peer this host dials one connection for the Raft messages that it sends, and one for the
 * files that it fetches; what peers dial brings their messages in and serves their fetches. Who
 * speaks is checked by its hello, by its certificate where TLS is configured, and in each frame.
 * Leaves retries of messages to Raft, and retries of fetches to the host.
 */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import {
  connect as connectTls,
  createServer as createTlsServer,
  type Server as TlsServer,
} from 'node:tls'
import {
  type Clock,
  type Disk,
  type GroupId,
  type Logger,
  type Metrics,
  type Random,
  type ReplicaId,
  systemDisk,
  VectronError,
} from '@vectron/base'
import type { raft } from '@vectron/contracts'
import type { OutgoingMessage } from '@vectron/native'
import type {
  FetchDoneCall,
  FetchFileCall,
  GroupPlace,
  NodeIdentity,
  Transport,
  TransportReceiver,
} from '../transport.ts'
import { BulkClient } from './bulk-client.ts'
import { BulkServer } from './bulk-server.ts'
import { FrameError } from './frame-reader.ts'
import { type HelloTarget, type PeerIdentity, parseFrame, streamOf } from './hello.ts'
import { formatHostPort, parseHostPort } from './host-port.ts'
import { type ConnectionEvents, NOBODY_LISTENS, PeerConnection } from './peer-connection.ts'
import { PeerCredentials, type TlsFiles } from './peer-credentials.ts'
import { PEER_LIMITS, type PeerLimits } from './peer-limits.ts'
import { PeerLink } from './peer-link.ts'
import { PeerMetrics } from './peer-metrics.ts'
import { isRaftFrame, parseRaftFrame, RaftFrameEncoder } from './raft-frame.ts'
import { RateLimiter } from './rate-limiter.ts'
import { RefusalLog } from './refusal-log.ts'
import { ReplicaPlaces } from './replica-places.ts'

export interface PeerTransportOptions {
  readonly identity: NodeIdentity
  /** Node ids count by role: `worker` or `placement`. */
  readonly role: string
  /** Port 0 stands for any free one. */
  readonly listen: { readonly host: string; readonly port: number }
  /** `host:port` by which peers dial this node. Default: what it listens on. */
  readonly advertise?: string
  /** Where a node can be dialled, as far as its cluster's directory knows; `host:port`. */
  readonly addressOf: (node: bigint) => string | undefined
  /** Absent: plain TCP. */
  readonly tls?: TlsFiles
  /** What peers must know where there is no TLS. Default: nothing. */
  readonly secret?: string
  /** Where the TLS files lie. Default: the machine's. */
  readonly disk?: Disk
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly metrics: Metrics
  readonly limits?: PeerLimits
}

export class PeerTransport implements Transport {
  readonly identity: NodeIdentity
  readonly advertisedAddress: string
  /** The port that it listens on. */
  readonly port: number
  readonly #options: PeerTransportOptions
  readonly #limits: PeerLimits
  readonly #self: PeerIdentity
  readonly #encoder: RaftFrameEncoder
  readonly #keepAlive: Uint8Array
  readonly #server: Server | TlsServer
  readonly #credentials: PeerCredentials | undefined
  readonly #limiter: RateLimiter
  readonly #refusals: RefusalLog
  readonly #metrics: PeerMetrics
  readonly #places = new ReplicaPlaces()
  readonly #links = new Map<bigint, PeerLink>()
  readonly #clients = new Map<bigint, BulkClient>()
  /** Connections that peers dialled. */
  readonly #accepted = new Map<PeerConnection, BulkServer | undefined>()
  /** Newest boot epoch and address that each node's hello told. */
  readonly #heard = new Map<bigint, { readonly bootEpoch: bigint; readonly address: string }>()
  /** Dials since the node's last hello. */
  readonly #dials = new Map<bigint, number>()
  #receiver: TransportReceiver | undefined
  #isClosed = false

  /** @throws VectronError UNAVAILABLE (a port that cannot be had), INVALID_ARGUMENT (TLS files) */
  static async open(options: PeerTransportOptions): Promise<PeerTransport> {
    const { tls, clock, logger, disk = systemDisk, limits = PEER_LIMITS } = options
    let server: Server | TlsServer | undefined
    const credentials =
      tls &&
      (await PeerCredentials.open({
        files: tls,
        disk,
        clock,
        logger,
        lookEveryMs: limits.credentialsLookMs,
        onChanged: () => renew(server, credentials),
      }))
    server = createListener(credentials, limits)
    try {
      const port = await listen(server, options.listen)
      return new PeerTransport(options, { server, credentials, port })
    } catch (error) {
      credentials?.close()
      throw error
    }
  }

  private constructor(options: PeerTransportOptions, opened: Opened) {
    const { identity, role, listen, clock, logger, limits = PEER_LIMITS, secret = '' } = options
    this.#options = options
    this.#limits = limits
    this.identity = identity
    this.port = opened.port
    this.#server = opened.server
    this.#credentials = opened.credentials
    const { host } = listen
    this.advertisedAddress = options.advertise ?? formatHostPort({ host, port: opened.port })
    this.#self = { ...identity, role, raftAddress: this.advertisedAddress, secret }
    this.#encoder = new RaftFrameEncoder(identity)
    this.#keepAlive = this.#encoder.encode([])
    this.#limiter = new RateLimiter(clock, limits.snapshotBytesPerSecond)
    this.#refusals = new RefusalLog(logger, clock)
    this.#metrics = new PeerMetrics(options.metrics)
    const event = this.#credentials === undefined ? 'connection' : 'secureConnection'
    this.#server.on(event, (socket: Socket) => this.#accept(socket))
    this.#server.on('tlsClientError', (error: Error) => this.#refuse(error.message, 'a stranger'))
  }

  start(receiver: TransportReceiver): void {
    this.#receiver = receiver
  }

  join(group: GroupId, replica: ReplicaId): void {
    this.#places.join(group, replica)
  }

  leave(group: GroupId): void {
    this.#places.leave(group)
  }

  setMembers(group: GroupId, members: readonly GroupPlace[]): void {
    this.#places.setMembers(group, members)
  }

  send(messages: readonly OutgoingMessage[]): void {
    if (this.#isClosed) return
    const byNode = new Map<bigint, OutgoingMessage[]>()
    for (const message of messages) {
      const node = this.#places.nodeOf(message.group, message.to)
      if (node === undefined) continue
      const theirs = byNode.get(node)
      if (theirs === undefined) byNode.set(node, [message])
      else theirs.push(message)
    }
    for (const [node, theirs] of byNode) this.#linkTo(node).send(theirs)
  }

  fetchFile(call: FetchFileCall): AsyncIterable<Uint8Array> {
    return this.#clientOf(call.descriptor).fetch(call)
  }

  fetchDone(call: FetchDoneCall): void {
    this.#clientOf(call.descriptor).done(call)
  }

  /** Reads the TLS files again, which otherwise happens now and then. */
  async reloadCredentials(): Promise<void> {
    await this.#credentials?.reload()
  }

  close(): void {
    this.#isClosed = true
    this.#server.close()
    this.#credentials?.close()
    for (const link of this.#links.values()) link.close()
    for (const client of this.#clients.values()) client.close()
    for (const connection of [...this.#accepted.keys()]) connection.close('this node ends')
    this.#receiver = undefined
  }

  #linkTo(node: bigint): PeerLink {
    const known = this.#links.get(node)
    if (known !== undefined) return known
    const { clock, random } = this.#options
    const link = new PeerLink({
      node,
      dial: (target, events) => this.#dial(target, events),
      encoder: this.#encoder,
      clock,
      random,
      limits: this.#limits,
      counts: this.#metrics.of(node),
      events: {
        dropped: (messages) =>
          this.#reportUnreachable(messages.map(({ group, to }) => ({ group, replica: to }))),
        lost: (lost, why) => this.#onLost(lost, why),
      },
    })
    this.#links.set(node, link)
    return link
  }

  #clientOf({ nodeId, raftAddress }: raft.SnapshotDescriptor): BulkClient {
    const known = this.#clients.get(nodeId)
    if (known !== undefined) return known
    const client = new BulkClient({
      node: nodeId,
      dial: (target, events) => this.#dial(target, events, raftAddress),
      clock: this.#options.clock,
      limits: this.#limits,
    })
    this.#clients.set(nodeId, client)
    return client
  }

  #dial(target: HelloTarget, events: ConnectionEvents, hint?: string): PeerConnection | string {
    const { node } = target
    if (this.#isClosed) return 'this node ends'
    const address = this.#nextAddress(node, hint)
    if (address === undefined) return 'nobody knows its address'
    const place = parseHostPort(address)
    if (place === undefined) return `"${address}" is no address`
    const socket =
      this.#credentials === undefined
        ? connect(place)
        : connectTls({
            ...place,
            secureContext: this.#credentials.context,
            minVersion: 'TLSv1.3',
            rejectUnauthorized: true,
            // Its name is checked against the hello: what is dialled is a node, not a host.
            checkServerIdentity: () => undefined,
          })
    return this.#connectionOf(socket, target, events)
  }

  /** The directory's word, or what the node itself told: one dial after another, by turns. */
  #nextAddress(node: bigint, hint: string | undefined): string | undefined {
    const told = [this.#options.addressOf(node), this.#heard.get(node)?.address, hint]
    const known = [...new Set(told.filter((address) => address !== undefined && address !== ''))]
    const dials = this.#dials.get(node) ?? 0
    this.#dials.set(node, dials + 1)
    return known[dials % Math.max(1, known.length)]
  }

  #connectionOf(
    socket: Socket,
    dialled: HelloTarget | undefined,
    events: ConnectionEvents,
  ): PeerConnection {
    return new PeerConnection({
      socket,
      dialled,
      self: this.#self,
      newestEpoch: (node) => this.#heard.get(node)?.bootEpoch ?? 0n,
      keepAlive: this.#keepAlive,
      clock: this.#options.clock,
      limits: this.#limits,
      events: {
        ...events,
        ready: (connection, hello) => {
          this.#onHello(hello)
          events.ready(connection, hello)
        },
      },
    })
  }

  #accept(socket: Socket): void {
    const strangers = [...this.#accepted.keys()].filter(({ peer }) => peer === undefined).length
    if (strangers >= this.#limits.strangersMax) {
      socket.destroy()
      return
    }
    const from = `${socket.remoteAddress}`
    const connection = this.#connectionOf(socket, undefined, {
      ready: (ready, hello) => this.#welcome(ready, hello),
      frame: (payload, sender) => this.#onFrame(payload, sender),
      writable: () => this.#accepted.get(connection)?.onWritable(),
      closed: (ended, why) => {
        this.#accepted.get(ended)?.close()
        this.#accepted.delete(ended)
        this.#refuse(why, from)
      },
    })
    this.#accepted.set(connection, undefined)
  }

  /** A peer's hello was right. Connections to and from an earlier life of its node are dead. */
  #onHello({ nodeId, bootEpoch, raftAddress }: raft.PeerHello): void {
    this.#heard.set(nodeId, { bootEpoch, address: raftAddress })
    this.#dials.delete(nodeId)
    for (const connection of [...this.#accepted.keys()]) {
      const { peer } = connection
      if (peer?.nodeId === nodeId && peer.bootEpoch < bootEpoch) {
        connection.close('its node has restarted')
      }
    }
    this.#links.get(nodeId)?.outlive(bootEpoch)
  }

  #welcome(connection: PeerConnection, hello: raft.PeerHello): void {
    if (streamOf(hello) === 'bulk') {
      const open: TransportReceiver['openSnapshot'] = (key) => this.#receiver?.openSnapshot(key)
      const { limits, limiter } = { limits: this.#limits, limiter: this.#limiter }
      this.#accepted.set(connection, new BulkServer({ connection, open, limiter, limits }))
    }
    this.#links.get(hello.nodeId)?.wake()
  }

  /** @throws FrameError */
  #onFrame(payload: Uint8Array, sender: PeerConnection): void {
    if (isRaftFrame(payload)) this.#onMessages(payload, sender)
    else this.#onBulkFrame(payload, this.#accepted.get(sender))
  }

  #onMessages(payload: Uint8Array, { peer }: PeerConnection): void {
    const { from, messages } = parseRaftFrame(payload)
    const isPeer =
      from.clusterId === peer?.clusterId &&
      from.nodeId === peer.nodeId &&
      from.bootEpoch === peer.bootEpoch
    if (!isPeer) throw new FrameError(`it is of node ${from.nodeId}, life ${from.bootEpoch}`)
    for (const message of messages) {
      if (this.#places.ownOf(message.group) !== message.to) continue
      this.#places.learn(message.group, message.from, from.nodeId)
      this.#receiver?.receive(message)
    }
  }

  #onBulkFrame(payload: Uint8Array, server: BulkServer | undefined): void {
    const frame = parseFrame(payload)
    if (server === undefined) throw new FrameError(`a ${frame.case} is not for this stream`)
    if (frame.case === 'fetchFile') {
      server.onFetch(frame.value)
    } else if (frame.case === 'fetchDone') {
      const { group, snapshotId, replicaId, ok } = frame.value
      this.#receiver?.snapshotDone({ group, snapshotId, replica: replicaId, ok })
    } else {
      throw new FrameError(`it asks for nothing: ${frame.case}`)
    }
  }

  #onLost(node: bigint, why: string): void {
    this.#refuse(why, `${this.#self.role} ${node}`)
    const replicas = [...this.#places.on(node)]
    // One that still speaks to this node is alive, and only its address is out of date.
    const speaks = [...this.#accepted.keys()].some(({ peer }) => peer?.nodeId === node)
    if (why !== NOBODY_LISTENS || speaks) this.#reportUnreachable(replicas)
    else for (const { group, replica } of replicas) this.#receiver?.gone(group, replica)
  }

  #reportUnreachable(
    replicas: Iterable<{ readonly group: bigint; readonly replica: bigint }>,
  ): void {
    for (const { group, replica } of [...replicas]) this.#receiver?.unreachable(group, replica)
  }

  #refuse(why: string, peer: string): void {
    if (!this.#isClosed) this.#refusals.write(`connection ended: ${why}`, { peer })
  }
}

interface Opened {
  readonly server: Server | TlsServer
  readonly credentials: PeerCredentials | undefined
  readonly port: number
}

function createListener(
  credentials: PeerCredentials | undefined,
  { connectTimeoutMs }: PeerLimits,
): Server | TlsServer {
  if (credentials === undefined) return createServer()
  return createTlsServer({
    ...credentials.pem,
    requestCert: true,
    rejectUnauthorized: true,
    handshakeTimeout: connectTimeoutMs,
  })
}

function renew(
  server: Server | TlsServer | undefined,
  credentials: PeerCredentials | undefined,
): void {
  if (credentials === undefined || server === undefined) return
  if ('setSecureContext' in server) server.setSecureContext(credentials.pem)
}

function listen(
  server: Server,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      const address = formatHostPort({ host, port })
      const text = `The peer address ${address} cannot be listened on: ${cause.message}.`
      reject(new VectronError('UNAVAILABLE', text, { subject: address, cause }))
    })
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port))
  })
}
