/**
 * Encodes `engine.v1.SearchRequest`.
 *
 * By hand, because the filter arrives encoded and goes on as it is (the engine is the first to look
 * inside), and because every search passes here.
 */

import { toBinary } from '@bufbuild/protobuf'
import { engine, vectron } from '@vectron/contracts'
import {
  BOOL_FIELD_BYTES,
  FLOAT_FIELD_BYTES,
  fieldNumbers,
  MessageBuffer,
  sizeOfField,
  sizeOfString,
  sizeOfUint,
} from './message-buffer.ts'

/** One query; fields as in `engine.v1.Query`. */
export interface Query {
  readonly target:
    | { readonly kind: 'vector'; readonly vector: Uint8Array }
    | { readonly kind: 'id'; readonly id: string }
    /** What is most like one of some vectors and not more like one of some others. */
    | {
        readonly kind: 'examples'
        readonly positive: readonly Uint8Array[]
        readonly negative: readonly Uint8Array[]
      }
  readonly topK: number
  /** An encoded `vectron.v1.Filter`; absent for none. */
  readonly filter: Uint8Array | undefined
  readonly withPayload: boolean
  readonly withVector: boolean
  readonly exact: boolean
  readonly targetRecall: number
  readonly explain: boolean
  /** Ids never to return. */
  readonly excludeIds: readonly string[]
  /** Search as for so many results. Default: `topK`. */
  readonly width?: number
  /** Id of a point: the answer tells what became of it. Default: none. */
  readonly trace?: string
}

const REQUEST = fieldNumbers(engine.SearchRequestSchema)
const QUERY = fieldNumbers(engine.QuerySchema)
const BEST_SCORE = fieldNumbers(engine.BestScoreSchema)

/** `budgetUs`: microseconds left for the answer. */
export function encodeSearchRequest(
  queries: readonly Query[],
  budgetUs: number,
  rowRule?: vectron.Filter,
): Uint8Array {
  const rule = rowRule && toBinary(vectron.FilterSchema, rowRule)
  // 0 would mean no limit.
  const budget = Math.max(1, Math.floor(budgetUs))
  const sizes = queries.map(sizeOfQuery)
  const size = sizes.reduce((sum, each) => sum + sizeOfField(each), sizeOfUint(budget))
  const buffer = new MessageBuffer(size + (rule === undefined ? 0 : sizeOfField(rule.length)))
  queries.forEach((query, index) => {
    buffer.message(REQUEST.queries, sizes[index] ?? 0)
    writeQuery(buffer, query)
  })
  buffer.uint(REQUEST.budgetUs, budget)
  if (rule !== undefined) buffer.bytes(REQUEST.rowRule, rule)
  return buffer.finish()
}

function sizeOfQuery(query: Query): number {
  const { target, filter, excludeIds, width = 0, trace } = query
  const flags = [query.withPayload, query.withVector, query.exact, query.explain]
  let size = sizeOfUint(query.topK) + FLOAT_FIELD_BYTES + sizeOfTarget(target)
  if (width > 0) size += sizeOfUint(width)
  if (trace !== undefined) size += sizeOfString(trace)
  if (filter !== undefined) size += sizeOfField(filter.length)
  for (const flag of flags) if (flag) size += BOOL_FIELD_BYTES
  for (const id of excludeIds) size += sizeOfString(id)
  return size
}

function sizeOfTarget(target: Query['target']): number {
  switch (target.kind) {
    case 'vector':
      return sizeOfField(target.vector.length)
    case 'id':
      return sizeOfString(target.id)
    case 'examples':
      return sizeOfField(sizeOfExamples(target))
  }
}

type Examples = Extract<Query['target'], { kind: 'examples' }>

function sizeOfExamples({ positive, negative }: Examples): number {
  return [...positive, ...negative].reduce((sum, { length }) => sum + sizeOfField(length), 0)
}

function writeQuery(buffer: MessageBuffer, query: Query): void {
  const { target, filter, width = 0 } = query
  switch (target.kind) {
    case 'vector':
      buffer.bytes(QUERY.vector, target.vector)
      break
    case 'id':
      buffer.string(QUERY.id, target.id)
      break
    case 'examples':
      buffer.message(QUERY.bestScore, sizeOfExamples(target))
      for (const vector of target.positive) buffer.bytes(BEST_SCORE.positive, vector)
      for (const vector of target.negative) buffer.bytes(BEST_SCORE.negative, vector)
      break
  }
  buffer.uint(QUERY.topK, query.topK)
  if (filter !== undefined) buffer.bytes(QUERY.filter, filter)
  if (query.withPayload) buffer.flag(QUERY.withPayload)
  if (query.withVector) buffer.flag(QUERY.withVector)
  if (query.exact) buffer.flag(QUERY.exact)
  buffer.float(QUERY.targetRecall, query.targetRecall)
  if (query.explain) buffer.flag(QUERY.explain)
  for (const id of query.excludeIds) buffer.string(QUERY.excludeIds, id)
  if (width > 0) buffer.uint(QUERY.width, width)
  if (query.trace !== undefined) buffer.string(QUERY.trace, query.trace)
}
