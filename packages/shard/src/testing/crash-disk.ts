/**
 * A disk of a process that dies at a chosen step.
 *
 * It also watches that what gets its name for good is on stable storage: a folder that is renamed
 * to one that counts holds nothing that was written and not synced.
 */
import { dirname, join } from 'node:path'
import type { Disk } from '@vectron/base'

export interface Crash {
  /** The step that fails, counted from 1; none after it succeeds. */
  readonly step: number
  /** Whether that step has no effect, all of it, or a part. */
  readonly kind: 'before' | 'after' | 'half'
}

export class CrashDisk implements Disk {
  readonly #disk: Disk
  readonly #crash: Crash
  readonly #unsynced = new Set<string>()
  #steps = 0

  constructor(disk: Disk, crash: Crash) {
    this.#disk = disk
    this.#crash = crash
  }

  get hasCrashed(): boolean {
    return this.#steps >= this.#crash.step
  }

  read(path: string): Promise<Uint8Array | undefined> {
    return this.#look(() => this.#disk.read(path))
  }

  readPart(path: string, offset: number, bytesMax: number): Promise<Uint8Array> {
    return this.#look(() => this.#disk.readPart(path, offset, bytesMax))
  }

  names(folder: string): Promise<string[]> {
    return this.#look(() => this.#disk.names(folder))
  }

  freeBytes(folder: string): Promise<number> {
    return this.#look(() => this.#disk.freeBytes(folder))
  }

  write(path: string, bytes: Uint8Array): Promise<void> {
    this.#unsynced.add(path).add(dirname(path))
    return this.#change(
      () => this.#disk.write(path, bytes),
      () => this.#disk.write(path, bytes.subarray(0, bytes.length / 2)),
    )
  }

  append(path: string, bytes: Uint8Array): Promise<void> {
    this.#unsynced.add(path)
    return this.#change(
      () => this.#disk.append(path, bytes),
      () => this.#disk.append(path, bytes.subarray(0, bytes.length / 2)),
    )
  }

  sync(path: string): Promise<void> {
    this.#unsynced.delete(path)
    return this.#change(() => this.#disk.sync(path))
  }

  rename(from: string, to: string): Promise<void> {
    const unsynced = [...this.#unsynced].filter((path) => `${path}/`.startsWith(`${from}/`))
    if (to.endsWith('.prepared') && unsynced.length > 0) {
      throw new Error(`not on stable storage: ${unsynced.join(', ')}`)
    }
    return this.#change(() => this.#disk.rename(from, to))
  }

  remove(path: string): Promise<void> {
    return this.#change(
      () => this.#disk.remove(path),
      () => this.#removeHalf(path),
    )
  }

  makeFolder(path: string): Promise<void> {
    return this.#change(() => this.#disk.makeFolder(path))
  }

  async #removeHalf(path: string): Promise<void> {
    const names = await this.#disk.names(path).catch(() => [])
    for (const name of names.slice(0, names.length / 2)) await this.#disk.remove(join(path, name))
  }

  async #look<T>(look: () => Promise<T>): Promise<T> {
    if (this.hasCrashed) throw new Error('the process has crashed')
    return look()
  }

  async #change(whole: () => Promise<void>, half = async () => {}): Promise<void> {
    if (this.hasCrashed) throw new Error('the process has crashed')
    this.#steps += 1
    if (!this.hasCrashed) return whole()
    if (this.#crash.kind === 'after') await whole()
    if (this.#crash.kind === 'half') await half()
    throw new Error(`crash at step ${this.#steps}`)
  }
}
