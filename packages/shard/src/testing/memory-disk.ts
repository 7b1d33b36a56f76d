/** A disk in memory, for tests that go through many of its states. */
import { dirname } from 'node:path'
import { type Disk, VectronError } from '@vectron/base'

export class MemoryDisk implements Disk {
  readonly #files = new Map<string, Uint8Array>()
  readonly #folders = new Set<string>(['/'])

  async read(path: string): Promise<Uint8Array | undefined> {
    return this.#files.get(path)
  }

  async readPart(path: string, offset: number, bytesMax: number): Promise<Uint8Array> {
    return this.#find(path).slice(offset, offset + bytesMax)
  }

  async write(path: string, bytes: Uint8Array): Promise<void> {
    if (!this.#folders.has(dirname(path))) throw absent(dirname(path))
    this.#files.set(path, Uint8Array.from(bytes))
  }

  async append(path: string, bytes: Uint8Array): Promise<void> {
    await this.write(path, Buffer.concat([this.#files.get(path) ?? new Uint8Array(), bytes]))
  }

  async sync(path: string): Promise<void> {
    if (!this.#folders.has(path)) this.#find(path)
  }

  /** As a file system does: a folder takes the name of an empty one only. */
  async rename(from: string, to: string): Promise<void> {
    const moved = this.#below(from)
    if (moved.length === 0) throw absent(from)
    if (this.#below(to).length > 1) throw new VectronError('CONFLICT', `${to} is not empty`)
    await this.remove(to)
    for (const path of moved) {
      const name = to + path.slice(from.length)
      const bytes = this.#files.get(path)
      if (bytes === undefined) this.#folders.add(name)
      else this.#files.set(name, bytes)
    }
    await this.remove(from)
  }

  async remove(path: string): Promise<void> {
    for (const found of this.#below(path)) {
      this.#files.delete(found)
      this.#folders.delete(found)
    }
  }

  async makeFolder(path: string): Promise<void> {
    for (let folder = path; !this.#folders.has(folder); folder = dirname(folder)) {
      this.#folders.add(folder)
    }
  }

  async names(folder: string): Promise<string[]> {
    const below = this.#below(folder).map((path) => path.slice(folder.length + 1))
    return below.filter((name) => name !== '' && !name.includes('/'))
  }

  async freeBytes(): Promise<number> {
    return Number.MAX_SAFE_INTEGER
  }

  /** A file or a folder, and all in it. */
  #below(path: string): string[] {
    const all = [...this.#folders, ...this.#files.keys()]
    return all.filter((found) => `${found}/`.startsWith(`${path}/`))
  }

  #find(path: string): Uint8Array {
    const bytes = this.#files.get(path)
    if (bytes === undefined) throw absent(path)
    return bytes
  }
}

function absent(path: string): VectronError {
  return new VectronError('INTERNAL', `${path} is absent`)
}
