/**
 * Files as a parameter.
 *
 * What a service keeps in small files of its own (its identity, a catalog's snapshot) goes through
 * a Disk, so that the simulation can run the same code on a disk that tears writes and loses what
 * was not synced. Logs and engines keep their files themselves, behind RaftLog and ShardEngine.
 *
 * As on POSIX, nothing is on stable storage before its `sync`: a file by syncing the file,
 * its name by syncing the folder. Only this file asks the machine.
 */
import {
  appendFile,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  statfs,
  writeFile,
} from 'node:fs/promises'
import { dirname } from 'node:path'

export interface Disk {
  /** The whole file; undefined when there is none. */
  read(path: string): Promise<Uint8Array | undefined>
  /** Up to `bytesMax` bytes from `offset` on; fewer, though at least one, before the end. */
  readPart(path: string, offset: number, bytesMax: number): Promise<Uint8Array>
  /** Makes the file, or empties it first, and writes `bytes`. */
  write(path: string, bytes: Uint8Array): Promise<void>
  /** Writes behind the end of the file, which is made when absent. */
  append(path: string, bytes: Uint8Array): Promise<void>
  /** Settles when the file's content, or the folder's names, are on stable storage. */
  sync(path: string): Promise<void>
  /** Replaces what `to` names. */
  rename(from: string, to: string): Promise<void>
  /** Removes a file, or a folder with all in it; does nothing when it is absent. */
  remove(path: string): Promise<void>
  /** Makes the folder and those above it, where absent. */
  makeFolder(path: string): Promise<void>
  /** Names in a folder; none when it is absent. */
  names(folder: string): Promise<string[]>
  freeBytes(folder: string): Promise<number>
}

/** The machine's files. */
export const systemDisk: Disk = {
  read: (path) => unlessAbsent(readFile(path), undefined),
  async readPart(path, offset, bytesMax) {
    await using handle = await open(path, 'r')
    const { buffer, bytesRead } = await handle.read(new Uint8Array(bytesMax), 0, bytesMax, offset)
    return buffer.subarray(0, bytesRead)
  },
  write: (path, bytes) => writeFile(path, bytes),
  append: (path, bytes) => appendFile(path, bytes),
  async sync(path) {
    await using handle = await open(path, 'r')
    await handle.sync()
  },
  rename: (from, to) => rename(from, to),
  remove: (path) => rm(path, { recursive: true, force: true }),
  async makeFolder(path) {
    await mkdir(path, { recursive: true })
  },
  names: (folder) => unlessAbsent(readdir(folder), []),
  async freeBytes(folder) {
    const { bavail, bsize } = await statfs(folder)
    return bavail * bsize
  },
}

/**
 * Replaces a file as a whole; settles when the new one is on stable storage. A crash leaves the old
 * one or the new one, and perhaps a temporary file beside it.
 */
export async function replaceFile(disk: Disk, path: string, bytes: Uint8Array): Promise<void> {
  const fresh = `${path}.tmp`
  await disk.makeFolder(dirname(path))
  await disk.write(fresh, bytes)
  await disk.sync(fresh)
  await disk.rename(fresh, path)
  await disk.sync(dirname(path))
}

async function unlessAbsent<T, U>(reading: Promise<T>, absent: U): Promise<T | U> {
  try {
    return await reading
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return absent
    throw error
  }
}
