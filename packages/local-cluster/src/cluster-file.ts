/**
 * `cluster.json`: which nodes a cluster on this machine has, with their ports. Written when the
 * cluster is made and when a node is added; whether a node runs stands in its own process.json.
 */
import { join } from 'node:path'
import { type Disk, replaceFile, VectronError } from '@vectron/base'
import type { PlannedNode } from './cluster-plan.ts'

export interface ClusterFile {
  readonly format: 1
  readonly name: string
  readonly nodes: readonly PlannedNode[]
}

export function clusterFilePath(folder: string): string {
  return join(folder, 'cluster.json')
}

export async function writeClusterFile(
  disk: Disk,
  folder: string,
  cluster: ClusterFile,
): Promise<void> {
  const text = `${JSON.stringify(cluster, undefined, 2)}\n`
  await replaceFile(disk, clusterFilePath(folder), Buffer.from(text))
}

/**
 * undefined when there is no cluster in the folder.
 *
 * @throws VectronError DATA_CORRUPT, INCOMPATIBLE_DATA
 */
export async function readClusterFile(
  disk: Disk,
  folder: string,
): Promise<ClusterFile | undefined> {
  const file = clusterFilePath(folder)
  const bytes = await disk.read(file)
  if (bytes === undefined) return undefined
  const parsed = parseJson(Buffer.from(bytes).toString())
  if (parsed?.format !== 1 || !Array.isArray(parsed.nodes)) {
    throw new VectronError(
      parsed?.format === undefined ? 'DATA_CORRUPT' : 'INCOMPATIBLE_DATA',
      `${file} cannot be read. Remove the folder to begin anew; its data is lost then.`,
      { subject: file },
    )
  }
  return parsed
}

function parseJson(text: string): ClusterFile | undefined {
  try {
    return JSON.parse(text) as ClusterFile
  } catch {
    return undefined
  }
}
