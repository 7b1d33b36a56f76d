/** Which of the hits a request wants: how many, from where on, down to which score. */

import { toBinary } from '@bufbuild/protobuf'
import { LIMITS, VectronError } from '@vectron/base'
import { vectron, wire } from '@vectron/contracts'
import { type PagedList, parsePageToken } from '../page-token.ts'
import type { PageWanted, Window } from './nearest.ts'
import { parsePosition } from './page-position.ts'

export interface WindowOf {
  readonly clusterId: string
  readonly collection: vectron.Collection
  /** `searches[3].` within a batch, else empty. */
  readonly prefix: string
}

/** @throws VectronError TOP_K_OUT_OF_RANGE, INVALID_ARGUMENT, INVALID_PAGE_TOKEN */
export function takeWindow(request: wire.SearchRequest, of: WindowOf): Window {
  const { prefix } = of
  const topK = takeTopK(request.topK, prefix)
  return {
    topK,
    offset: takeOffset(request, topK, prefix),
    threshold: takeThreshold(request.scoreThreshold, `${prefix}scoreThreshold`),
    page: takePage(request, of),
  }
}

export function takeTopK(topK: number | undefined, prefix: string): number {
  if (topK === undefined) return LIMITS.topKDefault
  if (topK >= 1 && topK <= LIMITS.topKMax) return topK
  const field = `${prefix}topK`
  throw new VectronError(
    'TOP_K_OUT_OF_RANGE',
    `${field} is ${topK}; it must be 1 to ${LIMITS.topKMax}.`,
    { field },
  )
}

function takeOffset(request: wire.SearchRequest, topK: number, prefix: string): number {
  const { offset } = request
  const field = `${prefix}offset`
  if (offset + topK <= LIMITS.topKMax) return offset
  throw new VectronError(
    'TOP_K_OUT_OF_RANGE',
    `${field} is ${offset} and ${prefix}topK ${topK}; together they reach to ${LIMITS.topKMax} at ` +
      'most. Beyond it, scroll.',
    { field },
  )
}

export function takeThreshold(threshold: number | undefined, field: string): number | undefined {
  if (threshold === undefined || Number.isFinite(threshold)) return threshold
  throw new VectronError('NOT_FINITE', `${field} is ${threshold}; it must be a finite number.`, {
    field,
  })
}

function takePage(request: wire.SearchRequest, of: WindowOf): PageWanted | undefined {
  const { pageToken } = request
  if (pageToken === undefined) return undefined
  const list = listOf(request, of)
  const position = parsePageToken(list, pageToken)
  const after = position === '' ? undefined : parsePosition(position)
  return { list, after }
}

/** All pages of a list have in common what decides about its points and their order. */
function listOf(request: wire.SearchRequest, of: WindowOf): PagedList {
  const { clusterId, collection, prefix } = of
  const asked = {
    ...request,
    collection: '',
    topK: undefined,
    withPayload: undefined,
    withVector: false,
    payloadFields: undefined,
    consistency: vectron.Consistency.UNSPECIFIED,
    sessionToken: '',
    timeoutMs: undefined,
    explain: false,
    allowPartial: false,
    cache: undefined,
    pageToken: undefined,
  }
  const shape = ['search', collection.name, toBinary(wire.SearchRequestSchema, asked)]
  return { clusterId, shape, field: `${prefix}pageToken` }
}
