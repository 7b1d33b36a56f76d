/**
 * What a snapshot of a shard may consist of, and the file that lists it beside a prepared one.
 *
 * A manifest comes from another node, so nothing of it is believed: names are those that an engine
 * writes and no others, lengths are bounded.
 */
import { LIMITS, logIndex, VectronError } from '@vectron/base'
import type { SnapshotFile, SnapshotManifest } from '@vectron/raft'

/** Files of an engine's folder. */
const KNOWN_NAMES: ReadonlySet<string> = new Set(['store.redb', 'vectors.f32', 'graph.ckpt'])
const SHA256_BYTES = 32
const FORMAT_VERSION = 1

/** @throws VectronError DATA_CORRUPT when an engine cannot have written such a snapshot */
export function checkManifest({ index, files }: SnapshotManifest): void {
  const names = new Set(files.map(({ name }) => name))
  const refuse = (what: string): never => {
    throw new VectronError('DATA_CORRUPT', `The snapshot of index ${index} ${what}.`)
  }
  if (index <= 0n) refuse('stands before the log')
  if (files.length !== KNOWN_NAMES.size || names.size !== KNOWN_NAMES.size) {
    refuse(`has ${files.length} files, not one each of ${[...KNOWN_NAMES].join(', ')}`)
  }
  for (const { name, bytes, sha256 } of files) {
    if (!KNOWN_NAMES.has(name)) refuse('has a file that no shard has')
    if (!Number.isSafeInteger(bytes) || bytes < 0) refuse(`gives ${name} no sensible length`)
    if (sha256.length !== SHA256_BYTES) refuse(`gives ${name} no SHA-256`)
  }
  const total = bytesOf(files)
  if (total > LIMITS.snapshotBytesMax) {
    refuse(`has ${total} bytes; a shard has ${LIMITS.snapshotBytesMax} at most`)
  }
}

/** Bytes of all files. */
export function bytesOf(files: readonly SnapshotFile[]): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0)
}

/** The manifest as text; docs/formats/data-folder.md. */
export function encodeManifest({ index, files }: SnapshotManifest): Uint8Array {
  const text = JSON.stringify({
    format: FORMAT_VERSION,
    index: index.toString(),
    files: files.map(({ name, bytes, sha256 }) => ({
      name,
      bytes,
      sha256: Buffer.from(sha256).toString('hex'),
    })),
  })
  return new Uint8Array(Buffer.from(`${text}\n`))
}

/** @throws VectronError DATA_CORRUPT */
export function parseManifest(bytes: Uint8Array): SnapshotManifest {
  try {
    const { format, index, files } = JSON.parse(Buffer.from(bytes).toString())
    if (format !== FORMAT_VERSION) throw new Error(`format ${format}`)
    const parseFile = (file: { name: string; bytes: number; sha256: string }): SnapshotFile => ({
      name: file.name,
      bytes: file.bytes,
      sha256: new Uint8Array(Buffer.from(file.sha256, 'hex')),
    })
    const manifest = { index: logIndex(BigInt(index)), files: files.map(parseFile) }
    checkManifest(manifest)
    return manifest
  } catch (cause) {
    throw new VectronError('DATA_CORRUPT', 'The manifest of a prepared snapshot is damaged.', {
      cause,
    })
  }
}
