/** The legs of a fused search, and how their results become one list: checked. */

import { create, fromBinary } from '@bufbuild/protobuf'
import { LIMITS, VectronError } from '@vectron/base'
import { takeEncodedFilter, takeFilter, vectron, type wire } from '@vectron/contracts'
import { RRF_K } from '@vectron/ranking'
import { checkBatch } from '../check-collection.ts'
import { type SearchTarget, takeTarget } from './take-target.ts'
import { takeThreshold, takeTopK } from './take-window.ts'

/** How results of legs become one list. */
export interface FusionPlan {
  readonly method: 'ranks' | 'scores'
  readonly rankConstant: number
  /** One for each leg. */
  readonly legs: readonly FusedLegRule[]
}

export interface FusedLegRule {
  readonly threshold: number | undefined
  readonly weight: number
}

export interface FusedLeg extends FusedLegRule {
  readonly target: SearchTarget
  /** With that of the request. */
  readonly filter: Uint8Array | undefined
  readonly topK: number
  /** Stands before the names of its fields. */
  readonly prefix: string
}

export interface FusedOf {
  readonly collection: vectron.Collection
  /** Of the request. */
  readonly filter: Uint8Array | undefined
  /** Results that the request reaches to. */
  readonly reach: number
  /** `searches[3].` within a batch, else empty. */
  readonly prefix: string
}

export interface TakenFused {
  readonly legs: readonly FusedLeg[]
  readonly fusion: FusionPlan
}

/** @throws VectronError with the field at fault. */
export function takeFused(fused: wire.Fused, of: FusedOf): TakenFused {
  const field = `${of.prefix}fused`
  checkBatch(fused.legs.length, LIMITS.fusedLegsMax, `${field}.legs`)
  const room = Math.floor(LIMITS.topKMax / fused.legs.length)
  const topKDefault = Math.min(Math.max(LIMITS.fusedTopKDefault, of.reach), room)
  const legs = fused.legs.map((leg, index) =>
    takeLeg(leg, { ...of, topKDefault, prefix: `${field}.legs[${index}].` }),
  )
  const together = legs.reduce((sum, { topK }) => sum + topK, 0)
  if (together > LIMITS.topKMax) {
    const message = `The legs of ${field} have topK ${together} together; the limit is ${LIMITS.topKMax}.`
    throw new VectronError('TOP_K_OUT_OF_RANGE', message, { field: `${field}.legs` })
  }
  const method = takeMethod(fused.method, `${field}.method`)
  const rankConstant = takeRankConstant(fused.rankConstant, `${field}.rankConstant`)
  return { legs, fusion: { method, rankConstant, legs } }
}

function takeLeg(
  leg: wire.FusedLeg,
  { collection, filter, topKDefault, prefix }: FusedOf & { readonly topKDefault: number },
): FusedLeg {
  const own = takeEncodedFilter(leg.filter, `${prefix}filter`)
  return {
    target: takeTarget(leg.query, collection, prefix),
    filter: bothOf(filter, own, `${prefix}filter`),
    topK: takeTopK(leg.topK ?? topKDefault, prefix),
    threshold: takeThreshold(leg.scoreThreshold, `${prefix}scoreThreshold`),
    weight: takeWeight(leg.weight, `${prefix}weight`),
    prefix,
  }
}

function bothOf(
  one: Uint8Array | undefined,
  other: Uint8Array | undefined,
  field: string,
): Uint8Array | undefined {
  if (one === undefined || other === undefined) return one ?? other
  const must = [one, other].map((encoded) => {
    const value = fromBinary(vectron.FilterSchema, encoded)
    return create(vectron.ConditionSchema, { test: { case: 'filter', value } })
  })
  return takeFilter(create(vectron.FilterSchema, { must }), field)
}

function takeMethod(method: vectron.FusionMethod, field: string): FusionPlan['method'] {
  switch (method) {
    case vectron.FusionMethod.UNSPECIFIED:
    case vectron.FusionMethod.RANKS:
      return 'ranks'
    case vectron.FusionMethod.SCORES:
      return 'scores'
    default:
      throw new VectronError('INVALID_ARGUMENT', `${field} ${method} does not exist.`, { field })
  }
}

function takeRankConstant(constant: number | undefined, field: string): number {
  if (constant === undefined) return RRF_K
  if (constant >= 1 && constant <= LIMITS.rankConstantMax) return constant
  const message = `${field} is ${constant}; it must be 1 to ${LIMITS.rankConstantMax}.`
  throw new VectronError('INVALID_ARGUMENT', message, { field })
}

function takeWeight(weight: number | undefined, field: string): number {
  if (weight === undefined) return 1
  if (weight > 0 && Number.isFinite(weight)) return weight
  const message = `${field} is ${weight}; it must be above 0.`
  throw new VectronError('INVALID_ARGUMENT', message, { field })
}
