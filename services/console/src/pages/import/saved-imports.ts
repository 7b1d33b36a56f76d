/**
 * Imports that were begun: how far they are, kept in this browser, so that after a reload the same
 * file goes on where it stopped. A file is known by its name, its size and its last change.
 */
import { keep, readKept } from '../../kit/kept.ts'
import type { Mapping } from './reading/mapping.ts'
import type { Place } from './reading/record.ts'
import type { RowProblem } from './reading/worker-messages.ts'

export interface Fingerprint {
  readonly name: string
  readonly size: number
  /** Milliseconds. */
  readonly lastModified: number
}

export interface SavedImport {
  readonly file: Fingerprint
  readonly projectId: string
  readonly collection: string
  readonly mapping: Mapping
  /** Part of the ids of its requests: another run of the same file has others. */
  readonly runId: string
  readonly place: Place
  readonly written: number
  readonly failed: number
  /** The first ones. */
  readonly problems: readonly RowProblem[]
  readonly savedAt: string
}

const PREFIX = 'vectron-import '
/** More would fill what a browser keeps for a page. */
export const PROBLEMS_KEPT = 1000

function keyOf(projectId: string, { name, size, lastModified }: Fingerprint): string {
  return `${PREFIX}${JSON.stringify([projectId, name, size, lastModified])}`
}

export function fingerprintOf({ name, size, lastModified }: File): Fingerprint {
  return { name, size, lastModified }
}

export function saveImport(saved: SavedImport): void {
  // Where nothing can be kept, the import goes on, and cannot be taken up after a reload.
  keep(keyOf(saved.projectId, saved.file), saved)
}

export function forgetImport(projectId: string, file: Fingerprint): void {
  localStorage.removeItem(keyOf(projectId, file))
}

export function findImport(projectId: string, file: Fingerprint): SavedImport | undefined {
  return readImport(keyOf(projectId, file))
}

/** The newest first. */
export function listImports(projectId: string): SavedImport[] {
  return Object.keys(localStorage)
    .filter((key) => key.startsWith(PREFIX))
    .flatMap((key) => readImport(key) ?? [])
    .filter((saved) => saved.projectId === projectId)
    .sort((a, b) => (a.savedAt < b.savedAt ? 1 : -1))
}

function readImport(key: string): SavedImport | undefined {
  return readKept(key) as SavedImport | undefined
}
