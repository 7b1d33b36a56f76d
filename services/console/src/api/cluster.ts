/** The cluster as it is, again and again: the server's stream, kept open while somebody looks. */
import type { ClusterView } from '@vectron/client'
import { type Live, useLiveStream } from '../kit/live-stream.ts'
import { useProject } from '../session/project.ts'
import { vectronOf } from './client.ts'

export interface WatchedParts {
  /** Shards may be many. */
  readonly shards: 'with' | 'without'
}

/** Milliseconds between two views. */
const INTERVAL_MS = 1000

export function useClusterView({ shards }: WatchedParts): Live<ClusterView> {
  const projectId = useProject()?.projectId ?? ''
  return useLiveStream([projectId, shards], (signal) =>
    vectronOf(projectId).cluster.watch({
      intervalMs: INTERVAL_MS,
      withoutShards: shards === 'without',
      signal,
    }),
  )
}
