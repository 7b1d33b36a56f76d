/** What the plans allow. 0 stands for "not limited". */

import { create } from '@bufbuild/protobuf'
import { auth } from '@vectron/contracts'
import type { PlanAllowance, PlanName, ProjectRecord } from './records.ts'

const MIB = 1024 * 1024
const GIB = 1024 * MIB

export const PLANS: Readonly<Record<Exclude<PlanName, 'custom'>, PlanAllowance>> = {
  free: {
    requestsPerSecond: 20,
    vectorsMax: 100_000,
    dimensionMax: 2048,
    collectionsMax: 5,
    bytesMax: GIB,
    topKMax: 100,
  },
  paid: {
    requestsPerSecond: 1000,
    vectorsMax: 20_000_000,
    dimensionMax: 8192,
    collectionsMax: 200,
    bytesMax: 200 * GIB,
    topKMax: 1000,
  },
}

/** The plan of the project that the first start makes: the machine is the owner's own. */
export const UNLIMITED: PlanAllowance = {
  requestsPerSecond: 0,
  vectorsMax: 0,
  dimensionMax: 0,
  collectionsMax: 0,
  bytesMax: 0,
  topKMax: 0,
}

export function allowanceOf({ plan, custom }: ProjectRecord): PlanAllowance {
  return plan === 'custom' ? (custom ?? UNLIMITED) : PLANS[plan]
}

/** `version` grows with each change of the project. */
export function toLimits(project: ProjectRecord, version: bigint): auth.PlanLimits {
  const allowance = allowanceOf(project)
  return create(auth.PlanLimitsSchema, {
    plan: project.plan,
    requestsPerSecond: allowance.requestsPerSecond,
    vectorsMax: BigInt(allowance.vectorsMax),
    dimensionMax: allowance.dimensionMax,
    collectionsMax: allowance.collectionsMax,
    bytesMax: BigInt(allowance.bytesMax),
    topKMax: allowance.topKMax,
    version,
  })
}

/** What a message asks of a custom plan. */
export function parseAllowance(limits: auth.PlanLimits | undefined): PlanAllowance {
  return {
    requestsPerSecond: limits?.requestsPerSecond ?? 0,
    vectorsMax: Number(limits?.vectorsMax ?? 0),
    dimensionMax: limits?.dimensionMax ?? 0,
    collectionsMax: limits?.collectionsMax ?? 0,
    bytesMax: Number(limits?.bytesMax ?? 0),
    topKMax: limits?.topKMax ?? 0,
  }
}
