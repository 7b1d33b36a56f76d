/**
 * A text or a point pinned onto the map: where it lands, and what a search for it finds.
 *
 * A point lies where its vector does. Of a text only the answer is known, so it is placed between
 * the results, nearer ones counting more.
 */
import { useQuery } from '@tanstack/react-query'
import type { CollectionInfo } from '@vectron/client'
import { vectronOf } from '../../api/client.ts'
import type { Pin } from './map-canvas.tsx'
import type { MapSession } from './map-session.ts'

export interface PinOf {
  readonly projectId: string
  readonly info: CollectionInfo
  /** Empty for none. */
  readonly text: string
  readonly ids: readonly string[]
  readonly positions: Float32Array | undefined
  readonly session: MapSession | undefined
}

export interface Pinned {
  readonly pin: Pin
  /** Points of the map that were found, the nearest first. */
  readonly hits: readonly number[]
  /** Where it stands, for people. */
  readonly about: string
}

const HITS = 20

export function usePin({ projectId, info, text, ids, positions, session }: PinOf) {
  return useQuery({
    queryKey: [projectId, 'map', info.name, 'pin', text, ids.length, positions?.[0]],
    enabled: text !== '' && positions !== undefined && session !== undefined,
    retry: false,
    queryFn: async ({ signal }): Promise<Pinned> => {
      const points = vectronOf(projectId).collection(info.name)
      const point = await points.get(text, { withVector: true, signal })
      if (point === undefined && info.embedder === '') {
        throw new Error(`There is no point "${text}", and the collection embeds no texts.`)
      }
      const query = point === undefined ? { text } : { id: text }
      const { results } = await points.search(
        { ...query, topK: HITS, withPayload: false },
        { signal },
      )
      const numbers = new Map(ids.map((id, number) => [id, number]))
      const found = results.flatMap(({ id, score }) => {
        const number = numbers.get(id)
        return number === undefined ? [] : [{ number, score }]
      })
      const hits = found.map(({ number }) => number)
      if (point?.vector !== undefined && session !== undefined) {
        const own = numbers.get(text)
        const [x, y] =
          own === undefined
            ? await session.call({ kind: 'place', vector: point.vector })
            : spotOf(positions, own)
        return { pin: { label: text, x, y }, hits, about: `The point lies here; ${told(hits)}` }
      }
      if (hits.length === 0) throw new Error('None of its results is on the map.')
      const [x, y] = between(positions, hits)
      return {
        pin: { label: text, x, y },
        hits,
        about: `Placed between its results; ${told(hits)}`,
      }
    },
  })
}

function told(hits: readonly number[]): string {
  return `the ${hits.length} nearest that are on the map stand out.`
}

function spotOf(positions: Float32Array | undefined, point: number): readonly [number, number] {
  return [positions?.[2 * point] ?? 0, positions?.[2 * point + 1] ?? 0]
}

/** Ranks weigh, not scores: these mean something else in each metric. */
function between(
  positions: Float32Array | undefined,
  hits: readonly number[],
): readonly [number, number] {
  let [x, y, weights] = [0, 0, 0]
  for (const [rank, hit] of hits.entries()) {
    const weight = 1 / (rank + 1)
    const [ownX, ownY] = spotOf(positions, hit)
    x += weight * ownX
    y += weight * ownY
    weights += weight
  }
  return [x / weights, y / weights]
}
