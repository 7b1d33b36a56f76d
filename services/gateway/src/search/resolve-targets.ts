/** Turns the texts and ids of searches into what the engine can search for. */

import { fromBinary } from '@bufbuild/protobuf'
import { assertDefined, VectronError } from '@vectron/base'
import { parseVector, wire } from '@vectron/contracts'
import type { Query } from '@vectron/shard'
import type { GatewayContext } from '../context.ts'
import { embedTexts } from '../embed-texts.ts'
import { readByIds } from '../read-by-ids.ts'
import type { SearchJob } from './search-job.ts'
import type { Leg } from './search-steps.ts'

/**
 * The queries of each search of the job.
 *
 * @throws VectronError POINT_NOT_FOUND, and what embedTexts throws.
 */
export async function resolveTargets(context: GatewayContext, job: SearchJob): Promise<Leg[][]> {
  const { route, searches, prefixes } = job
  const texts = searches.flatMap(({ target }) => (target.kind === 'text' ? [target] : []))
  const vectors = await embedTexts(context, route.collection, texts)
  return Promise.all(
    searches.map(async ({ target, partitions, query }, index): Promise<Leg[]> => {
      const legTo = (resolved: Query['target'], excludeIds: readonly string[] = []): Leg[] => [
        {
          query: { ...query, target: resolved, excludeIds },
          partitions,
          prefix: prefixes[index] ?? '',
        },
      ]
      switch (target.kind) {
        case 'vector':
          return legTo(target)
        case 'text': {
          const vector = assertDefined(vectors[texts.indexOf(target)], 'a text has a vector')
          return legTo({ kind: 'vector', vector })
        }
        case 'id': {
          // With one shard the engine finds the vector itself.
          if (route.shards.length === 1) return legTo(target)
          const vector = await vectorOf(context, job, target.id)
          return legTo({ kind: 'vector', vector }, [target.id])
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
