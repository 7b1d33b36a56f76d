/** Snapshots of a shard on their way to another replica: files beside the shard, until let go. */
import { join } from 'node:path'
import { fromBinary } from '@bufbuild/protobuf'
import { logIndex, VectronError } from '@vectron/base'
import { engine } from '@vectron/contracts'
import type { ShardEngine } from '@vectron/native'
import type { StateSnapshot } from '@vectron/raft'
import type { ShardFolder } from './shard-folder.ts'

/**
 * Has the engine write a snapshot while it goes on.
 *
 * @throws VectronError DISK_FULL, DATA_CORRUPT, SHARD_UNAVAILABLE
 */
export async function takeSnapshot(
  shard: ShardEngine,
  folder: ShardFolder,
): Promise<StateSnapshot> {
  const path = folder.nextSnapshot()
  const written = fromBinary(engine.SnapshotFilesSchema, await shard.snapshot(path))
  const files = written.files.map(({ name, bytes, sha256 }) => ({
    name,
    bytes: Number(bytes),
    sha256,
  }))
  const names = new Set(files.map(({ name }) => name))
  return {
    appliedIndex: logIndex(written.appliedIndex),
    files,
    read: async (file, offset, bytesMax) => {
      if (!names.has(file)) {
        throw new VectronError('INVALID_ARGUMENT', 'The snapshot has no file of this name.')
      }
      return folder.disk.readPart(join(path, file), offset, bytesMax)
    },
    release: () => folder.disk.remove(path),
  }
}
