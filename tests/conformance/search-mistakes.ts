/**
 * What a search may ask for wrongly, with the reason and the field of its refusal. In a collection
 * of three dimensions whose points have the field `n`, and may have the datetime `at`.
 */
import type { ErrorReason } from '@vectron/base'
import type { Json } from './exchanges.ts'

type Fields = { [name: string]: Json }

const vector: Json = [1, 2, 3]
const ids = Array.from({ length: 300 }, (_, n) => `p${n}`)

function recommend(examples: Json): Fields {
  return { recommend: examples }
}

function fused(legs: Json, more: Fields = {}): Fields {
  return { fused: { legs, ...more } }
}

function fields(payloadFields: Json, more: Fields = {}): Fields {
  return { vector, payloadFields, ...more }
}

function groupBy(plan: Json, more: Fields = {}): Fields {
  return { vector, groupBy: plan, ...more }
}

const unknownField: Json = { must: [{ field: 'm', match: 1 }] }

export const SEARCH_MISTAKES: readonly (readonly [ErrorReason, string, Fields])[] = [
  // Width, offset and pages.
  ['TOP_K_OUT_OF_RANGE', 'width', { vector, width: 10_001 }],
  ['TOP_K_OUT_OF_RANGE', 'offset', { vector, topK: 1, offset: 10_000 }],
  ['TOP_K_OUT_OF_RANGE', 'offset', { vector, topK: 10_000, offset: 1 }],
  ['INVALID_ARGUMENT', 'offset', { vector, offset: 1, pageToken: '' }],
  ['INVALID_ARGUMENT', 'whyNot', { vector, whyNot: 'a', pageToken: '' }],
  ['INVALID_PAGE_TOKEN', 'pageToken', { vector, pageToken: 'zzz' }],

  // Fields of payloads.
  ['INVALID_ARGUMENT', 'payloadFields.include[1]', fields({ include: ['a', ''] })],
  ['INVALID_ARGUMENT', 'payloadFields.exclude[0]', fields({ exclude: ['x'.repeat(257)] })],
  ['BATCH_TOO_LARGE', 'payloadFields', fields({ include: ids.slice(0, 257) })],
  ['INVALID_ARGUMENT', 'payloadFields', fields({ include: ['n'] }, { withPayload: false })],

  // Examples.
  ['MISSING_FIELD', 'recommend.positive', recommend({ negative: [{ vector }] })],
  ['MISSING_FIELD', 'recommend.positive[0]', recommend({ positive: [{}] })],
  [
    'WRONG_DIMENSION',
    'recommend.positive[1].vector',
    recommend({ positive: [{ vector }, { vector: [1] }] }),
  ],
  [
    'POINT_NOT_FOUND',
    'recommend.negative[0].id',
    recommend({ positive: [{ vector }], negative: [{ id: 'nobody' }] }),
  ],
  ['INVALID_ID', 'recommend.positive[0].id', recommend({ positive: [{ id: '' }] })],
  ['ZERO_VECTOR', 'recommend', recommend({ positive: [{ vector }, { vector: [-1, -2, -3] }] })],
  [
    'BATCH_TOO_LARGE',
    'recommend',
    recommend({ positive: ids.slice(0, 101).map((id) => ({ id })) }),
  ],

  [
    'WRONG_DIMENSION',
    'recommend.negative[0].vector',
    recommend({ positive: [{ vector }], negative: [{ vector: [1] }], strategy: 'best_score' }),
  ],

  // Legs.
  ['EMPTY_BATCH', 'fused.legs', fused([])],
  ['BATCH_TOO_LARGE', 'fused.legs', fused(Array(17).fill({ vector }))],
  ['MISSING_FIELD', 'fused.legs[1].vector', fused([{ vector }, {}])],
  ['WRONG_DIMENSION', 'fused.legs[0].vector', fused([{ vector: [1] }])],
  ['INVALID_ARGUMENT', 'fused.legs[0].weight', fused([{ vector, weight: 0 }])],
  ['INVALID_ARGUMENT', 'fused.rankConstant', fused([{ vector }], { rankConstant: 0 })],
  ['TOP_K_OUT_OF_RANGE', 'fused.legs[0].topK', fused([{ vector, topK: 0 }])],
  ['TOP_K_OUT_OF_RANGE', 'fused.legs', fused(Array(2).fill({ vector, topK: 6000 }))],
  [
    'INVALID_FILTER',
    'fused.legs[0].filter.must[0]',
    fused([{ vector, filter: { must: [{ field: 'n' }] } }]),
  ],
  ['UNKNOWN_FILTER_FIELD', 'filter', fused([{ vector, filter: unknownField }])],
  ['NO_EMBEDDER', 'fused.legs[1].text', fused([{ vector }, { text: 'a dog' }])],
  ['INVALID_ARGUMENT', 'pageToken', { ...fused([{ vector }]), pageToken: '' }],
  ['INVALID_ARGUMENT', 'whyNot', { ...fused([{ vector }]), whyNot: 'a' }],

  // Groups.
  ['INVALID_ARGUMENT', 'groupBy.field', groupBy({})],
  ['INVALID_ARGUMENT', 'groupBy.field', groupBy({ field: 'at' })],
  ['UNKNOWN_FILTER_FIELD', 'groupBy.field', groupBy({ field: 'nn' })],
  ['INVALID_ARGUMENT', 'groupBy.groupSize', groupBy({ field: 'n', groupSize: 0 })],
  ['INVALID_ARGUMENT', 'groupBy.groupSize', groupBy({ field: 'n', groupSize: 101 })],
  ['TOP_K_OUT_OF_RANGE', 'topK', groupBy({ field: 'n' }, { topK: 1001 })],
  ['TOP_K_OUT_OF_RANGE', 'topK', groupBy({ field: 'n', groupSize: 100 }, { topK: 101 })],
  ['INVALID_ARGUMENT', 'groupBy', groupBy({ field: 'n' }, { offset: 1 })],
  ['INVALID_ARGUMENT', 'groupBy', groupBy({ field: 'n' }, { pageToken: '' })],
  ['INVALID_ARGUMENT', 'groupBy', groupBy({ field: 'n' }, { rerank: { strategy: 'mmr' } })],
  ['INVALID_ARGUMENT', 'groupBy', { ...fused([{ vector }]), groupBy: { field: 'n' } }],
  ['INVALID_ARGUMENT', 'whyNot', groupBy({ field: 'n' }, { whyNot: 'a' })],
]
