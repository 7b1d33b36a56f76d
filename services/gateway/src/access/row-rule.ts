/**
 * Row rules: a filter that decides for a key which points there are.
 *
 * Handlers take the rule from the call and send it beside every read and write; the engine applies
 * it to each point, where the points are: to reads when it plans them, to writes when it applies
 * them. So nothing that runs meanwhile comes between the look at a point and the write.
 */

import { vectron } from '@vectron/contracts'
import { type CallContext, parseMessage } from '@vectron/rpc'

/** Rules parsed; few keys have one, and each is used often. */
const parsed = new Map<string, vectron.Filter>()
const PARSED_MAX = 1000

/** For the call there are only points that match this; undefined: there are all. */
export function rowRuleOf({ principal }: CallContext): vectron.Filter | undefined {
  const rule = principal?.rowRule ?? ''
  return rule === '' ? undefined : parseRule(rule)
}

function parseRule(rule: string): vectron.Filter {
  const known = parsed.get(rule)
  if (known !== undefined) return known
  const filter = parseMessage(vectron.FilterSchema, rule)
  if (parsed.size >= PARSED_MAX) parsed.clear()
  parsed.set(rule, filter)
  return filter
}
