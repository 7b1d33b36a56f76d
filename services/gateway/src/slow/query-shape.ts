/**
 * The shape of a search or read: what it asks and of how much, for those who look for what is slow.
 *
 * Never what it looks for: neither vectors nor texts nor ids. Values of filters are shown, because
 * a filter is what makes most slow searches slow; what looks like an API key in them is masked.
 */

import { type DescMessage, fromBinary, type MessageInitShape } from '@bufbuild/protobuf'
import { LIMITS, maskKeys } from '@vectron/base'
import { vectron, type wire } from '@vectron/contracts'
import { formatMessage } from '@vectron/rpc'

export interface QueryShape {
  /** `vector`, `id`, `text`, or several of them; empty for reads. */
  readonly target: string
  readonly count: number
  readonly topK: number
  /** JSON; empty for none. */
  readonly filter: string
}

/** How many shards an answer is from, where it tells. */
export interface AnswerShape {
  readonly shardsTotal: number
  readonly shardsAnswered: number
}

type Request = Readonly<Record<string, unknown>>

/** By method: how the shape of its requests is taken. */
const SHAPES: Readonly<Record<string, (request: Request) => QueryShape>> = {
  search: (request) => shapeOfSearches([request as unknown as wire.SearchRequest]),
  batchSearch: ({ searches }) => shapeOfSearches(searches as wire.SearchRequest[]),
  getPoint: () => read({ count: 1 }),
  batchGetPoints: ({ ids }) => read({ count: (ids as string[]).length }),
  scrollPoints: ({ filter, pageSize }) => read({ filter, topK: Number(pageSize) }),
  countPoints: ({ filter }) => read({ filter }),
  facetPoints: ({ filter, limit }) => read({ filter, topK: Number(limit) }),
}

/** Whether calls of the method are searches or reads of points, answered at once. */
export function isQuery(localName: string): boolean {
  return localName in SHAPES
}

export function shapeOf(localName: string, request: object): QueryShape {
  const shape = SHAPES[localName]?.(request as Request)
  return shape ?? read({})
}

export function shapeOfAnswer(answer: MessageInitShape<DescMessage> | undefined): AnswerShape {
  const { responses, ...alone } = (answer ?? {}) as {
    readonly responses?: readonly Partial<AnswerShape>[]
  } & Partial<AnswerShape>
  const { shardsTotal = 0, shardsAnswered = 0 } = responses?.[0] ?? alone
  return { shardsTotal, shardsAnswered }
}

function shapeOfSearches(searches: readonly wire.SearchRequest[]): QueryShape {
  const targets = new Set(searches.map(({ query }) => query.case ?? 'nothing'))
  const filter = searches.find((search) => search.filter !== undefined)?.filter
  const topKs = searches.map(({ topK }) => topK ?? LIMITS.topKDefault)
  return {
    target: [...targets].sort().join(', '),
    count: searches.length,
    topK: topKs.reduce((most, topK) => Math.max(most, topK), 0),
    filter: textOf(filter),
  }
}

function read(asked: {
  readonly count?: number
  readonly topK?: number
  readonly filter?: unknown
}): QueryShape {
  const filter = textOf(asked.filter as vectron.Filter | undefined)
  return { target: '', count: asked.count ?? 1, topK: asked.topK ?? 0, filter }
}

/** Of a filter as it came: decoded, or as bytes that were not looked into. */
function textOf(filter: vectron.Filter | Uint8Array | undefined): string {
  if (filter === undefined) return ''
  try {
    const isBytes = filter instanceof Uint8Array
    const decoded = isBytes ? fromBinary(vectron.FilterSchema, filter) : filter
    const text = maskKeys(formatMessage(vectron.FilterSchema, decoded))
    if (Buffer.byteLength(text) <= LIMITS.slowQueryFilterBytesMax) return text
    return `${text.slice(0, LIMITS.slowQueryFilterBytesMax / 4)}...`
  } catch {
    return 'not a filter'
  }
}
