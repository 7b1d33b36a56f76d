/**
 * The disk of one simulated machine: files that survive a crash only as far as they were synced.
 *
 * What POSIX allows happens: of a file written and not synced, a crash leaves the old content, the
 * new one, or a part of it; of names made, renamed or removed and not synced with their folder,
 * each comes true or not. A process sees the disk through a mount, which ends with its clock.
 */
import { type Disk, VectronError } from '@vectron/base'
import type { FastRandom } from './fast-random.ts'
import type { ProcessClock } from './process-clock.ts'

interface SimFile {
  content: Uint8Array
  /** What a crash cannot take away. */
  synced: Uint8Array
}

/** A change of names that is not on stable storage yet. */
interface NameChange {
  /** Syncing one of these makes it durable. */
  readonly folders: readonly string[]
  /** Path of the file that it made. */
  readonly made?: string
  readonly apply: (names: Map<string, SimFile>) => void
}

const NOTHING = new Uint8Array()
const FREE_BYTES = 1 << 30
const FSYNC_MS_MAX = 8

export class SimDisk {
  readonly #random: FastRandom
  /** As processes see it. */
  #names = new Map<string, SimFile>()
  /** As it is after a crash. */
  #durableNames = new Map<string, SimFile>()
  #pending: NameChange[] = []
  #fsyncMsMax = FSYNC_MS_MAX
  #isFull = false

  constructor(random: FastRandom) {
    this.#random = random
  }

  /** Milliseconds that one fsync may take. */
  get fsyncMsMax(): number {
    return this.#fsyncMsMax
  }

  get isFull(): boolean {
    return this.#isFull
  }

  slowDown(fsyncMsMax: number): void {
    this.#fsyncMsMax = fsyncMsMax
  }

  fill(): void {
    this.#isFull = true
  }

  /** As fast as new, and with room. */
  mend(): void {
    this.#fsyncMsMax = FSYNC_MS_MAX
    this.#isFull = false
  }

  /** The disk as a process sees it while its clock runs. */
  mount(clock: ProcessClock): Disk {
    return new MountedDisk(this, clock, this.#random)
  }

  read(path: string): Uint8Array | undefined {
    return this.#names.get(path)?.content
  }

  write(path: string, bytes: Uint8Array): void {
    this.#checkRoom()
    const file = this.#names.get(path)
    if (file !== undefined) file.content = bytes
    else this.#create(path, bytes)
  }

  append(path: string, bytes: Uint8Array): void {
    this.#checkRoom()
    const file = this.#names.get(path)
    if (file !== undefined) file.content = new Uint8Array([...file.content, ...bytes])
    else this.#create(path, bytes)
  }

  sync(path: string): void {
    const file = this.#names.get(path)
    if (file !== undefined) {
      file.synced = file.content
      return
    }
    for (const { folders, apply } of this.#pending) {
      if (folders.includes(path)) apply(this.#durableNames)
    }
    this.#pending = this.#pending.filter(({ folders }) => !folders.includes(path))
  }

  /** A file, or a folder with all in it, at once. */
  rename(from: string, to: string): void {
    const moved = this.#within(from)
    const paths = new Set(moved.map(([path]) => path))
    // A file that was just made comes to be under its new name, or not at all.
    this.#pending = this.#pending.filter(({ made }) => made === undefined || !paths.has(made))
    for (const [path] of this.#within(to)) this.#names.delete(path)
    this.#change({ folders: [folderOf(from), folderOf(to)] }, (names) => {
      for (const path of [...names.keys()]) if (isWithin(path, to)) names.delete(path)
      for (const [path, file] of moved) {
        names.delete(path)
        names.set(to + path.slice(from.length), file)
      }
    })
  }

  /** Files of a folder go one after the other: a crash may leave some. */
  remove(path: string): void {
    for (const [name] of this.#within(path)) {
      const folders = [folderOf(name), folderOf(path)]
      this.#change({ folders }, (names) => names.delete(name))
    }
  }

  names(folder: string): string[] {
    const found = new Set<string>()
    for (const [path] of this.#within(folder)) {
      const [child] = path.slice(folder.length + 1).split('/')
      if (path !== folder && child !== undefined) found.add(child)
    }
    return [...found].sort()
  }

  freeBytes(): number {
    return this.#isFull ? 0 : FREE_BYTES
  }

  /** The machine loses power, or the process dies: what was not synced may be gone. */
  crash(): void {
    for (const { apply } of this.#pending) {
      if (this.#random.chance(0.5)) apply(this.#durableNames)
    }
    this.#pending = []
    for (const file of this.#names.values()) {
      if (file.content === file.synced) continue
      file.content = this.#tear(file)
      file.synced = file.content
    }
    this.#names = new Map(this.#durableNames)
  }

  /** A folder is gone with all in it. */
  lose(folder: string): void {
    for (const names of [this.#names, this.#durableNames]) {
      for (const path of [...names.keys()]) if (isWithin(path, folder)) names.delete(path)
    }
  }

  /** Another, empty disk takes its place. */
  wipe(): void {
    this.#names = new Map()
    this.#durableNames = new Map()
    this.#pending = []
  }

  #tear({ content, synced }: SimFile): Uint8Array {
    switch (this.#random.nextBelow(3)) {
      case 0:
        return synced
      case 1:
        return content
      default:
        return content.slice(0, this.#random.nextBelow(content.length + 1))
    }
  }

  #create(path: string, content: Uint8Array): void {
    const file = { content, synced: NOTHING }
    this.#change({ folders: [folderOf(path)], made: path }, (names) => names.set(path, file))
  }

  #change(about: Omit<NameChange, 'apply'>, apply: NameChange['apply']): void {
    apply(this.#names)
    this.#pending.push({ ...about, apply })
  }

  #within(path: string): [string, SimFile][] {
    return [...this.#names].filter(([name]) => isWithin(name, path))
  }

  #checkRoom(): void {
    if (this.#isFull) throw new VectronError('DISK_FULL', 'The simulated disk is full.')
  }
}

/** Milliseconds of an operation that reaches no platter. */
const CACHED_MS_MAX = 0.2

class MountedDisk implements Disk {
  readonly #disk: SimDisk
  readonly #clock: ProcessClock
  readonly #random: FastRandom

  constructor(disk: SimDisk, clock: ProcessClock, random: FastRandom) {
    this.#disk = disk
    this.#clock = clock
    this.#random = random
  }

  read(path: string): Promise<Uint8Array | undefined> {
    return this.#after(CACHED_MS_MAX, () => this.#disk.read(path))
  }

  readPart(path: string, offset: number, bytesMax: number): Promise<Uint8Array> {
    return this.#after(CACHED_MS_MAX, () => {
      const content = this.#disk.read(path)
      if (content === undefined) throw new Error(`there is no file ${path}`)
      return content.slice(offset, offset + bytesMax)
    })
  }

  write(path: string, bytes: Uint8Array): Promise<void> {
    return this.#after(CACHED_MS_MAX, () => this.#disk.write(path, bytes))
  }

  append(path: string, bytes: Uint8Array): Promise<void> {
    return this.#after(CACHED_MS_MAX, () => this.#disk.append(path, bytes))
  }

  sync(path: string): Promise<void> {
    return this.#after(this.#disk.fsyncMsMax, () => this.#disk.sync(path))
  }

  rename(from: string, to: string): Promise<void> {
    return this.#after(CACHED_MS_MAX, () => this.#disk.rename(from, to))
  }

  remove(path: string): Promise<void> {
    return this.#after(CACHED_MS_MAX, () => this.#disk.remove(path))
  }

  async makeFolder(): Promise<void> {
    // Folders are there as soon as something is in them.
  }

  names(folder: string): Promise<string[]> {
    return this.#after(CACHED_MS_MAX, () => this.#disk.names(folder))
  }

  freeBytes(): Promise<number> {
    return Promise.resolve(this.#disk.freeBytes())
  }

  #after<T>(msMax: number, operate: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#clock.setTimer(this.#random.nextFloat() * msMax, () => {
        try {
          resolve(operate())
        } catch (error) {
          reject(error)
        }
      })
    })
  }
}

function isWithin(name: string, path: string): boolean {
  return name === path || name.startsWith(`${path}/`)
}

function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')))
}
