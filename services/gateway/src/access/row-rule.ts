/**
 * Row rules: a filter that a key's every read and write is joined to.
 *
 * Reads that take a filter get it joined. Reads and writes by ids, and upserts, get the rule beside
 * them: the engine applies it to each point.
 */

import {
  create,
  type DescMessage,
  type DescMethod,
  fromBinary,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf'
import { VectronError } from '@vectron/base'
import { vectron, type wire } from '@vectron/contracts'
import { parseMessage } from '@vectron/rpc'

/** Rules parsed; few keys have one, and each is used often. */
const parsed = new Map<string, vectron.Filter>()
const PARSED_MAX = 1000

/** Joins the rule to the filter of a request. @throws VectronError FORBIDDEN */
export function applyRowRule(
  rule: string,
  request: MessageShape<DescMessage>,
  method: DescMethod,
): void {
  const filter = parseRule(rule)
  switch (method.localName) {
    case 'search':
    case 'searchStream':
      joinToSearch(filter, request as unknown as wire.SearchRequest)
      return
    case 'batchSearch': {
      const { searches } = request as unknown as wire.BatchSearchRequest
      for (const search of searches) joinToSearch(filter, search)
      return
    }
    case 'scrollPoints':
    case 'countPoints': {
      const read = request as unknown as { filter?: vectron.Filter }
      read.filter = join(filter, read.filter)
      return
    }
    case 'getCollection':
      return
    default:
      throw new VectronError('FORBIDDEN', `A key with a row rule may not call ${method.name}.`)
  }
}

function joinToSearch(rule: vectron.Filter, search: wire.SearchRequest): void {
  if (search.query.case === 'id') {
    throw new VectronError('FORBIDDEN', 'A key with a row rule searches by vector or text.', {
      field: 'id',
    })
  }
  const own =
    search.filter === undefined || search.filter.length === 0
      ? undefined
      : decodeFilter(search.filter)
  search.filter = toBinary(vectron.FilterSchema, join(rule, own))
}

function decodeFilter(encoded: Uint8Array): vectron.Filter {
  try {
    return fromBinary(vectron.FilterSchema, encoded)
  } catch (cause) {
    throw new VectronError('INVALID_FILTER', 'filter is no encoded filter.', {
      field: 'filter',
      cause,
    })
  }
}

/** Both must hold. */
function join(rule: vectron.Filter, own: vectron.Filter | undefined): vectron.Filter {
  if (own === undefined) return rule
  const must = [rule, own].map((filter) =>
    create(vectron.ConditionSchema, { test: { case: 'filter', value: filter } }),
  )
  return create(vectron.FilterSchema, { must })
}

function parseRule(rule: string): vectron.Filter {
  const known = parsed.get(rule)
  if (known !== undefined) return known
  const filter = parseMessage(vectron.FilterSchema, rule)
  if (parsed.size >= PARSED_MAX) parsed.clear()
  parsed.set(rule, filter)
  return filter
}
