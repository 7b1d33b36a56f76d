/** ListSlowQueries: of what this gateway remembers, that which the caller may see. */

import { LIMITS } from '@vectron/base'
import type { vectron } from '@vectron/contracts'
import type { CallContext, Principal } from '@vectron/rpc'
import { maySee } from '../access/check-verb.ts'
import { prefixOfProject } from '../access/project-names.ts'
import { takePageSize } from '../check-collection.ts'
import type { SlowQueries, SlowQuery } from './slow-queries.ts'

const LIMIT_DEFAULT = 100

export function listSlowQueries(
  slow: SlowQueries,
  request: vectron.ListSlowQueriesRequest,
  { principal }: CallContext,
) {
  const limit = takePageSize(
    request.limit,
    { default: LIMIT_DEFAULT, max: LIMITS.slowQueriesKept },
    'limit',
  )
  const { gateway, thresholdMs } = slow.limits
  const queries = slow
    .list()
    .filter((query) => isVisible(query, principal))
    .map(toMessage)
    .filter(({ collection }) => request.collection === '' || collection === request.collection)
    .slice(0, limit)
  return { gateway, thresholdMs, queries }
}

/** An operator of the cluster sees those of all projects; others their own, within their scopes. */
function isVisible(query: SlowQuery, principal: Principal | undefined): boolean {
  if (principal === undefined) return false
  if (principal.clusterOperator) return true
  return query.projectId === principal.projectId && maySee(principal, nameOf(query))
}

function toMessage(query: SlowQuery) {
  const { timeMs, projectId, innerCollection: _, tookUs, stages, ...rest } = query
  return {
    ...rest,
    time: new Date(timeMs).toISOString(),
    project: projectId,
    collection: nameOf(query),
    tookUs: BigInt(tookUs),
    stages: stages.map((stage) => ({ ...stage })),
  }
}

function nameOf({ projectId, innerCollection }: SlowQuery): string {
  return innerCollection.slice(prefixOfProject(projectId).length)
}
