/** The steps of a search for the nearest points: all at once from an offset, or page by page. */

import { fromBinary } from '@bufbuild/protobuf'
import { assertDefined, LIMITS } from '@vectron/base'
import { type vectron, wire } from '@vectron/contracts'
import { encodePageToken, type PagedList } from '../page-token.ts'
import { isNearer, type MergedHits } from './merge.ts'
import {
  advance,
  encodePosition,
  isBehind,
  type PagePosition,
  type PlacedHit,
} from './page-position.ts'
import type { Gathered, Leg, SearchSteps } from './search-steps.ts'

/** Which of the hits are wanted. */
export interface Window {
  readonly topK: number
  /** Hits to pass over. */
  readonly offset: number
  /** Only hits nearer than this. */
  readonly threshold: number | undefined
  /** The results come in pages. */
  readonly page: PageWanted | undefined
}

export interface PageWanted {
  readonly list: PagedList
  /** Where the page begins; undefined for the first one. */
  readonly after: PagePosition | undefined
}

export function* nearestSteps(leg: Leg, window: Window): SearchSteps {
  const { page } = window
  return page === undefined
    ? yield* windowSteps(leg, window)
    : yield* pageSteps(leg, { ...window, page })
}

function* windowSteps(leg: Leg, window: Window): SearchSteps {
  const { topK, offset } = window
  const hits = hitsOf(yield [withTopK(leg, offset + topK)])
  const near = countNear(hits, leg.order, window.threshold)
  const isWhole = offset === 0 && near === hits.points.length
  const points = isWhole ? hits.points : hits.points.slice(offset, near)
  return { ...foundBy(hits), points }
}

function* pageSteps(
  leg: Leg,
  { topK, threshold, page }: Window & { readonly page: PageWanted },
): SearchSteps {
  const metric = leg.order
  const { after, list } = page
  // One more tells whether there is another page.
  let depth = Math.min((after?.given ?? 0) + topK + 1, LIMITS.topKMax)
  for (;;) {
    const hits = hitsOf(yield [withTopK(leg, depth)])
    const near = countNear(hits, metric, threshold)
    const yet = hits.points.slice(0, near).filter((point, place) => {
      if (after === undefined) return true
      return isBehind(after, metric, { score: scoreOf(hits, place), id: () => idOf(point) })
    })
    const isAll = near < hits.points.length || hits.points.length < depth
    if (yet.length <= topK && !isAll && depth < LIMITS.topKMax) {
      depth = Math.min(2 * depth, LIMITS.topKMax)
      continue
    }
    const points = yet.slice(0, topK)
    const isLast = yet.length <= topK
    const position = isLast ? undefined : advance(after, metric, points.map(placeOf))
    return {
      ...foundBy(hits),
      points,
      nextPageToken: position === undefined ? '' : encodePageToken(list, encodePosition(position)),
      truncatedBy: isLast && !isAll ? [`pages end at the ${LIMITS.topKMax}th result`] : [],
    }
  }
}

/** What steps of a single query say beside their points. */
export function foundBy({ points, exact, matches }: MergedHits): Gathered {
  return { points, groups: [], exact, matches, nextPageToken: '', truncatedBy: [] }
}

/** How many of the hits are nearer than the threshold. */
export function countNear(
  hits: MergedHits,
  metric: vectron.Metric,
  threshold: number | undefined,
): number {
  if (threshold === undefined) return hits.points.length
  const end = hits.scores.findIndex((score) => !isNearer(metric, score, threshold))
  return end === -1 ? hits.points.length : end
}

export function hitsOf(answers: readonly MergedHits[]): MergedHits {
  return assertDefined(answers[0], 'one query has one answer')
}

export function withTopK(leg: Leg, topK: number): Leg {
  return leg.query.topK === topK ? leg : { ...leg, query: { ...leg.query, topK } }
}

function scoreOf({ scores }: MergedHits, place: number): number {
  return assertDefined(scores[place], 'a score for each point')
}

function idOf(point: Uint8Array): string {
  return fromBinary(wire.ScoredPointSchema, point).id
}

function placeOf(point: Uint8Array): PlacedHit {
  return fromBinary(wire.ScoredPointSchema, point)
}
