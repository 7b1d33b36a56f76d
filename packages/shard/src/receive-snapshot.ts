/**
 * Receives a snapshot of a shard beside the shard, which stays as it is.
 *
 * What comes is written as it comes, and hashed on the way. A file that is whole is synced; when
 * all are, the folder becomes the prepared one. What is not as announced ends the reception.
 */
import { createHash, type Hash } from 'node:crypto'
import { join } from 'node:path'
import { bytesEqual, LIMITS, VectronError } from '@vectron/base'
import type { SnapshotFile, SnapshotManifest, SnapshotReceiver } from '@vectron/raft'
import { refuseFullDisk } from './full-disk.ts'
import type { ShardFolder } from './shard-folder.ts'
import { bytesOf, checkManifest } from './snapshot-manifest.ts'

/**
 * Begins a reception; what was received before is dropped.
 *
 * @throws VectronError DATA_CORRUPT when no shard can look like this, DISK_FULL
 */
export async function receiveSnapshot(
  folder: ShardFolder,
  manifest: SnapshotManifest,
): Promise<SnapshotReceiver> {
  checkManifest(manifest)
  await folder.dropReceived()
  await checkRoom(folder, bytesOf(manifest.files))
  const { disk, incoming } = folder
  await disk.makeFolder(incoming)
  for (const { name } of manifest.files) {
    await disk.write(join(incoming, name), new Uint8Array())
  }
  return new FolderReceiver(folder, manifest)
}

async function checkRoom({ disk, path }: ShardFolder, bytes: number): Promise<void> {
  const freeBytes = await disk.freeBytes(join(path, '..'))
  if (freeBytes >= bytes + LIMITS.diskReserveBytes) return
  throw new VectronError(
    'DISK_FULL',
    `A snapshot has ${bytes} bytes, and the disk of ${path} has ${freeBytes} free.`,
    { subject: path },
  )
}

class FolderReceiver implements SnapshotReceiver {
  readonly #folder: ShardFolder
  readonly #manifest: SnapshotManifest
  /** Files that are not whole yet, in order. */
  readonly #open: FileReceiver[]

  constructor(folder: ShardFolder, manifest: SnapshotManifest) {
    this.#folder = folder
    this.#manifest = manifest
    this.#open = manifest.files.map((file) => new FileReceiver(file))
  }

  async write(name: string, data: Uint8Array): Promise<void> {
    await this.#closeWhole()
    const file = this.#open[0]
    if (file?.name !== name) {
      throw new VectronError('DATA_CORRUPT', `Bytes of ${name} came out of turn.`)
    }
    file.add(data)
    const { disk, incoming } = this.#folder
    await refuseFullDisk(disk.append(join(incoming, name), data), incoming)
    await this.#closeWhole()
  }

  async finish(): Promise<void> {
    await this.#closeWhole()
    const [missing] = this.#open
    if (missing !== undefined) {
      throw new VectronError('DATA_CORRUPT', `${missing.name} of a snapshot is cut short.`)
    }
    await refuseFullDisk(this.#folder.prepare(this.#manifest), this.#folder.incoming)
  }

  async abort(): Promise<void> {
    await this.#folder.dropReceived()
  }

  /** Verifies and syncs the files of which all has come; an empty one is whole from the start. */
  async #closeWhole(): Promise<void> {
    const { disk, incoming } = this.#folder
    for (let file = this.#open[0]; file?.isWhole; file = this.#open[0]) {
      file.verify()
      this.#open.shift()
      await refuseFullDisk(disk.sync(join(incoming, file.name)), incoming)
    }
  }
}

/** One file as far as it has come. */
class FileReceiver {
  readonly #file: SnapshotFile
  readonly #hash: Hash = createHash('sha256')
  #bytes = 0

  constructor(file: SnapshotFile) {
    this.#file = file
  }

  get name(): string {
    return this.#file.name
  }

  get isWhole(): boolean {
    return this.#bytes === this.#file.bytes
  }

  add(data: Uint8Array): void {
    this.#bytes += data.length
    if (this.#bytes > this.#file.bytes) {
      throw new VectronError('DATA_CORRUPT', `${this.name} of a snapshot is longer than announced.`)
    }
    this.#hash.update(data)
  }

  verify(): void {
    if (bytesEqual(this.#hash.digest(), this.#file.sha256)) return
    throw new VectronError('DATA_CORRUPT', `${this.name} of a snapshot was damaged on the way.`)
  }
}
