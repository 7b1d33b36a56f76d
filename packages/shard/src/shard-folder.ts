/**
 * Where one shard lies on the disk of a worker, and how its state is replaced as a whole.
 *
 * | folder in the shards' folder | what |
 * |---|---|
 * | `<id>` | what the engine works in |
 * | `<id>.incoming` | a snapshot that is being received |
 * | `<id>.prepared` | a snapshot that is whole and on stable storage, with its manifest |
 * | `<id>.snapshots` | snapshots that are being sent, one folder each |
 * | `<id>.removed` | on its way out |
 *
 * The switch to a prepared snapshot is two renames: the engine's folder becomes `.removed`, and
 * `.prepared` takes its place. Nothing is lost when a crash comes between them: without a folder of
 * the engine, a prepared one can only be the rest of a switch, which the next start completes.
 *
 * Invariant: `.prepared` has its name only when all in it is on stable storage, and loses it as a
 * whole, by a rename.
 */
import { join } from 'node:path'
import {
  assert,
  type Disk,
  type LogIndex,
  logIndex,
  type ShardId,
  shardId,
  VectronError,
} from '@vectron/base'
import type { SnapshotManifest } from '@vectron/raft'
import { encodeManifest, parseManifest } from './snapshot-manifest.ts'

const INCOMING = '.incoming'
const PREPARED = '.prepared'
const SNAPSHOTS = '.snapshots'
const REMOVED = '.removed'
const MANIFEST_FILE = 'snapshot.json'

const FOLDER_NAME = /^([0-9]+)(\.incoming|\.prepared|\.snapshots|\.removed)?$/

/** The shard whose folder has this name; undefined for anything else. */
export function shardOfFolder(name: string): ShardId | undefined {
  const id = FOLDER_NAME.exec(name)?.[1]
  return id === undefined ? undefined : shardId(BigInt(id))
}

/** Whether these names of folders hold the state of a shard. */
export function holdsShard(names: ReadonlySet<string>, id: ShardId): boolean {
  return names.has(`${id}`) || names.has(`${id}${PREPARED}`)
}

export interface ShardFolderOptions {
  /** Folder of all shards of the worker. */
  readonly shardsFolder: string
  readonly shardId: ShardId
  readonly disk: Disk
}

export class ShardFolder {
  /** Path of the engine's folder. */
  readonly path: string
  readonly disk: Disk
  readonly #parent: string
  #snapshots = 0

  constructor({ shardsFolder, shardId: id, disk }: ShardFolderOptions) {
    this.path = join(shardsFolder, id.toString())
    this.disk = disk
    this.#parent = shardsFolder
  }

  get incoming(): string {
    return this.path + INCOMING
  }

  /** Completes or clears away what an earlier life left half done. Before the engine is opened. */
  async recover(): Promise<void> {
    await this.removeSnapshots()
    await this.disk.remove(this.incoming)
    const names = await this.#names()
    if (!names.has(this.path) && (await this.readPrepared()) !== undefined) {
      await this.disk.rename(this.path + PREPARED, this.path)
      await this.disk.sync(this.#parent)
    }
    await this.forgetReplaced()
  }

  /** The index of the prepared snapshot; undefined when there is none. */
  async readPrepared(): Promise<LogIndex | undefined> {
    const bytes = await this.disk.read(join(this.path + PREPARED, MANIFEST_FILE))
    return bytes && logIndex(parseManifest(bytes).index)
  }

  /** Makes what was received, and verified, the prepared snapshot. Its files are synced already. */
  async prepare(manifest: SnapshotManifest): Promise<void> {
    const { disk, incoming } = this
    const file = join(incoming, MANIFEST_FILE)
    await disk.write(file, encodeManifest(manifest))
    await disk.sync(file)
    await disk.sync(incoming)
    await disk.rename(incoming, this.path + PREPARED)
    await disk.sync(this.#parent)
  }

  /** Drops what was received, prepared or not. */
  async dropReceived(): Promise<void> {
    const { disk, incoming } = this
    await disk.remove(incoming)
    const names = await this.#names()
    if (!names.has(this.path + PREPARED)) return
    await disk.rename(this.path + PREPARED, incoming)
    await disk.remove(incoming)
  }

  /** Puts the prepared snapshot in the place of the engine's folder, in which nobody works now. */
  async switchToPrepared(): Promise<void> {
    const { disk, path } = this
    assert((await this.readPrepared()) !== undefined, 'only a prepared snapshot is switched to')
    await disk.remove(path + REMOVED)
    await disk.rename(path, path + REMOVED)
    await disk.rename(path + PREPARED, path)
    await disk.sync(this.#parent)
  }

  /** Removes what a switch has left. */
  async forgetReplaced(): Promise<void> {
    await this.disk.remove(this.path + REMOVED)
    await this.disk.remove(join(this.path, MANIFEST_FILE))
  }

  /** A path for the next snapshot to send. */
  nextSnapshot(): string {
    this.#snapshots += 1
    return join(this.path + SNAPSHOTS, this.#snapshots.toString())
  }

  /** Removes all that is, or was, being sent. */
  async removeSnapshots(): Promise<void> {
    await this.disk.remove(this.path + SNAPSHOTS)
  }

  /**
   * Removes the shard, whole or not at all as far as the next start can see. What was received goes
   * first: it must never stand alone, as the rest of a switch.
   */
  async remove(): Promise<void> {
    const { disk, path } = this
    await this.dropReceived()
    await this.removeSnapshots()
    await disk.remove(path + REMOVED)
    const names = await this.#names()
    if (names.has(path)) await disk.rename(path, path + REMOVED)
    await disk.sync(this.#parent)
    await disk.remove(path + REMOVED)
  }

  /** @throws VectronError DATA_CORRUPT when another snapshot is prepared, or none */
  async checkPrepared(index: LogIndex): Promise<void> {
    const found = await this.readPrepared()
    if (found === index) return
    const what = found === undefined ? 'none is' : `that of index ${found} is`
    throw new VectronError(
      'DATA_CORRUPT',
      `The snapshot of index ${index} is to be installed, and ${what} prepared.`,
      { subject: this.path },
    )
  }

  /** Paths of what is in the shards' folder. */
  async #names(): Promise<ReadonlySet<string>> {
    const names = await this.disk.names(this.#parent)
    return new Set(names.map((name) => join(this.#parent, name)))
  }
}
