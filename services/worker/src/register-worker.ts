/**
 * Announces a worker to placement: a first-time worker gets its id, and keeps it on its disk.
 *
 * Comes before everything else of a worker: only then it knows which cluster and which node it is,
 * and may speak to others.
 */

import { type Disk, systemDisk, workerId } from '@vectron/base'
import type { placement } from '@vectron/contracts'
import type { Client } from '@vectron/rpc'
import { readIdentity, type WorkerIdentity, writeIdentity } from './identity.ts'

export interface RegisterOptions {
  readonly folder: string
  readonly placement: Pick<Client<typeof placement.Placement>, 'registerWorker'>
  /** Where gateways reach this worker. */
  readonly address: string
  /** Where other workers reach it for Raft; empty when there can be none. */
  readonly raftAddress: string
  /** Zone or rack; may be empty. */
  readonly zone: string
  /** Default: the machine's. */
  readonly disk?: Disk
}

/** @throws VectronError WRONG_CLUSTER when the folder belongs to another cluster */
export async function registerWorker(options: RegisterOptions): Promise<WorkerIdentity> {
  const { folder, placement, address, raftAddress, zone, disk = systemDisk } = options
  const known = await readIdentity(folder, disk)
  const answer = await placement.registerWorker({
    clusterId: known?.clusterId ?? '',
    workerId: known?.workerId ?? 0n,
    address,
    raftAddress,
    zone,
  })
  if (known !== undefined) return known
  const { clusterId } = answer
  const identity = { clusterId, workerId: workerId(answer.workerId), replicas: [] }
  await writeIdentity(folder, identity, disk)
  return identity
}
