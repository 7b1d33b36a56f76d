/**
 * Reads the files of an audit log from the newest line back, a page at a time.
 *
 * A position is a file's inode and an offset within it: files are renamed when they are put aside,
 * but keep their lines. A position of a file that is gone reads nothing: its older lines are gone
 * with it.
 */
import { type FileHandle, open } from 'node:fs/promises'
import { type AuditFilter, isWanted } from './audit-filter.ts'
import type { AuditEntry } from './audit-log.ts'

export interface RecordedEntry extends AuditEntry {
  /** RFC 3339. */
  readonly time: string
}

/** An entry with its position: a page that begins there goes on with the entries before it. */
export interface PlacedEntry extends RecordedEntry {
  readonly position: string
}

export interface AuditPageQuery {
  /** Where the page before ended; empty: at the newest line. */
  readonly before: string
  readonly entriesMax: number
  /** Read at most, however few entries were found by then. */
  readonly bytesMax: number
  readonly filter: AuditFilter
}

export interface AuditPageOptions extends AuditPageQuery {
  /** Path of the newest file. */
  readonly file: string
}

export interface AuditPage {
  readonly entries: readonly PlacedEntry[]
  /** Where the next page begins; empty when this was the last. */
  readonly next: string
  /** Time of the oldest line that was looked at, wanted or not; empty when none was. */
  readonly scannedTo: string
}

const CHUNK_BYTES = 256 * 1024
const NEW_LINE = 0x0a

export async function readAuditPage(options: AuditPageOptions): Promise<AuditPage> {
  const { entriesMax, bytesMax, filter } = options
  const entries: PlacedEntry[] = []
  let scannedTo = ''
  let bytes = 0
  for await (const { text, position } of linesBack(options)) {
    bytes += text.length + 1
    const entry = parseEntry(text)
    if (entry !== undefined) {
      scannedTo = entry.time
      if (entry.time < filter.since) break
      if (isWanted(entry, filter)) entries.push({ ...entry, position })
    }
    if (entries.length >= entriesMax || bytes >= bytesMax) {
      return { entries, next: position, scannedTo }
    }
  }
  return { entries, next: '', scannedTo }
}

interface Line {
  readonly text: string
  /** Of its beginning: where who goes on back from it begins. */
  readonly position: string
}

/** All lines, from the last one of the newest file to the first one of the oldest. */
async function* linesBack(options: AuditPageOptions): AsyncIterable<Line> {
  const { file, before } = options
  const [wantedInode, offset] = before.split(':')
  let isFound = before === ''
  const seen = new Set<string>()
  for (let number = 0; ; number++) {
    const handle = await openIfThere(number === 0 ? file : `${file}.${number}`)
    if (handle === undefined) return
    try {
      const { ino, size } = await handle.stat({ bigint: true })
      const inode = `${ino}`
      // A file that was put aside meanwhile comes again under its next name.
      if (seen.has(inode)) continue
      seen.add(inode)
      const isStart = inode === wantedInode
      if (!isFound && !isStart) continue
      isFound = true
      const end = isStart ? Math.min(Number(offset), Number(size)) : Number(size)
      yield* linesOfFile(handle, inode, end)
    } finally {
      await handle.close()
    }
  }
}

async function* linesOfFile(handle: FileHandle, inode: string, end: number): AsyncIterable<Line> {
  // The beginning of a line whose rest was read already.
  let rest = Buffer.alloc(0)
  for (let to = end; to > 0; ) {
    const from = Math.max(0, to - CHUNK_BYTES)
    const chunk = Buffer.alloc(to - from)
    await handle.read(chunk, 0, chunk.length, from)
    let bytes = Buffer.concat([chunk, rest])
    for (;;) {
      const at = bytes.lastIndexOf(NEW_LINE, bytes.length - 2)
      if (at < 0) break
      yield lineOf(bytes.subarray(at + 1), inode, from + at + 1)
      bytes = bytes.subarray(0, at + 1)
    }
    rest = Buffer.from(bytes)
    to = from
  }
  if (rest.length > 0) yield lineOf(rest, inode, 0)
}

function lineOf(bytes: Buffer, inode: string, offset: number): Line {
  return { text: bytes.toString('utf8').trimEnd(), position: `${inode}:${offset}` }
}

/** Those that are looked at: a line without them is none of a log. */
const TEXTS = ['time', 'action', 'subject'] as const

/** undefined for a line that was torn, when the disk was full for instance. */
function parseEntry(text: string): RecordedEntry | undefined {
  try {
    const entry = JSON.parse(text)
    return TEXTS.every((name) => typeof entry?.[name] === 'string') ? entry : undefined
  } catch {
    return undefined
  }
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
