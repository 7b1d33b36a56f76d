/** Points of a collection: what is read of them, and what is done to them. */
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { decodeVector, errorOfResponse, type Filter, type ScrollPage } from '@vectron/client'
import { formatExact, parseExact } from '../kit/exact-json.ts'
import { apiFetch, vectronOf } from './client.ts'

export interface CollectionKey {
  readonly projectId: string
  readonly name: string
}

export interface PointPageRequest extends CollectionKey {
  readonly filter: Filter | undefined
  readonly pageToken: string
  readonly pageSize: number
  readonly withPayload: boolean
  readonly signal: AbortSignal
}

export function fetchPointPage(
  request: PointPageRequest,
): Promise<ScrollPage<Record<string, unknown>>> {
  const { projectId, name, filter, signal, ...page } = request
  const query = { ...page, ...(filter === undefined ? {} : { filter }) }
  return vectronOf(projectId).collection(name).scrollPage(query, { signal })
}

function pointsKey({ projectId, name }: CollectionKey) {
  return [projectId, 'points', name]
}

export function countQuery(key: CollectionKey, filter: Filter | undefined) {
  return queryOptions({
    queryKey: [...pointsKey(key), 'count', filter ?? null],
    queryFn: ({ signal }) =>
      vectronOf(key.projectId)
        .collection(key.name)
        .count(filter === undefined ? {} : { filter }, { signal }),
  })
}

/** Values of a field with their counts, the most frequent first. */
export function facetQuery(key: CollectionKey, field: string) {
  return queryOptions({
    queryKey: [...pointsKey(key), 'facet', field],
    staleTime: 30_000,
    retry: false,
    queryFn: ({ signal }) =>
      vectronOf(key.projectId).collection(key.name).facet(field, { limit: 200 }, { signal }),
  })
}

export interface PointDetail {
  readonly id: string
  readonly version: number
  readonly expireTime?: string
  /** As JSON, as it was written: with integers beyond 2^53. */
  readonly payloadText: string
  readonly vector: Float32Array
}

/** null: there is no point of this id. */
export function pointQuery(key: CollectionKey, id: string) {
  return queryOptions({
    queryKey: [...pointsKey(key), 'point', id],
    queryFn: ({ signal }) => fetchPoint(key, id, signal),
  })
}

/** By the text of the answer, which the SDK would have read with rounded integers. */
async function fetchPoint(
  { projectId, name }: CollectionKey,
  id: string,
  signal: AbortSignal,
): Promise<PointDetail | null> {
  const [collection, point] = [name, id].map(encodeURIComponent)
  const path = `/v1/collections/${collection}/points/${point}`
  const response = await apiFetch(projectId, `${path}?withVector=true&consistency=strong`, {
    signal,
  })
  if (!response.ok) {
    const error = await errorOfResponse(response)
    if (error.reason === 'POINT_NOT_FOUND') return null
    throw error
  }
  const answer = parseExact(await response.text()) as WirePoint
  const { version, vector, payload, expireTime } = answer
  return {
    id,
    version: Number(version ?? 0),
    vector: decodeVector(vector ?? []),
    payloadText: formatExact(payload ?? {}),
    ...(expireTime && { expireTime }),
  }
}

interface WirePoint {
  readonly version?: unknown
  readonly vector?: string | readonly number[]
  readonly payload?: unknown
  readonly expireTime?: string
}

export interface PayloadEdit {
  readonly id: string
  /** The version that was edited. */
  readonly version: number
  readonly payloadText: string
}

/** Fails with VERSION_MISMATCH when somebody changed the point meanwhile. */
export function useSavePayload(key: CollectionKey) {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: ({ id, version, payloadText }: PayloadEdit) =>
      vectronOf(key.projectId)
        .collection(key.name)
        .updatePayload({
          ids: [id],
          ifVersion: version,
          set: parseExact(payloadText) as Record<string, unknown>,
          replace: true,
        }),
    onSuccess: () => queries.invalidateQueries({ queryKey: pointsKey(key) }),
  })
}

export function useDeletePoints(key: CollectionKey) {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: (selection: { readonly ids: readonly string[] } | { readonly filter: Filter }) =>
      vectronOf(key.projectId).collection(key.name).delete(selection),
    onSuccess: (_, selection) =>
      Promise.all([
        queries.invalidateQueries({
          queryKey: pointsKey(key),
          // What is known to be gone is not asked for again.
          predicate: ({ queryKey: [, , , what, id] }) =>
            !('ids' in selection && what === 'point' && selection.ids.includes(String(id))),
        }),
        queries.invalidateQueries({ queryKey: [key.projectId, 'collections'] }),
      ]),
  })
}

export function similarQuery(key: CollectionKey, id: string, filter: Filter | undefined) {
  return queryOptions({
    queryKey: [...pointsKey(key), 'similar', id, filter ?? null],
    queryFn: ({ signal }) =>
      vectronOf(key.projectId)
        .collection(key.name)
        .search({ id, topK: 20, ...(filter === undefined ? {} : { filter }) }, { signal }),
  })
}
