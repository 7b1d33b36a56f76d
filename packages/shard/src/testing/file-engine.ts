/** An engine that holds nothing but an applied index, in the files that a real one has. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { create, toBinary } from '@bufbuild/protobuf'
import type { Disk } from '@vectron/base'
import { engine } from '@vectron/contracts'
import type { ApplyEntry, ShardEngine } from '@vectron/native'

export const FILE_NAMES = ['store.redb', 'vectors.f32', 'graph.ckpt'] as const

/** Opens, or makes, a folder; all its files must tell the same index. */
export async function openFileEngine(disk: Disk, folder: string): Promise<ShardEngine> {
  await disk.makeFolder(folder)
  const found = await Promise.all(FILE_NAMES.map((name) => disk.read(join(folder, name))))
  const indexes = new Set(found.map((bytes) => bytes && Buffer.from(bytes).toString()))
  assert.equal(indexes.size, 1, `the folder is whole: ${[...indexes].join(' ')}`)
  const [text] = [...indexes]
  const opened = new FileEngine(disk, folder)
  if (text === undefined) await opened.store(folder)
  else opened.appliedIndex = BigInt(/^index ([0-9]+)$/.exec(text)?.[1] ?? -1)
  return opened as unknown as ShardEngine
}

class FileEngine {
  appliedIndex = 0n
  readonly #disk: Disk
  readonly #folder: string

  constructor(disk: Disk, folder: string) {
    this.#disk = disk
    this.#folder = folder
  }

  get durableIndex(): bigint {
    return this.appliedIndex
  }

  async apply(entries: readonly ApplyEntry[]): Promise<Uint8Array> {
    this.appliedIndex = entries.at(-1)?.index ?? this.appliedIndex
    await this.store(this.#folder)
    return new Uint8Array()
  }

  async snapshot(folder: string): Promise<Uint8Array> {
    await this.#disk.makeFolder(folder)
    await this.store(folder)
    const content = this.#content()
    const sha256 = new Uint8Array(await crypto.subtle.digest('SHA-256', content))
    const files = FILE_NAMES.map((name) => ({ name, bytes: BigInt(content.length), sha256 }))
    const written = create(engine.SnapshotFilesSchema, { appliedIndex: this.appliedIndex, files })
    return toBinary(engine.SnapshotFilesSchema, written)
  }

  stats(): Uint8Array {
    return new Uint8Array()
  }

  hasExpired(): boolean {
    return false
  }

  async close(): Promise<void> {}

  async abandon(): Promise<void> {}

  async store(folder: string): Promise<void> {
    for (const name of FILE_NAMES) await this.#disk.write(join(folder, name), this.#content())
  }

  #content(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(Buffer.from(`index ${this.appliedIndex}`))
  }
}
