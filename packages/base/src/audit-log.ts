/**
 * The audit log: who did what to what, with which result; one JSON object a line, in files that are
 * rotated by size.
 *
 * Lines are written in the order of calls and handed to the system at once, but not fsynced: the
 * log tells what happened, it is no part of the data. Callers give ids and names, never a secret.
 */
import { appendFileSync, existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { type AuditPage, type AuditPageQuery, readAuditPage } from './audit-reader.ts'
import type { Clock } from './clock.ts'

export interface AuditEntry {
  /** `account.log-in`, `collection.delete`. */
  readonly action: string
  /** Who: the id of a person or of an API key; empty for nobody. */
  readonly actor: string
  readonly project: string
  /** What it was done to: a collection, a key, a worker. */
  readonly subject: string
  /** "ok", or the reason of the error. */
  readonly result: string
  readonly requestId: string
  /** Address of the caller. */
  readonly peer: string
  readonly facts?: Readonly<Record<string, string>>
}

export interface AuditLog {
  /** Whether what is written can be read. */
  readonly isKept: boolean
  write(entry: AuditEntry): void
  /** From the newest back. */
  readPage(query: AuditPageQuery): Promise<AuditPage>
}

export interface AuditLogOptions {
  /** Path of the newest file; older ones are `<file>.1`, `<file>.2` and so on. */
  readonly file: string
  readonly clock: Clock
  /** Bytes at which a file is put aside. Default 64 MiB. */
  readonly fileBytesMax?: number
  /** Files kept, the newest included. Default 10. */
  readonly filesMax?: number
  /** Called when a line cannot be written, for instance because the disk is full. */
  readonly onFailed: (error: unknown) => void
}

const MIB = 1024 * 1024

/** An audit log that nobody reads. */
export const NO_AUDIT_LOG: AuditLog = {
  isKept: false,
  write: () => {},
  readPage: async () => ({ entries: [], next: '', scannedTo: '' }),
}

export function openAuditLog(options: AuditLogOptions): AuditLog {
  const { file, clock, fileBytesMax = 64 * MIB, filesMax = 10, onFailed } = options
  mkdirSync(dirname(file), { recursive: true })
  let bytes = existsSync(file) ? statSync(file).size : 0
  return {
    isKept: true,
    readPage: (query) => readAuditPage({ file, ...query }),
    write(entry) {
      const line = `${JSON.stringify({ time: new Date(clock.nowMs()).toISOString(), ...entry })}\n`
      try {
        if (bytes > 0 && bytes + line.length > fileBytesMax) {
          rotate(file, filesMax)
          bytes = 0
        }
        appendFileSync(file, line, { mode: 0o600 })
        bytes += line.length
      } catch (error) {
        onFailed(error)
      }
    },
  }
}

/** The oldest file goes, each other takes the next number. */
function rotate(file: string, filesMax: number): void {
  rmSync(`${file}.${filesMax - 1}`, { force: true })
  for (let number = filesMax - 2; number >= 1; number--) {
    if (existsSync(`${file}.${number}`)) renameSync(`${file}.${number}`, `${file}.${number + 1}`)
  }
  if (filesMax > 1) renameSync(file, `${file}.1`)
  else rmSync(file)
}
