/** A disk of one node that can be filled: a tmpfs of its own. */
import { mkdirSync } from 'node:fs'
import { rm, statfs } from 'node:fs/promises'
import path from 'node:path'
import { run, runNow } from './run-program.ts'

/** Left free, so that filling it does not fail for a page that is taken meanwhile. */
const LEFT_BYTES = 64 * 1024

export class SmallDisk {
  readonly folder: string
  readonly #filler: string

  constructor(folder: string, sizeMib: number) {
    this.folder = folder
    this.#filler = path.join(folder, 'filler')
    mkdirSync(folder, { recursive: true })
    runNow('mount', '-t', 'tmpfs', '-o', `size=${sizeMib}m`, 'tmpfs', folder)
  }

  /** Takes all room that there is. */
  async fill(): Promise<void> {
    const { bavail, bsize } = await statfs(this.folder)
    const bytes = Math.max(0, bavail * bsize - LEFT_BYTES)
    // The node may take the last of it meanwhile; then there is nothing left to take.
    await run('fallocate', ['-l', String(bytes), this.#filler]).catch(() => {})
  }

  /** Gives it back. */
  async free(): Promise<void> {
    await rm(this.#filler, { force: true })
  }

  unmount(): void {
    runNow('umount', this.folder)
  }
}
