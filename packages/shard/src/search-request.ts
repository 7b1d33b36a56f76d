/**
 * Encodes `engine.v1.SearchRequest`.
 *
 * By hand, because the filter arrives encoded and goes on as it is: the engine is the first to look
 * inside.
 */

import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { engine } from '@vectron/contracts'

/** One query; fields as in `engine.v1.Query`. */
export interface Query {
  readonly target:
    | { readonly kind: 'vector'; readonly vector: Uint8Array }
    | { readonly kind: 'id'; readonly id: string }
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
}

const { fields: REQUEST } = fieldNumbers(engine.SearchRequestSchema)
const { fields: QUERY } = fieldNumbers(engine.QuerySchema)

/** `budgetUs`: microseconds left for the answer. */
export function encodeSearchRequest(queries: readonly Query[], budgetUs: number): Uint8Array {
  const writer = new BinaryWriter()
  for (const query of queries) {
    writer.tag(REQUEST.queries, WireType.LengthDelimited).fork()
    writeQuery(writer, query)
    writer.join()
  }
  writer.tag(REQUEST.budgetUs, WireType.Varint).uint64(Math.max(1, Math.floor(budgetUs)))
  return writer.finish()
}

function writeQuery(writer: BinaryWriter, query: Query): void {
  const { target, filter } = query
  switch (target.kind) {
    case 'vector':
      writer.tag(QUERY.vector, WireType.LengthDelimited).bytes(target.vector)
      break
    case 'id':
      writer.tag(QUERY.id, WireType.LengthDelimited).string(target.id)
      break
  }
  writer.tag(QUERY.topK, WireType.Varint).uint32(query.topK)
  if (filter !== undefined) writer.tag(QUERY.filter, WireType.LengthDelimited).bytes(filter)
  if (query.withPayload) writer.tag(QUERY.withPayload, WireType.Varint).bool(true)
  if (query.withVector) writer.tag(QUERY.withVector, WireType.Varint).bool(true)
  if (query.exact) writer.tag(QUERY.exact, WireType.Varint).bool(true)
  writer.tag(QUERY.targetRecall, WireType.Bit32).float(query.targetRecall)
  if (query.explain) writer.tag(QUERY.explain, WireType.Varint).bool(true)
  for (const id of query.excludeIds) {
    writer.tag(QUERY.excludeIds, WireType.LengthDelimited).string(id)
  }
}

/** The numbers of a message's fields, from the proto itself. */
function fieldNumbers<S extends { readonly field: Record<string, { readonly number: number }> }>(
  schema: S,
): { readonly fields: { readonly [K in keyof S['field']]: number } } {
  const entries = Object.entries(schema.field).map(([name, { number }]) => [name, number])
  return { fields: Object.fromEntries(entries) }
}
