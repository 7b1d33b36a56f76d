/** Turns what searches are for, texts, ids and examples, into what the engine can search for. */

import { fromBinary } from '@bufbuild/protobuf'
import { assertDefined, VectronError } from '@vectron/base'
import { parseVector, wire } from '@vectron/contracts'
import type { Query } from '@vectron/shard'
import type { GatewayContext } from '../context.ts'
import { embedTexts } from '../embed-texts.ts'
import { readByIds } from '../read-by-ids.ts'
import { averageOf } from './average.ts'
import type { PlannedLeg } from './plan-search.ts'
import type { SearchJob } from './search-job.ts'
import type { Leg } from './search-steps.ts'
import {
  type Example,
  orderOf,
  type PointNamed,
  pointsNamed,
  type SearchTarget,
} from './take-target.ts'

/** What the engine is asked to look for, and what it is to leave out. */
type Resolved = Pick<Query, 'target' | 'excludeIds'>

/**
 * The queries of each search of the job.
 *
 * @throws VectronError POINT_NOT_FOUND, and what embedTexts and averageOf throw.
 */
export async function resolveTargets(context: GatewayContext, job: SearchJob): Promise<Leg[][]> {
  const { route, searches } = job
  const targets = searches.flatMap(({ legs }) => legs.map(({ target }) => target))
  const texts = targets.filter((target) => target.kind === 'text')
  const embedded = await embedTexts(context, route.collection, texts)
  // With one shard the engine finds the vector of a target itself.
  const isFound = ({ kind }: SearchTarget) => kind === 'id' && route.shards.length === 1
  const wanted = targets.flatMap((target) => (isFound(target) ? [] : pointsNamed(target)))
  const vectorOf = await readVectors(context, job, wanted)
  const resolve = (target: SearchTarget): Resolved => {
    switch (target.kind) {
      case 'vector':
        return { target, excludeIds: [] }
      case 'text': {
        const vector = assertDefined(embedded[texts.indexOf(target)], 'a text has a vector')
        return { target: { kind: 'vector', vector }, excludeIds: [] }
      }
      case 'id': {
        if (isFound(target)) return { target, excludeIds: [] }
        return { target: { kind: 'vector', vector: vectorOf(target) }, excludeIds: [target.id] }
      }
      case 'recommend': {
        const { strategy, field } = target
        const positive = target.positive.map(vectorOf)
        const negative = target.negative.map(vectorOf)
        const excludeIds = [...new Set(pointsNamed(target).map(({ id }) => id))]
        if (strategy === 'best_score') {
          return { target: { kind: 'examples', positive, negative }, excludeIds }
        }
        const { metric } = route.collection
        const vector = averageOf({ positive, negative, metric, field })
        return { target: { kind: 'vector', vector }, excludeIds }
      }
    }
  }
  const toLeg = ({ target, partitions, query, prefix }: PlannedLeg): Leg => ({
    query: { ...query, ...resolve(target) },
    order: orderOf(target, route.collection.metric),
    partitions,
    prefix,
  })
  return searches.map(({ legs }) => legs.map(toLeg))
}

/** The vectors of points, from the shards that own them; of other examples what they bring. */
async function readVectors(
  { router }: GatewayContext,
  { route, rowRule, freshness, deadline }: SearchJob,
  points: readonly PointNamed[],
): Promise<(example: Example) => Uint8Array> {
  const ids = [...new Set(points.map(({ id }) => id))]
  const wanted = { ids, withPayload: false, withVector: true }
  const collection = route.name
  const read = { ...wanted, collection, rowRule, freshness, deadline }
  const found = ids.length === 0 ? new Map<string, Uint8Array>() : await readByIds(router, read)
  return (example) => {
    if (example.kind === 'vector') return example.vector
    const { id, field } = example
    const point = found.get(id)
    const vector = point && fromBinary(wire.PointSchema, point).vector
    const f32 = vector && parseVector(vector)
    if (f32 !== undefined) return f32
    const message = `There is no point "${id}" in the collection "${route.name}".`
    throw new VectronError('POINT_NOT_FOUND', message, { field, subject: id })
  }
}
