/**
 * How much script each page costs, compressed: what every page needs, and what each adds.
 *
 * Read from the manifest that Vite writes: a chunk's static imports come with it, and a dynamic
 * import is a page of its own.
 */
import { existsSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'

/** Compressed bytes of script that may be loaded before the first page is seen. */
export const FIRST_LOAD_BYTES_MAX = 300 * 1024

interface Chunk {
  readonly file: string
  readonly isEntry?: boolean
  readonly isDynamicEntry?: boolean
  readonly imports?: readonly string[]
}
type Manifest = Readonly<Record<string, Chunk>>

export interface ScriptSizes {
  /** Bytes that every page needs. */
  readonly shared: number
  /** Bytes that each page adds, largest first. */
  readonly pages: readonly { readonly name: string; readonly bytes: number }[]
}

/** @param folder of a build, with its compressed files */
export function measureSizes(folder: string): ScriptSizes {
  const manifest: Manifest = JSON.parse(readFileSync(path.join(folder, 'manifest.json'), 'utf8'))
  const entries = Object.keys(manifest).filter((key) => manifest[key]?.isEntry)
  const shared = new Set(entries.flatMap((key) => filesOf(manifest, key)))
  const bytesOf = (files: Iterable<string>) =>
    [...files].reduce((sum, file) => sum + compressedBytes(path.join(folder, file)), 0)
  const pages = Object.entries(manifest)
    .filter(([, chunk]) => chunk.isDynamicEntry)
    .map(([key]) => {
      const own = new Set(filesOf(manifest, key).filter((file) => !shared.has(file)))
      return { name: key.replace(/^src\/pages\//, ''), bytes: bytesOf(own) }
    })
    .sort((a, b) => b.bytes - a.bytes)
  return { shared: bytesOf(shared), pages }
}

/** One line a page. */
export function formatSizes({ shared, pages }: ScriptSizes): string[] {
  const line = (name: string, bytes: number) =>
    `  ${name.padEnd(44)}${(bytes / 1024).toFixed(1).padStart(8)} KiB`
  return [
    'Compressed script by page:',
    line('every page', shared),
    ...pages.map(({ name, bytes }) => line(`+ ${name}`, bytes)),
  ]
}

/** Any page may be the first one. @throws Error */
export function checkSizes({ shared, pages }: ScriptSizes): void {
  for (const { name, bytes } of pages) {
    const first = shared + bytes
    if (first <= FIRST_LOAD_BYTES_MAX) continue
    throw new Error(
      `${name} loads ${first} bytes of script at first, over ${FIRST_LOAD_BYTES_MAX}: ` +
        'load what it does not show at once with import().',
    )
  }
}

function filesOf(manifest: Manifest, key: string, seen = new Set<string>()): string[] {
  const chunk = manifest[key]
  if (chunk === undefined || seen.has(key)) return []
  seen.add(key)
  const deeper = (chunk.imports ?? []).flatMap((name) => filesOf(manifest, name, seen))
  return [chunk.file, ...deeper].filter((file) => file.endsWith('.js'))
}

function compressedBytes(file: string): number {
  const compressed = `${file}.br`
  return statSync(existsSync(compressed) ? compressed : file).size
}
