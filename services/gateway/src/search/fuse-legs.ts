/**
 * The steps of a fused search: all legs at once, then one list of what they found.
 *
 * The list is the same however points are divided into shards: of equal scores, in a leg and in the
 * list, the lower id comes first.
 */

import { fromBinary, toBinary } from '@bufbuild/protobuf'
import { assertDefined } from '@vectron/base'
import { type vectron, wire } from '@vectron/contracts'
import { fuseRanks, fuseScores, normaliseScores } from '@vectron/ranking'
import { higherIsNearer, type MergedHits } from './merge.ts'
import { countNear, type Window } from './nearest.ts'
import type { Leg, SearchSteps } from './search-steps.ts'
import type { FusedLegRule, FusionPlan } from './take-fused.ts'

/** A point of a leg. */
type Hit = wire.ScoredPoint

export function* fusedSteps(legs: readonly Leg[], fusion: FusionPlan, window: Window): SearchSteps {
  const answers = yield legs
  const lists = answers.map((hits, index) => {
    const leg = assertDefined(fusion.legs[index], 'a plan for each leg')
    const { order } = assertDefined(legs[index], 'an answer for each leg')
    return { leg, order, hits: hitsOfLeg(hits, leg, order) }
  })
  const points = new Map<string, Hit>()
  for (const { hits } of lists) {
    for (const hit of hits) if (!points.has(hit.id)) points.set(hit.id, hit)
  }
  const { offset, topK, threshold = -Infinity } = window
  const found = [...fuse(lists, fusion)]
    .filter(([, score]) => Math.fround(score) > threshold)
    .sort(([idA, a], [idB, b]) => b - a || compareIds(idA, idB))
    .slice(offset, offset + topK)
  return {
    points: found.map(([id, score]) => {
      const point = assertDefined(points.get(id), 'what is fused was found')
      return toBinary(wire.ScoredPointSchema, { ...point, score })
    }),
    groups: [],
    exact: answers.every(({ exact }) => exact),
    matches: undefined,
    nextPageToken: '',
    truncatedBy: [],
  }
}

interface LegList {
  readonly leg: FusedLegRule
  readonly order: vectron.Metric
  readonly hits: readonly Hit[]
}

/** Scores by id. */
function fuse(
  lists: readonly LegList[],
  { method, rankConstant }: FusionPlan,
): Map<string, number> {
  switch (method) {
    case 'ranks':
      return fuseRanks(
        lists.map(({ leg, hits }) => ({ keys: hits.map(({ id }) => id), weight: leg.weight })),
        { k: rankConstant },
      )
    case 'scores':
      return fuseScores(
        lists.map(({ leg, order, hits }) => {
          const scores = hits.map(({ score }) => score)
          const scaled = normaliseScores(scores, higherIsNearer(order))
          const ofIds = hits.map(({ id }, place): [string, number] => [id, scaled[place] ?? 0])
          return { scores: new Map(ofIds), weight: leg.weight }
        }),
      )
  }
}

/** What of a leg counts, nearest first; each id once. */
function hitsOfLeg(found: MergedHits, leg: FusedLegRule, metric: vectron.Metric): Hit[] {
  const sign = higherIsNearer(metric) ? -1 : 1
  const near = found.points.slice(0, countNear(found, metric, leg.threshold))
  const hits = near.map((point) => fromBinary(wire.ScoredPointSchema, point))
  hits.sort((a, b) => sign * (a.score - b.score) || compareIds(a.id, b.id))
  const seen = new Set<string>()
  return hits.filter(({ id }) => !seen.has(id) && seen.add(id))
}

/** Ids are ordered by their UTF-8 bytes. */
function compareIds(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
