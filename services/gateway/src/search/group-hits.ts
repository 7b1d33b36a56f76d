/**
 * The steps of a search whose results are grouped by the value of a field.
 *
 * The simple version asks for many hits and groups them. It is not enough: the nearest ten thousand
 * may all have one value. Here the first step takes groups from the nearest hits; while groups are
 * missing, it asks again, leaving out the points of those that were found. A group is full if the
 * hits that revealed it hold enough of its points, since those are its nearest; the others are
 * asked for one by one, all in one last step. So an exact search gives just the groups there are.
 *
 * The exception: a point with several values may have one that is yet to come, so points with
 * arrays are never left out by value. They are left out by id once they were seen, as are points
 * without any value.
 */

import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { assertDefined, LIMITS } from '@vectron/base'
import { vectron, wire } from '@vectron/contracts'
import { type FieldValue, fieldValues } from '@vectron/rpc'
import { higherIsNearer, type MergedHits } from './merge.ts'
import { countNear, hitsOf, type Window, withTopK } from './nearest.ts'
import type { Gathered, Leg, SearchSteps } from './search-steps.ts'
import type { GroupPlan } from './take-group-by.ts'

/** Hits of the first step, at least: fewer cost as much. */
const DEPTH_MIN = 100

/** A group on the way. */
interface Group {
  readonly value: FieldValue
  /** Encoded `vectron.v1.ScoredPoint`s, nearest first. */
  points: Uint8Array[]
  /** Score of the nearest one. */
  best: number
  /** There are no others, or no more are wanted. */
  isWhole: boolean
}

export function* groupedSteps(leg: Leg, plan: GroupPlan, window: Window): SearchSteps {
  const metric = leg.order
  const groups = new Map<string, Group>()
  const seen = new Set<string>()
  const truncatedBy: string[] = []
  let depth = Math.min(Math.max(window.topK * plan.size, DEPTH_MIN), LIMITS.topKMax)
  let exact = true
  for (let round = 1; ; round++) {
    const hits = hitsOf(yield [searchBesides(leg, plan, { groups, seen, depth })])
    exact &&= hits.exact
    const near = countNear(hits, metric, window.threshold)
    const isAll = near < hits.points.length || hits.points.length < depth
    reveal(hits, near, { plan, groups, groupsMax: window.topK, seen, isAll })
    if (groups.size === window.topK || isAll) break
    if (round === LIMITS.groupRoundsMax || seen.size > LIMITS.filterValuesMax) {
      truncatedBy.push(`groups were looked for ${round} times: there may be others`)
      break
    }
    depth = Math.min(2 * depth, LIMITS.topKMax)
  }
  const lacking = [...groups.values()].filter(({ isWhole }) => !isWhole)
  if (lacking.length > 0) {
    const answers = yield lacking.map(({ value }) => searchWithin(leg, plan, value))
    lacking.forEach((group, index) => {
      const hits = assertDefined(answers[index], 'one answer for each query')
      exact &&= hits.exact
      group.points = hits.points.slice(0, countNear(hits, metric, window.threshold))
      group.best = hits.scores[0] ?? group.best
    })
  }
  const found = [...groups.values()].filter(({ points }) => points.length > 0)
  const sign = higherIsNearer(metric) ? -1 : 1
  found.sort((a, b) => sign * (a.best - b.best))
  return { ...NOTHING, exact: exact && truncatedBy.length === 0, groups: found, truncatedBy }
}

const NOTHING: Gathered = {
  points: [],
  groups: [],
  exact: true,
  matches: undefined,
  nextPageToken: '',
  truncatedBy: [],
}

interface Revealing {
  readonly plan: GroupPlan
  readonly groups: Map<string, Group>
  readonly groupsMax: number
  /** Ids of points that values do not leave out. */
  readonly seen: Set<string>
  /** There are no other hits. */
  readonly isAll: boolean
}

/** Takes new groups from hits. */
function reveal(hits: MergedHits, near: number, into: Revealing): void {
  const { plan, groups, seen } = into
  const known = new Set(groups.keys())
  for (let place = 0; place < near; place++) {
    const point = assertDefined(hits.points[place], 'within bounds')
    const { id, payload } = fromBinary(wire.ScoredPointSchema, point)
    const { values, hasArray } = fieldValues(payload, plan.field)
    if (hasArray || values.length === 0) seen.add(id)
    const ofPoint = new Map(values.map((value) => [keyOf(value), value]))
    for (const [key, value] of ofPoint) {
      const best = hits.scores[place] ?? 0
      const group = known.has(key) ? undefined : groupOf(into, { key, value, best })
      if (group === undefined) continue
      if (group.points.length < plan.size) group.points.push(point)
      group.isWhole ||= group.points.length === plan.size
    }
  }
}

/** The group of a value, made when it is new; undefined when there are enough others. */
function groupOf(
  { groups, groupsMax, isAll }: Revealing,
  { key, value, best }: { readonly key: string } & Pick<Group, 'value' | 'best'>,
): Group | undefined {
  const known = groups.get(key)
  if (known !== undefined || groups.size === groupsMax) return known
  const group: Group = { value, points: [], best, isWhole: isAll }
  groups.set(key, group)
  return group
}

/** What has one value has one key. */
function keyOf(value: FieldValue): string {
  return `${value.case} ${value.value}`
}

interface Besides {
  readonly groups: ReadonlyMap<string, Group>
  readonly seen: ReadonlySet<string>
  readonly depth: number
}

/** Points that have the field, less those of known groups. */
function searchBesides(leg: Leg, plan: GroupPlan, { groups, seen, depth }: Besides): Leg {
  const has = condition(plan.field, { case: 'exists', value: true })
  if (groups.size === 0) {
    const first = narrow(leg, { must: [has], mustNot: [] })
    return { ...withTopK(first, depth), namedAt: new Map([[plan.field, plan.namedAt]]) }
  }
  const values = [...groups.values()].map(({ value }) => scalar(value))
  const isOne = create(vectron.FilterSchema, {
    must: [condition(plan.field, { case: 'matchAny', value: scalars(values) })],
    mustNot: onTheWay(plan.field).map((path) =>
      condition(path, { case: 'contains', value: scalars([]) }),
    ),
  })
  const mustNot = [condition('', { case: 'filter', value: isOne })]
  if (seen.size > 0) {
    const ids = create(vectron.IdsSchema, { values: [...seen] })
    mustNot.push(condition('', { case: 'hasId', value: ids }))
  }
  // Whether the fields exist was asked by the first query.
  return { ...withTopK(narrow(leg, { must: [has], mustNot }), depth), isChecked: true }
}

/** The nearest points of one group. */
function searchWithin(leg: Leg, plan: GroupPlan, value: FieldValue): Leg {
  const is = condition(plan.field, { case: 'match', value: scalar(value) })
  return { ...withTopK(narrow(leg, { must: [is], mustNot: [] }), plan.size), isChecked: true }
}

/** The query with more conditions. */
function narrow(
  leg: Leg,
  more: { readonly must: vectron.Condition[]; readonly mustNot: vectron.Condition[] },
): Leg {
  const { must, should, mustNot } = fromBinary(
    vectron.FilterSchema,
    leg.query.filter ?? new Uint8Array(),
  )
  const narrowed = create(vectron.FilterSchema, {
    must: [...must, ...more.must],
    should,
    mustNot: [...mustNot, ...more.mustNot],
  })
  const filter = toBinary(vectron.FilterSchema, narrowed)
  return { ...leg, query: { ...leg.query, filter, withPayload: true } }
}

/** `a`, `a.b` and `a.b.c` for `a.b.c`: an array at any of them gives the field several values. */
function onTheWay(path: string): string[] {
  const names = path.split('.')
  return names.map((_, index) => names.slice(0, index + 1).join('.'))
}

function condition(field: string, test: vectron.Condition['test']): vectron.Condition {
  return create(vectron.ConditionSchema, { field, test })
}

function scalar(kind: FieldValue): vectron.Scalar {
  return create(vectron.ScalarSchema, { kind })
}

function scalars(values: vectron.Scalar[]): vectron.Scalars {
  return create(vectron.ScalarsSchema, { values })
}
