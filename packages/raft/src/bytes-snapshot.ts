/**
 * Snapshots of state machines that are small enough to travel as one file in memory.
 */
import { createHash } from 'node:crypto'
import { bytesEqual, concatBytes, type LogIndex, VectronError } from '@vectron/base'
import type { SnapshotManifest, SnapshotReceiver, StateSnapshot } from './state-snapshot.ts'

export interface BytesSnapshotOptions {
  readonly appliedIndex: LogIndex
  readonly name: string
  readonly bytes: Uint8Array
}

/** A snapshot of one file; nothing needs to be let go. */
export function createBytesSnapshot(options: BytesSnapshotOptions): StateSnapshot {
  const { appliedIndex, name, bytes } = options
  return {
    appliedIndex,
    files: [{ name, bytes: bytes.length, sha256: sha256Of(bytes) }],
    read: async (_file, offset, bytesMax) => bytes.slice(offset, offset + bytesMax),
    release: async () => {},
  }
}

export interface BytesReceiverOptions {
  readonly manifest: SnapshotManifest
  /** Keeps the verified bytes so that a crash does not lose them. */
  readonly prepare: (bytes: Uint8Array) => Promise<void>
  /** Forgets what was kept, if anything was. */
  readonly drop: () => Promise<void>
}

/** Receives a snapshot of one file. */
export function createBytesReceiver(options: BytesReceiverOptions): SnapshotReceiver {
  const { manifest, prepare, drop } = options
  const chunks: Uint8Array[] = []
  return {
    write: async (_file, data) => {
      chunks.push(data)
    },
    finish: async () => {
      const bytes = concatBytes(chunks)
      const [file, ...others] = manifest.files
      const isWhole = file !== undefined && bytesEqual(sha256Of(bytes), file.sha256)
      if (!isWhole || others.length > 0) {
        const text = `The snapshot of index ${manifest.index} is not what was announced.`
        throw new VectronError('DATA_CORRUPT', text)
      }
      await prepare(bytes)
    },
    abort: drop,
  }
}

function sha256Of(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest()
}
