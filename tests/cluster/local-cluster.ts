/** The `vectron` command of this tree, and clusters of its processes. */
import path from 'node:path'
import { type Random, systemClock, systemDisk, systemRandom } from '@vectron/base'
import { LocalCluster } from '@vectron/local-cluster'

export const COMMAND = path.resolve(
  import.meta.dirname,
  '..',
  '..',
  'packages',
  'cli',
  'src',
  'main.ts',
)

/** A cluster in the folder, as `vectron cluster` has it; nothing is made yet. */
export function localCluster(folder: string, random: Random = systemRandom): LocalCluster {
  return new LocalCluster({
    folder,
    command: [process.execPath, COMMAND],
    env: process.env,
    clock: systemClock,
    random,
    disk: systemDisk,
  })
}
