/** The cluster of a folder; its nodes are processes of this same command. */
import { fileURLToPath } from 'node:url'
import { systemClock, systemDisk, systemRandom } from '@vectron/base'
import { LocalCluster } from '@vectron/local-cluster'

export interface ClusterSurroundings {
  readonly env: NodeJS.ProcessEnv
  /** Told of each step that takes a while. */
  readonly onProgress?: (text: string) => void
}

export function clusterAt(folder: string, { env, onProgress }: ClusterSurroundings): LocalCluster {
  const main = fileURLToPath(new URL('../main.ts', import.meta.url))
  return new LocalCluster({
    folder,
    command: [process.execPath, main],
    env: { ...env },
    clock: systemClock,
    random: systemRandom,
    disk: systemDisk,
    ...(onProgress === undefined ? {} : { onProgress }),
  })
}
