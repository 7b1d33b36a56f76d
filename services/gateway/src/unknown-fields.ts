/**
 * Filter fields that nobody knows: refused with a suggestion, because a misspelt field would
 * otherwise answer "nothing found".
 *
 * A field is unknown when it is not declared and every shard says that none of its points has it.
 * In a collection without points any field may come yet, so nothing is refused there. Under a row
 * rule both are asked of the points that match it, and no other field is suggested than a declared
 * one: what others store is not told.
 */

import { create } from '@bufbuild/protobuf'
import {
  type Deadline,
  deadlineAfter,
  didYouMean,
  isVectronError,
  VectronError,
} from '@vectron/base'
import { engine, vectron } from '@vectron/contracts'
import { readEveryShard, shardReports } from '@vectron/routing'
import type { GatewayContext } from './context.ts'
import { decodeReadResult, encodeRead } from './engine-read.ts'
import { shardsFor } from './partition-key.ts'

/** The fields that all shards call unknown. */
export function unknownEverywhere(reported: readonly (readonly string[])[]): readonly string[] {
  const [first, ...others] = reported
  if (first === undefined || first.length === 0) return []
  return first.filter((field) => others.every((fields) => fields.includes(field)))
}

export interface UnknownFields {
  readonly collection: string
  readonly rowRule: vectron.Filter | undefined
  /** What the shards that were asked call unknown. */
  readonly unknown: readonly string[]
  /** Where else than in the filter the request names fields: by field, the path there. */
  readonly namedAt?: ReadonlyMap<string, string>
  readonly deadline: Deadline
}

/** Milliseconds to ask shards that were not searched: they may be away, and few would wait. */
const ASKING_MS_MAX = 1000

/**
 * The same, where the answer does not depend on the shards that were not asked; answers the fields
 * that may be unknown, because those shards do not say in time.
 *
 * @throws VectronError UNKNOWN_FILTER_FIELD
 */
export async function findUnknownFields(
  context: GatewayContext,
  asked: UnknownFields,
): Promise<readonly string[]> {
  const askingMs = Math.min(ASKING_MS_MAX, asked.deadline.remainingMs() / 2)
  const deadline = deadlineAfter(context.clock, askingMs)
  try {
    await refuseUnknownFields(context, { ...asked, deadline })
  } catch (error) {
    if (isVectronError(error, 'UNKNOWN_FILTER_FIELD') || !isVectronError(error)) throw error
    return asked.unknown
  }
  return []
}

/** What is known of a collection's fields. */
interface Knowledge {
  /** There is no point yet. */
  readonly empty: boolean
  /** Fields that some shard knows, among them such as may be suggested. */
  readonly known: ReadonlySet<string>
}

/**
 * @throws VectronError UNKNOWN_FILTER_FIELD naming the field and the nearest one there is.
 */
export async function refuseUnknownFields(
  context: GatewayContext,
  asked: UnknownFields,
): Promise<void> {
  const { collection, rowRule, unknown } = asked
  if (unknown.length === 0) return
  const { empty, known } =
    rowRule === undefined
      ? await knowledgeOfAll(context, asked)
      : await knowledgeWithin(context, asked, rowRule)
  if (empty) return
  // Shards that were not asked may know it.
  const field = unknown.find((each) => !known.has(each))
  if (field === undefined) return
  throw new VectronError(
    'UNKNOWN_FILTER_FIELD',
    `No point of "${collection}" has the payload field "${field}".${didYouMean(field, known)}`,
    { field: asked.namedAt?.get(field) ?? 'filter', subject: field },
  )
}

async function knowledgeOfAll(
  { router }: GatewayContext,
  { collection, deadline }: UnknownFields,
): Promise<Knowledge> {
  const reports = await shardReports(router, collection, deadline)
  return {
    empty: reports.every(({ stats }) => (stats?.pointsCount ?? 0n) === 0n),
    known: new Set(reports.flatMap(({ fields }) => fields.map((entry) => entry.field))),
  }
}

async function knowledgeWithin(
  { router }: GatewayContext,
  { collection, unknown, deadline }: UnknownFields,
  rowRule: vectron.Filter,
): Promise<Knowledge> {
  const route = await router.route(collection)
  const count = async (filter: vectron.Filter) => {
    const value = create(engine.CountSchema, { filter })
    const encoded = await readEveryShard(router, {
      collection,
      shards: shardsFor({ filters: [rowRule] }),
      read: encodeRead({ case: 'count', value }, rowRule),
      kind: 'count',
      freshness: { kind: 'eventual' },
      deadline,
    })
    return encoded.map(decodeReadResult)
  }
  const [all, asked] = await Promise.all([count(EVERYTHING), count(anyOf(unknown))])
  const unknownToAll = unknownEverywhere(asked.map(({ unknownFields }) => unknownFields))
  const known = unknown.filter((field) => !unknownToAll.includes(field))
  return {
    empty: all.every((result) => result.count === 0n),
    known: new Set([...known, ...Object.keys(route.collection.payloadSchema)]),
  }
}

const EVERYTHING = create(vectron.FilterSchema)

/** A filter that looks at each of the fields. */
function anyOf(fields: readonly string[]): vectron.Filter {
  const should = fields.map((field) =>
    create(vectron.ConditionSchema, { field, test: { case: 'exists', value: true } }),
  )
  return create(vectron.FilterSchema, { should })
}
