/**
 * DiskGuard: refuses writes while there is too little room to carry them through.
 *
 * A write that stands in the log must be applied, so the time to refuse it is before. The guard
 * asks for more free room than log and engine need themselves; between its two marks it keeps its
 * mind, so that writes do not flicker at the edge.
 */

import { type CancelTimer, type Clock, type Disk, type Logger, VectronError } from '@vectron/base'

export interface DiskGuardOptions {
  readonly folder: string
  /** Free bytes below which writes are refused. */
  readonly reserveBytes: number
  readonly disk: Disk
  readonly clock: Clock
  readonly logger: Logger
}

const MIB = 1024 * 1024
/** Milliseconds between looks at the disk. */
const LOOK_EVERY_MS = 200
/** Writes come back when free room exceeds the reserve by this part. */
const RECOVERY_FACTOR = 1.25

type Room = { readonly kind: 'enough' } | { readonly kind: 'short'; readonly freeBytes: number }

export class DiskGuard {
  readonly #options: DiskGuardOptions
  #room: Room = { kind: 'enough' }
  #freeBytes = 0
  #cancel: CancelTimer | undefined
  #closed = false

  private constructor(options: DiskGuardOptions) {
    this.#options = options
  }

  static async open(options: DiskGuardOptions): Promise<DiskGuard> {
    const guard = new DiskGuard(options)
    await guard.#look()
    return guard
  }

  /** Free bytes of the disk, when it was looked at last. */
  get freeBytes(): number {
    return this.#freeBytes
  }

  /** @throws VectronError DISK_FULL naming the folder, what is free and what is needed. */
  checkRoom(): void {
    if (this.#room.kind === 'enough') return
    const { folder, reserveBytes } = this.#options
    const free = Math.floor(this.#room.freeBytes / MIB)
    const reserve = Math.ceil(reserveBytes / MIB)
    throw new VectronError(
      'DISK_FULL',
      `The disk of ${folder} has ${free} MiB free; writes need ${reserve} MiB.`,
      { subject: folder, retryAfterMs: 1000 },
    )
  }

  close(): void {
    this.#closed = true
    this.#cancel?.()
  }

  async #look(): Promise<void> {
    const { folder, reserveBytes, disk, clock, logger } = this.#options
    try {
      const was = this.#room.kind
      this.#freeBytes = await disk.freeBytes(folder)
      this.#room = decideRoom(was, this.#freeBytes, reserveBytes)
      if (this.#room.kind !== was) logger.warn({ folder, room: this.#room }, 'room on the disk')
    } catch (error) {
      logger.error({ folder, err: error }, 'cannot ask for the free room of the disk')
    }
    if (!this.#closed) this.#cancel = clock.setTimer(LOOK_EVERY_MS, () => void this.#look())
  }
}

/** What free bytes mean, given what was the case before. */
export function decideRoom(was: Room['kind'], freeBytes: number, reserveBytes: number): Room {
  const needed = was === 'enough' ? reserveBytes : reserveBytes * RECOVERY_FACTOR
  return freeBytes >= needed ? { kind: 'enough' } : { kind: 'short', freeBytes }
}
