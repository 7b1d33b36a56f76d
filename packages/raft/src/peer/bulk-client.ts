/**
 * Fetches the files of snapshots from one node, over one connection for all of them.
 *
 * The connection is dialled when there is something to fetch and closed when there was nothing for
 * a while. When it ends, every fetch on it fails; the host begins again where it stopped.
 */
import { create } from '@bufbuild/protobuf'
import { type CancelTimer, type Clock, VectronError } from '@vectron/base'
import { raft } from '@vectron/contracts'
import type { FetchDoneCall, FetchFileCall } from '../transport.ts'
import { FileFetch, unreachableNode } from './file-fetch.ts'
import { FrameError } from './frame-reader.ts'
import { encodeFrame, parseFrame } from './hello.ts'
import type { PeerConnection } from './peer-connection.ts'
import type { PeerLimits } from './peer-limits.ts'
import type { Dial } from './peer-link.ts'
import { isRaftFrame } from './raft-frame.ts'

export interface BulkClientOptions {
  readonly node: bigint
  readonly dial: Dial
  readonly clock: Clock
  readonly limits: PeerLimits
}

type State =
  | { readonly kind: 'unused' }
  /** Frames wait for the peer's hello. */
  | {
      readonly kind: 'greeting'
      readonly connection: PeerConnection
      readonly waiting: Uint8Array[]
    }
  | { readonly kind: 'ready'; readonly connection: PeerConnection }
  | { readonly kind: 'closed' }

export class BulkClient {
  readonly #options: BulkClientOptions
  readonly #fetches = new Map<bigint, FileFetch>()
  #lastFetchId = 0n
  #state: State = { kind: 'unused' }
  #cancelUnused: CancelTimer | undefined

  constructor(options: BulkClientOptions) {
    this.#options = options
  }

  /** @throws VectronError UNAVAILABLE, CONFLICT */
  async *fetch({ descriptor, file, offset }: FetchFileCall): AsyncGenerator<Uint8Array> {
    const size = Number(descriptor.files.find(({ name }) => name === file)?.bytes ?? 0n)
    const fetchId = ++this.#lastFetchId
    const { group, snapshotId } = descriptor
    const fetch = new FileFetch({
      offset,
      size,
      windowBytes: this.#options.limits.fetchWindowBytes,
      ask: (part) => {
        const fields = { fetchId, group, snapshotId, file, bytesMax: part.bytes }
        const value = create(raft.FetchFileSchema, { ...fields, offset: BigInt(part.offset) })
        this.#send(encodeFrame({ case: 'fetchFile', value }))
      },
    })
    this.#fetches.set(fetchId, fetch)
    try {
      yield* fetch.chunks()
    } finally {
      this.#fetches.delete(fetchId)
    }
  }

  done({ descriptor, replica, ok }: FetchDoneCall): void {
    const { group, snapshotId } = descriptor
    const value = create(raft.FetchDoneSchema, { group, snapshotId, replicaId: replica, ok })
    this.#send(encodeFrame({ case: 'fetchDone', value }))
  }

  close(): void {
    this.#end('this node ends')
    this.#state = { kind: 'closed' }
  }

  #send(frame: Uint8Array): void {
    switch (this.#state.kind) {
      case 'ready':
        this.#state.connection.send(frame)
        return
      case 'greeting':
        this.#state.waiting.push(frame)
        return
      case 'unused':
        this.#dial(frame)
        return
      case 'closed':
        this.#failAll('this node ends')
    }
  }

  #dial(first: Uint8Array): void {
    const { node, dial } = this.#options
    const connection = dial(
      { stream: 'bulk', node },
      {
        ready: (ready) => this.#onReady(ready),
        frame: (payload) => this.#onFrame(payload),
        writable: () => {},
        closed: (_, why) => this.#end(why),
      },
    )
    if (typeof connection === 'string') this.#end(connection)
    else this.#state = { kind: 'greeting', connection, waiting: [first] }
  }

  #onReady(connection: PeerConnection): void {
    if (this.#state.kind !== 'greeting') return
    const { waiting } = this.#state
    this.#state = { kind: 'ready', connection }
    for (const frame of waiting) connection.send(frame)
    this.#watchUse()
  }

  #onFrame(payload: Uint8Array): void {
    if (isRaftFrame(payload)) return
    const frame = parseFrame(payload)
    if (frame.case === 'fileChunk') {
      const fetch = this.#fetches.get(frame.value.fetchId)
      if (fetch?.onChunk(frame.value) === false) throw new FrameError('its chunk is out of order')
    } else if (frame.case === 'fetchFailed') {
      const { fetchId, message } = frame.value
      this.#fetches.get(fetchId)?.fail(new VectronError('CONFLICT', message))
    } else {
      throw new FrameError(`it is no answer to a fetch: ${frame.case}`)
    }
  }

  #end(why: string): void {
    if (this.#state.kind === 'closed') return
    const state = this.#state
    this.#state = { kind: 'unused' }
    this.#cancelUnused?.()
    if (state.kind === 'ready' || state.kind === 'greeting') state.connection.close(why)
    this.#failAll(why)
  }

  #failAll(why: string): void {
    for (const fetch of this.#fetches.values()) fetch.fail(unreachableNode(this.#options.node, why))
  }

  /** Closes the connection after a while without a fetch. */
  #watchUse(): void {
    const { clock, limits } = this.#options
    let lastSeen = this.#lastFetchId
    const look = () => {
      if (this.#fetches.size === 0 && this.#lastFetchId === lastSeen) {
        this.#end('nothing is fetched over it')
        return
      }
      lastSeen = this.#lastFetchId
      this.#cancelUnused = clock.setTimer(limits.unusedMs, look)
    }
    this.#cancelUnused = clock.setTimer(limits.unusedMs, look)
  }
}
