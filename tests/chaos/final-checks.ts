/** What must hold when a run is over and everything has healed. */

import { GrpcChannel } from '@vectron/rpc'
import {
  checkHistory,
  type Operation,
  type RegisterInput,
  type RegisterOutput,
  registerModel,
  reportBrokenKey,
  type WriteLedger,
} from '@vectron/testkit'
import type { ChaosCluster } from './chaos-cluster.ts'
import type { ClusterEye } from './cluster-eye.ts'
import { POINTS, vectorOf } from './ingest.ts'
import { findDifferences, lookIntoReplicas } from './replica-checks.ts'
import type { Tally } from './tally.ts'

/** Replicas build their graphs each in its own order; they must be about as good. */
const RECALL_MIN = 0.95
const RECALL_SPREAD_MAX = 0.03
const READ_BATCH = 1_000
/** Violations of one check that are shown. */
const SHOWN = 5

export interface Finding {
  /** One line that says what was checked and found. */
  readonly line: string
  readonly violations: readonly string[]
}

export function checkRegisters(
  history: readonly Operation<RegisterInput, RegisterOutput>[],
): Finding {
  const verdict = checkHistory(registerModel, history)
  const { keys, operations, unknown, broken, undecided } = verdict
  return {
    line: `linearizable: ${keys} registers, ${operations} operations, ${unknown} of unknown outcome`,
    violations: [
      ...broken.slice(0, SHOWN).map((key) => reportBrokenKey(registerModel, key)),
      ...undecided.map((key) => `${key}: too many overlapping operations to decide`),
    ],
  }
}

/** Reads all ids back: no acknowledged write is lost, none is there that was never sent. */
export async function checkLedger(eye: ClusterEye, ledger: WriteLedger): Promise<Finding> {
  const ids = ledger.ids()
  const found = new Map<string, number>()
  const wrong: string[] = []
  for (let from = 0; from < ids.length; from += READ_BATCH) {
    const batch = ids.slice(from, from + READ_BATCH)
    const read = { withVector: true, consistency: 'strong' } as const
    const { points } = await eye.ask((vectron) =>
      vectron.collection<{ value: number }>(POINTS).getMany(batch, read),
    )
    for (const { id, vector, payload } of points) {
      const value = payload?.value ?? Number.NaN
      found.set(id, value)
      const isOwn = vectorOf(value).every((component, place) => vector?.[place] === component)
      if (!isOwn) wrong.push(`${id} has the vector of another write than its payload ${value}`)
    }
  }
  return {
    line: `no acknowledged write lost: ${ledger.acknowledgedCount()} points of ${ids.length} sent`,
    violations: [...ledger.violations(found), ...wrong].slice(0, SHOWN),
  }
}

/** Compares the replicas of every shard. */
export async function checkReplicas(eye: ClusterEye, cluster: ChaosCluster): Promise<Finding[]> {
  const [shards, workers] = await eye.ask((vectron) =>
    Promise.all([vectron.cluster.shards(), vectron.cluster.workers()]),
  )
  const addressOf = (workerId: number | string) =>
    workers.find((worker) => worker.workerId === workerId)?.address ?? ''
  const tls = await cluster.certificates.own()
  const withRecall = ({ collection }: { readonly collection: string }) => collection === POINTS
  const connect = (address: string) => new GrpcChannel(address, { tls })
  const facts = await lookIntoReplicas(shards, { addressOf, withRecall, connect })
  const recalls = facts.flatMap(({ recall }) => recall ?? [])
  const worst = Math.min(...recalls)
  const spreads = [...Map.groupBy(facts, ({ shard }) => shard.shardId)].flatMap(
    ([shardId, group]) => {
      const own = group.flatMap(({ recall }) => recall ?? [])
      const spread = Math.max(...own) - Math.min(...own)
      return own.length > 0 && spread > RECALL_SPREAD_MAX
        ? [`shard ${shardId}: recall of its replicas is ${own.map(threePlaces).join(', ')}`]
        : []
    },
  )
  const lacking = shards.flatMap(({ shardId, replicas }) =>
    replicas.length === cluster.of('worker').length ? [] : [`shard ${shardId} lacks replicas`],
  )
  return [
    {
      line: `replicas agree: ${facts.length} replicas of ${shards.length} shards`,
      violations: [...findDifferences(facts).slice(0, SHOWN), ...lacking],
    },
    {
      line: `recall of each replica: ${threePlaces(worst)} to ${threePlaces(Math.max(...recalls))}`,
      violations: [
        ...spreads,
        ...(worst < RECALL_MIN ? [`recall ${threePlaces(worst)} is below ${RECALL_MIN}`] : []),
      ],
    },
  ]
}

/** A process may end by itself when its disk is full: it cannot keep its word any more. */
export function checkProcesses({ unaskedEnds, inexcusable }: Tally): Finding[] {
  const strange = unaskedEnds.filter(({ during }) => !during.includes('fill the disk'))
  return [
    {
      line: `no process ended without a reason: ${unaskedEnds.length} ended by themselves`,
      violations: strange.map(
        ({ node, exit, during }) => `${node} ended (${exit}) during: ${during}`,
      ),
    },
    {
      line: 'no answer that no fault excuses',
      violations: [...new Set(inexcusable)].slice(0, SHOWN),
    },
  ]
}

function threePlaces(value: number): string {
  return value.toFixed(3)
}
