/** Collections of a project: what is read of them, and what is done to them. */
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import type { AliasAction, CollectionChange, CollectionInfo, NewCollection } from '@vectron/client'
import { useProject } from '../session/project.ts'
import { vectronOf } from './client.ts'

/** Milliseconds between two looks at counts that others change. */
const REFRESH_MS = 5000
/** And while the graph is being built. */
const BUILDING_REFRESH_MS = 1000

interface Counted {
  readonly pointsCount: number
  readonly indexedCount: number
}

function refreshMs({
  state: { data },
}: {
  readonly state: { readonly data?: Counted | undefined }
}) {
  const isBuilding = data !== undefined && data.indexedCount < data.pointsCount
  return isBuilding ? BUILDING_REFRESH_MS : REFRESH_MS
}

/** Built into every Vectron. */
export const BUILT_IN_EMBEDDER = 'glove-sif-100'

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
    refetchInterval: refreshMs,
    queryFn: ({ signal }) => vectronOf(projectId).collection(name).info({ signal }),
  })
}

export function collectionStatsQuery(projectId: string, name: string) {
  return queryOptions({
    queryKey: [projectId, 'collections', name, 'stats'],
    refetchInterval: refreshMs,
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
    onMutate: (name) => queries.cancelQueries({ queryKey: [projectId, 'collections', name] }),
    onSuccess: (_, name) => {
      queries.removeQueries({ queryKey: [projectId, 'collections', name] })
      // Until the list is asked for again, it is the one that was: without what is gone.
      queries.setQueryData(collectionsQuery(projectId).queryKey, (all) =>
        all?.filter((collection) => collection.name !== name),
      )
      return queries.invalidateQueries({ queryKey: [projectId, 'collections'] })
    },
  })
}

export function useUpdateCollection(name: string) {
  const projectId = useProject()?.projectId ?? ''
  const queries = useQueryClient()
  return useMutation({
    mutationFn: (change: CollectionChange) => vectronOf(projectId).updateCollection(name, change),
    onSuccess: () => queries.invalidateQueries({ queryKey: [projectId, 'collections'] }),
  })
}

/** Those that point to a collection. */
export function aliasesQuery(projectId: string, collection: string) {
  return queryOptions({
    queryKey: [projectId, 'aliases', collection],
    refetchInterval: REFRESH_MS,
    queryFn: ({ signal }) => vectronOf(projectId).aliases.list({ collection, signal }),
  })
}

export function useUpdateAliases() {
  const projectId = useProject()?.projectId ?? ''
  const queries = useQueryClient()
  return useMutation({
    mutationFn: (action: AliasAction) => vectronOf(projectId).aliases.update([action]),
    onSuccess: () => queries.invalidateQueries({ queryKey: [projectId, 'aliases'] }),
  })
}
