/** Which parts of a search request do not go together, and why. */

import { VectronError } from '@vectron/base'
import type { wire } from '@vectron/contracts'

type Part = 'fused' | 'groupBy' | 'offset' | 'pageToken' | 'rerank' | 'whyNot'

const IS_SET: Readonly<Record<Part, (request: wire.SearchRequest) => boolean>> = {
  fused: ({ query }) => query.case === 'fused',
  groupBy: ({ groupBy }) => groupBy !== undefined,
  offset: ({ offset }) => offset > 0,
  pageToken: ({ pageToken }) => pageToken !== undefined,
  rerank: ({ rerank }) => rerank !== undefined,
  whyNot: ({ whyNot }) => whyNot !== '',
}

/** The error names the first of two. */
const APART: readonly (readonly [Part, Part, string])[] = [
  ['offset', 'pageToken', 'a page begins where the one before ended'],
  ['whyNot', 'pageToken', 'it is told of a search as a whole'],
  ['rerank', 'pageToken', 'pages follow the order by the metric'],
  ['whyNot', 'rerank', 'it is about the order by the metric'],
  ['groupBy', 'offset', 'groups come all at once'],
  ['groupBy', 'pageToken', 'groups come all at once'],
  ['groupBy', 'fused', 'groups are of one search'],
  ['groupBy', 'rerank', 'groups follow the order by the metric'],
  ['whyNot', 'groupBy', 'it is about results without groups'],
  ['whyNot', 'fused', 'each leg has reasons of its own: ask them one by one'],
  ['pageToken', 'fused', 'the list ends with what the legs found: use offset'],
]

/** @throws VectronError INVALID_ARGUMENT */
export function checkCombination(request: wire.SearchRequest, prefix: string): void {
  for (const [one, other, why] of APART) {
    if (!IS_SET[one](request) || !IS_SET[other](request)) continue
    const field = `${prefix}${one}`
    const message = `${field} and ${prefix}${other} do not go together: ${why}.`
    throw new VectronError('INVALID_ARGUMENT', message, { field })
  }
}
