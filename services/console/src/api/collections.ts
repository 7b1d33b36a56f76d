/** Collections of a project: what is read of them, and what is done to them. */
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import type { CollectionInfo, NewCollection } from '@vectron/client'
import { useProject } from '../session/project.ts'
import { vectronOf } from './client.ts'

/** Milliseconds between two looks at counts that others change. */
const REFRESH_MS = 5000

export function collectionsQuery(projectId: string) {
  return queryOptions({
    queryKey: [projectId, 'collections'],
    refetchInterval: REFRESH_MS,
    queryFn: async ({ signal }): Promise<readonly CollectionInfo[]> => {
      const all: CollectionInfo[] = []
      for await (const one of vectronOf(projectId).listCollections({ signal })) all.push(one)
      return all
    },
  })
}

export function collectionQuery(projectId: string, name: string) {
  return queryOptions({
    queryKey: [projectId, 'collections', name],
    refetchInterval: REFRESH_MS,
    queryFn: ({ signal }) => vectronOf(projectId).collection(name).info({ signal }),
  })
}

export function collectionStatsQuery(projectId: string, name: string) {
  return queryOptions({
    queryKey: [projectId, 'collections', name, 'stats'],
    refetchInterval: REFRESH_MS,
    queryFn: ({ signal }) => vectronOf(projectId).collection(name).stats({ signal }),
  })
}

export function useCreateCollection() {
  const projectId = useProject()?.projectId ?? ''
  const queries = useQueryClient()
  return useMutation({
    mutationFn: (collection: NewCollection) => vectronOf(projectId).createCollection(collection),
    onSuccess: () => queries.invalidateQueries({ queryKey: [projectId, 'collections'] }),
  })
}

export function useDeleteCollection() {
  const projectId = useProject()?.projectId ?? ''
  const queries = useQueryClient()
  return useMutation({
    mutationFn: (name: string) => vectronOf(projectId).deleteCollection(name),
    onSuccess: (_, name) => {
      queries.removeQueries({ queryKey: [projectId, 'collections', name] })
      return queries.invalidateQueries({ queryKey: [projectId, 'collections'] })
    },
  })
}
