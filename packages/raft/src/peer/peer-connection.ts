/**
 * PeerConnection: one socket to another host, from the dial or the accept to its end.
 *
 * Hellos go both ways first; nothing of a peer counts before its hello was found right. Then frames
 * go out as they are given and come in whole. A peer of which nothing is heard for a while is dead;
 * whoever has nothing to say sends an empty frame. Whatever arrives that is no frame of ours ends
 * the connection and nothing else. Leaves what frames mean, queues and dialling again to others.
 */
import { X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { CancelTimer, Clock } from '@vectron/base'
import type { raft } from '@vectron/contracts'
import { FrameError, FrameReader } from './frame-reader.ts'
import {
  encodeHello,
  type HelloTarget,
  type PeerIdentity,
  parseFrame,
  refuseHello,
  streamOf,
} from './hello.ts'
import { refuseCertificate } from './peer-certificate.ts'
import type { PeerLimits } from './peer-limits.ts'

/** Why a connection ended before it began: the host is there, and no process on that port. */
export const NOBODY_LISTENS = 'nobody listens there'

export interface ConnectionOptions {
  readonly socket: Socket
  /** What was dialled; undefined for a connection that was accepted. */
  readonly dialled: HelloTarget | undefined
  readonly self: PeerIdentity
  readonly newestEpoch: (node: bigint) => bigint
  /** An encoded frame that only says that this node lives. */
  readonly keepAlive: Uint8Array
  readonly clock: Clock
  readonly limits: PeerLimits
  readonly events: ConnectionEvents
}

export interface ConnectionEvents {
  /** The peer is who it must be. */
  readonly ready: (connection: PeerConnection, hello: raft.PeerHello) => void
  /** The payload of a frame; whatever this throws ends the connection. */
  readonly frame: (payload: Uint8Array, connection: PeerConnection) => void
  /** What was sent has left: there is room for more. */
  readonly writable: () => void
  /** `why` continues "the connection ended: ". */
  readonly closed: (connection: PeerConnection, why: string) => void
}

type State =
  /** The socket is on its way, or its TLS handshake. */
  | { readonly kind: 'connecting' }
  /** Our hello is out, or waits for the peer's. */
  | { readonly kind: 'greeting' }
  | { readonly kind: 'ready'; readonly hello: raft.PeerHello }
  | { readonly kind: 'closed' }

export class PeerConnection {
  readonly #options: ConnectionOptions
  readonly #reader: FrameReader
  #state: State = { kind: 'connecting' }
  #cancelTimer: CancelTimer
  #heardUs: number
  /** Something went out since the last look of the keep-alive. */
  #hasSent = false
  #isWritable = true

  constructor(options: ConnectionOptions) {
    const { socket, clock, limits, dialled } = options
    this.#options = options
    this.#reader = new FrameReader(limits.helloBytesMax)
    this.#heardUs = clock.monotonicUs()
    const timeoutMs = limits.connectTimeoutMs
    this.#cancelTimer = clock.setTimer(timeoutMs, () => this.close('it did not connect in time'))
    socket.setNoDelay(true)
    socket.on('data', (chunk) => this.#onData(chunk))
    socket.on('drain', () => this.#onDrain())
    socket.on('error', (error: NodeJS.ErrnoException) =>
      this.close(error.code === 'ECONNREFUSED' ? NOBODY_LISTENS : error.message),
    )
    socket.on('close', () => this.close('the peer closed it'))
    if (dialled === undefined) this.#greet()
    else socket.on(socket instanceof TLSSocket ? 'secureConnect' : 'connect', () => this.#greet())
  }

  /** Whose connection it is; undefined before it is ready and after its end. */
  get peer(): raft.PeerHello | undefined {
    return this.#state.kind === 'ready' ? this.#state.hello : undefined
  }

  /** Whether a frame that is sent now leaves soon. */
  get isWritable(): boolean {
    return this.#state.kind === 'ready' && this.#isWritable
  }

  /** Sends encoded frames. More than `isWritable` allows gathers in memory. */
  send(frame: Uint8Array): void {
    if (this.#state.kind !== 'ready') return
    this.#hasSent = true
    this.#isWritable = this.#options.socket.write(frame)
  }

  close(why: string): void {
    if (this.#state.kind === 'closed') return
    this.#state = { kind: 'closed' }
    this.#cancelTimer()
    this.#options.socket.destroy()
    this.#options.events.closed(this, why)
  }

  /** The dialler speaks first; who accepted answers only to a hello that is right. */
  #greet(): void {
    if (this.#state.kind !== 'connecting') return
    const { self, dialled, clock, limits, socket } = this.#options
    this.#state = { kind: 'greeting' }
    this.#cancelTimer()
    const timeoutMs = limits.greetingTimeoutMs
    this.#cancelTimer = clock.setTimer(timeoutMs, () => this.close('no hello came in time'))
    if (dialled !== undefined) socket.write(encodeHello(self, dialled))
  }

  #onData(chunk: Uint8Array): void {
    if (this.#state.kind === 'closed') return
    this.#heardUs = this.#options.clock.monotonicUs()
    try {
      this.#reader.push(chunk, (payload) => this.#onFrame(payload))
    } catch (error) {
      const isOurs = error instanceof FrameError
      this.close(isOurs ? `a frame is refused: ${error.message}` : `a frame failed: ${error}`)
    }
  }

  #onFrame(payload: Uint8Array): void {
    switch (this.#state.kind) {
      case 'closed':
        return
      case 'ready':
        this.#options.events.frame(payload, this)
        return
      case 'connecting':
      case 'greeting':
        this.#onHello(payload)
    }
  }

  #onHello(payload: Uint8Array): void {
    const frame = parseFrame(payload)
    if (frame.case !== 'hello') throw new FrameError('it comes before the hello')
    const hello = frame.value
    const why = this.#refuse(hello)
    if (why !== undefined) {
      this.close(`its hello is refused: ${why}`)
      return
    }
    this.#welcome(hello)
  }

  #refuse(hello: raft.PeerHello): string | undefined {
    const { self, dialled, newestEpoch, socket } = this.#options
    const why = refuseHello(hello, { self, dialled, newestEpoch })
    if (why !== undefined || !(socket instanceof TLSSocket)) return why
    const { raw } = socket.getPeerCertificate()
    const certificate = raw === undefined ? undefined : new X509Certificate(raw)
    return refuseCertificate(certificate, hello)
  }

  #welcome(hello: raft.PeerHello): void {
    const { self, dialled, socket, limits, events } = this.#options
    const stream = streamOf(hello)
    if (dialled === undefined && stream !== undefined) {
      socket.write(encodeHello(self, { stream, node: hello.nodeId }))
    }
    this.#state = { kind: 'ready', hello }
    this.#reader.allow(limits.frameBytesMax)
    this.#cancelTimer()
    this.#cancelTimer = this.#scheduleLook()
    events.ready(this, hello)
  }

  #onDrain(): void {
    this.#isWritable = true
    if (this.#state.kind === 'ready') this.#options.events.writable()
  }

  #scheduleLook(): CancelTimer {
    const { clock, limits } = this.#options
    const dueUs = clock.monotonicUs() + limits.keepAliveMs * 1000
    return clock.setTimer(limits.keepAliveMs, () => this.#look(dueUs))
  }

  #look(dueUs: number): void {
    const { clock, limits, keepAlive } = this.#options
    const nowUs = clock.monotonicUs()
    // After a stall of this process, what the peer sent meanwhile waits unread.
    if (nowUs - dueUs > limits.keepAliveMs * 1000) this.#heardUs = nowUs
    if (nowUs - this.#heardUs > limits.idleTimeoutMs * 1000) {
      this.close(`nothing was heard for ${limits.idleTimeoutMs} ms`)
      return
    }
    if (!this.#hasSent) this.send(keepAlive)
    this.#hasSent = false
    this.#cancelTimer = this.#scheduleLook()
  }
}
