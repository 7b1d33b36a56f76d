/**
 * Serves the files of snapshots on one bulk connection: one part at a time, in the order asked for.
 *
 * A part is read when it is its turn, sent in chunks as the rate limit of the host and the socket
 * allow, and forgotten. Knows nothing of how long a snapshot is kept: the host does.
 */
import { create } from '@bufbuild/protobuf'
import { toVectronError } from '@vectron/base'
import { raft } from '@vectron/contracts'
import type { SnapshotKey, TransportReceiver } from '../transport.ts'
import { FrameError } from './frame-reader.ts'
import { encodeFrame } from './hello.ts'
import type { PeerConnection } from './peer-connection.ts'
import type { PeerLimits } from './peer-limits.ts'
import type { RateLimiter } from './rate-limiter.ts'

/** Parts that one peer may have asked for: many files at once, each with a few parts. */
const PARTS_MAX = 1024

export interface BulkServerOptions {
  readonly connection: PeerConnection
  readonly open: TransportReceiver['openSnapshot']
  readonly limiter: RateLimiter
  readonly limits: PeerLimits
}

export class BulkServer {
  readonly #options: BulkServerOptions
  readonly #parts: raft.FetchFile[] = []
  readonly #ended = new AbortController()
  #isServing = false
  #whenWritable: (() => void) | undefined

  constructor(options: BulkServerOptions) {
    this.#options = options
  }

  /** @throws FrameError */
  onFetch(part: raft.FetchFile): void {
    if (this.#parts.length >= PARTS_MAX) throw new FrameError('it asks for too many parts')
    this.#parts.push(part)
    if (!this.#isServing) void this.#serve()
  }

  onWritable(): void {
    this.#whenWritable?.()
  }

  close(): void {
    this.#parts.length = 0
    this.#ended.abort()
    this.#whenWritable?.()
  }

  async #serve(): Promise<void> {
    this.#isServing = true
    for (let part = this.#parts.shift(); part !== undefined; part = this.#parts.shift()) {
      try {
        await this.#send(part)
      } catch (error) {
        this.#refuse(part, toVectronError(error).message)
      }
    }
    this.#isServing = false
  }

  async #send(part: raft.FetchFile): Promise<void> {
    const { open, limiter, limits, connection } = this.#options
    const { signal } = this.#ended
    const key: SnapshotKey = { group: part.group, snapshotId: part.snapshotId }
    let offset = Number(part.offset)
    const size = sizeOf(open(key), part)
    if (size === undefined) return this.#refuse(part, 'The snapshot is not offered any more.')
    const end = Math.min(size, offset + part.bytesMax)
    while (offset < end && !signal.aborted) {
      await limiter.take(Math.min(limits.chunkBytes, end - offset), signal)
      const data = await open(key)?.read(
        part.file,
        offset,
        Math.min(limits.chunkBytes, end - offset),
      )
      if (data === undefined) return this.#refuse(part, 'The snapshot is not offered any more.')
      if (data.length === 0) return this.#refuse(part, `The file ends at byte ${offset}.`)
      const last = offset + data.length >= size
      const value = create(raft.FileChunkSchema, {
        fetchId: part.fetchId,
        offset: BigInt(offset),
        data,
        last,
      })
      connection.send(encodeFrame({ case: 'fileChunk', value }))
      offset += data.length
      if (!connection.isWritable) await this.#untilWritable()
    }
  }

  async #untilWritable(): Promise<void> {
    if (this.#ended.signal.aborted) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#whenWritable = resolve
    await promise
    this.#whenWritable = undefined
  }

  #refuse({ fetchId }: raft.FetchFile, message: string): void {
    const value = create(raft.FetchFailedSchema, { fetchId, message })
    this.#options.connection.send(encodeFrame({ case: 'fetchFailed', value }))
  }
}

function sizeOf(
  snapshot: ReturnType<TransportReceiver['openSnapshot']>,
  { file }: raft.FetchFile,
): number | undefined {
  return snapshot?.files.find(({ name }) => name === file)?.bytes
}
