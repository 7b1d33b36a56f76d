/**
 * The points of a collection on the map: loaded page by page into a worker, projected there.
 *
 * At most POINTS_MAX, and no more floats than a browser tab can well hold; of larger collections
 * the first by their ids.
 */
import type { CollectionInfo } from '@vectron/client'
import { errorOfResponse } from '@vectron/client'
import { useEffect, useState } from 'react'
import { apiFetch } from '../../api/client.ts'
import { type Coloring, plainColoring } from './coloring.ts'
import type { Method, Projection } from './map-messages.ts'
import { MapSession } from './map-session.ts'

export const POINTS_MAX = 100_000
/** 400 MB of floats. */
const FLOATS_MAX = 100_000_000
/** About four megabytes of JSON. */
const PAGE_FLOATS = 600_000
const PAGE_POINTS_MAX = 5000

export type Stage =
  | { readonly kind: 'loading'; readonly loaded: number; readonly wanted: number }
  | { readonly kind: 'projecting'; readonly method: Method; readonly share: number }
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly error: unknown }

export interface MapData {
  readonly stage: Stage
  readonly session: MapSession | undefined
  readonly ids: readonly string[]
  /** The last one that is whole. */
  readonly projection: Projection | undefined
  readonly coloring: Coloring | undefined
  /** Why the points are not in the colours that were asked for; undefined: they are. */
  readonly colorError: unknown
  cancel(): void
}

/** How many of a collection are shown. */
export function capacityFor({ dimension, pointsCount }: CollectionInfo): number {
  return Math.min(pointsCount, POINTS_MAX, Math.floor(FLOATS_MAX / dimension))
}

export interface MapOf {
  readonly projectId: string
  readonly info: CollectionInfo
  readonly method: Method
  /** Payload field; empty for none. */
  readonly color: string
}

export function useMapData({ projectId, info, method, color }: MapOf): MapData {
  const [stage, setStage] = useState<Stage>({ kind: 'loading', loaded: 0, wanted: 0 })
  const [loaded, setLoaded] = useState<Loaded>()
  const [projection, setProjection] = useState<Projection>()
  const painted = useColoring(loaded, color)

  // biome-ignore lint/correctness/useExhaustiveDependencies: counts change; the map stays as loaded
  useEffect(() => {
    const leave = new AbortController()
    const session = new MapSession()
    setLoaded(undefined)
    setProjection(undefined)
    const wanted = capacityFor(info)
    setStage({ kind: 'loading', loaded: 0, wanted })
    load({ projectId, info, session, signal: leave.signal }, (count) =>
      setStage({ kind: 'loading', loaded: count, wanted }),
    )
      .then((ids) => setLoaded({ ids, session }))
      .catch((error) => {
        if (!leave.signal.aborted) setStage({ kind: 'failed', error })
      })
    return () => {
      leave.abort()
      session.close()
    }
  }, [projectId, info.name])

  useEffect(() => {
    if (loaded === undefined) return
    let isLeft = false
    setStage({ kind: 'projecting', method, share: 0 })
    loaded.session
      .call({ kind: 'project', method }, (share) => {
        if (!isLeft) setStage({ kind: 'projecting', method, share })
      })
      .then((made) => {
        if (isLeft) return
        setProjection(made)
        setStage({ kind: 'ready' })
      })
      .catch((error) => {
        if (!isLeft) setStage({ kind: 'failed', error })
      })
    return () => {
      isLeft = true
      loaded.session.cancel()
    }
  }, [loaded, method])

  const { ids = [], session } = loaded ?? {}
  return { stage, session, ids, projection, ...painted, cancel: () => session?.cancel() }
}

/** The last colours stay until the next are made. */
function useColoring(loaded: Loaded | undefined, color: string): Painted {
  const [painted, setPainted] = useState<Painted>(UNPAINTED)
  useEffect(() => {
    if (loaded === undefined || color === '') {
      const coloring = loaded && plainColoring(loaded.ids.length)
      setPainted({ coloring, colorError: undefined })
      return
    }
    let isLeft = false
    setPainted(({ coloring }) => ({ coloring, colorError: undefined }))
    loaded.session
      .call({ kind: 'color', field: color })
      .then((coloring) => {
        if (!isLeft) setPainted({ coloring, colorError: undefined })
      })
      .catch(({ message }) => {
        const colorError = new Error(`The points cannot be coloured by "${color}": ${message}`)
        if (!isLeft) setPainted({ coloring: plainColoring(loaded.ids.length), colorError })
      })
    return () => {
      isLeft = true
    }
  }, [loaded, color])
  return painted
}

type Painted = Pick<MapData, 'coloring' | 'colorError'>

const UNPAINTED: Painted = { coloring: undefined, colorError: undefined }

interface Loaded {
  readonly ids: readonly string[]
  readonly session: MapSession
}

interface Loading {
  readonly projectId: string
  readonly info: CollectionInfo
  readonly session: MapSession
  readonly signal: AbortSignal
}

/** All ids, in the order of the points. @throws VectronApiError */
async function load(
  { projectId, info, session, signal }: Loading,
  onLoaded: (count: number) => void,
): Promise<readonly string[]> {
  const { name, dimension, metric } = info
  const capacity = capacityFor(info)
  await session.call({ kind: 'begin', dimension, capacity, isCosine: metric === 'cosine' })
  const pageSize = Math.max(1, Math.min(PAGE_POINTS_MAX, Math.floor(PAGE_FLOATS / dimension)))
  const ids: string[] = []
  let pageToken = ''
  do {
    const response = await apiFetch(
      projectId,
      `/v1/collections/${encodeURIComponent(name)}/points:scroll`,
      {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ pageSize, pageToken, withVector: true }),
        signal,
      },
    )
    if (!response.ok) throw await errorOfResponse(response)
    const page = await response.arrayBuffer()
    const taken = await session.call({ kind: 'take', page })
    for (const id of taken.ids) ids.push(id)
    pageToken = taken.nextPageToken
    onLoaded(ids.length)
  } while (pageToken !== '' && ids.length < capacity)
  return ids
}
