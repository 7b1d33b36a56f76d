/** The cluster as it is, again and again, and what operators do to it. */
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import type { Cluster, ClusterHealth, ClusterView, Operator } from '@vectron/client'
import { type Live, useLiveStream } from '../kit/live-stream.ts'
import { useProject } from '../session/project.ts'
import { vectronOf } from './client.ts'

export interface WatchedParts {
  /** Shards may be many. */
  readonly shards: 'with' | 'without'
  /** Sees every view, also those that are replaced before they are shown. */
  readonly onView?: (view: ClusterView) => void
}

/** Milliseconds between two views. */
const INTERVAL_MS = 1000
/** Milliseconds between two looks at moves that ended. */
const OPERATORS_MS = 2000
/** Milliseconds between two looks of who may not watch the stream. */
const HEALTH_MS = 5000

/** The server's stream, kept open while somebody looks. For operators of the cluster. */
export function useClusterView({ shards, onView }: WatchedParts): Live<ClusterView> {
  const projectId = useProject()?.projectId ?? ''
  return useLiveStream(
    [projectId, shards],
    (signal) =>
      vectronOf(projectId).cluster.watch({
        intervalMs: INTERVAL_MS,
        withoutShards: shards === 'without',
        signal,
      }),
    onView,
  )
}

/** Whether all is well: for whoever is signed in. */
export function healthQuery(projectId: string) {
  return queryOptions({
    queryKey: [projectId, 'cluster', 'health'],
    refetchInterval: HEALTH_MS,
    queryFn: ({ signal }): Promise<ClusterHealth> => vectronOf(projectId).health({ signal }),
  })
}

/** Moves that run, and the last that ended; newest first. */
export function operatorsQuery(projectId: string) {
  return queryOptions({
    queryKey: [projectId, 'cluster', 'operators'],
    refetchInterval: OPERATORS_MS,
    queryFn: async ({ signal }): Promise<readonly Operator[]> => {
      const operators = await vectronOf(projectId).cluster.operators({ signal })
      return operators.toSorted((a, b) => Number(b.operatorId) - Number(a.operatorId))
    },
  })
}

/** One thing that an operator does to the cluster. */
export function useClusterAction<Answer>(act: (cluster: Cluster) => Promise<Answer>) {
  const projectId = useProject()?.projectId ?? ''
  const queries = useQueryClient()
  return useMutation({
    mutationFn: () => act(vectronOf(projectId).cluster),
    onSuccess: () => queries.invalidateQueries({ queryKey: [projectId, 'cluster'] }),
  })
}

/** Milliseconds between two looks at slow queries. */
const SLOW_QUERIES_MS = 5000
/** As many as a gateway answers at once. */
const SLOW_QUERIES_MAX = 500

/** What the gateway remembers of searches and reads that took long. For admins. */
export function slowQueriesQuery(projectId: string, refresh: 'often' | 'never') {
  return queryOptions({
    queryKey: [projectId, 'slow-queries'],
    refetchInterval: refresh === 'often' && SLOW_QUERIES_MS,
    queryFn: ({ signal }) =>
      vectronOf(projectId).cluster.slowQueries({ limit: SLOW_QUERIES_MAX, signal }),
  })
}
