/** Turns the texts and ids of searches into what the engine can search for. */

import { fromBinary } from '@bufbuild/protobuf'
import { assertDefined, VectronError } from '@vectron/base'
import { parseVector, wire } from '@vectron/contracts'
import type { Query } from '@vectron/shard'
import type { GatewayContext } from '../context.ts'
import { embedTexts } from '../embed-texts.ts'
import { readByIds } from '../read-by-ids.ts'
import type { SearchJob } from './search-job.ts'

/**
 * One query for each search of the job.
 *
 * @throws VectronError POINT_NOT_FOUND, and what embedTexts throws.
 */
export async function resolveTargets(context: GatewayContext, job: SearchJob): Promise<Query[]> {
  const { route, searches } = job
  const texts = searches.flatMap(({ target }) => (target.kind === 'text' ? [target] : []))
  const vectors = await embedTexts(context, route.collection, texts)
  return Promise.all(
    searches.map(async ({ target, query }): Promise<Query> => {
      switch (target.kind) {
        case 'vector':
          return { ...query, target, excludeIds: [] }
        case 'text': {
          const vector = assertDefined(vectors[texts.indexOf(target)], 'a text has a vector')
          return { ...query, target: { kind: 'vector', vector }, excludeIds: [] }
        }
        case 'id': {
          // With one shard the engine finds the vector itself.
          if (route.shards.length === 1) return { ...query, target, excludeIds: [] }
          const vector = await vectorOf(context, job, target.id)
          return { ...query, target: { kind: 'vector', vector }, excludeIds: [target.id] }
        }
      }
    }),
  )
}

/** The vector of a point, from the shard that owns it. */
async function vectorOf(
  { router }: GatewayContext,
  { route, rowRule, freshness, deadline }: SearchJob,
  id: string,
): Promise<Uint8Array> {
  const found = await readByIds(router, {
    collection: route.name,
    rowRule,
    ids: [id],
    withPayload: false,
    withVector: true,
    freshness,
    deadline,
  })
  const point = found.get(id)
  const vector = point && fromBinary(wire.PointSchema, point).vector
  const f32 = vector && parseVector(vector)
  if (f32 !== undefined) return f32
  throw new VectronError(
    'POINT_NOT_FOUND',
    `There is no point "${id}" in the collection "${route.name}".`,
    { field: 'id', subject: id },
  )
}
