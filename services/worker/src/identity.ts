/**
 * A worker's identity on its disk: which cluster it belongs to, which worker it is, and which
 * replicas it ever created.
 *
 * Cluster and worker are written once, when placement gives the worker its id, and never changed:
 * data of one cluster is never served to another. The replicas stand in the same file, so that they
 * have the same fate: a worker that forgot what it created is a new worker.
 */

import { join } from 'node:path'
import {
  type Disk,
  type ReplicaId,
  replaceFile,
  replicaId,
  type ShardId,
  shardId,
  systemDisk,
  VectronError,
  type WorkerId,
  workerId,
} from '@vectron/base'

const IDENTITY_FILE = 'identity.json'
const FORMAT_VERSION = 1

export interface WorkerIdentity {
  readonly clusterId: string
  readonly workerId: WorkerId
}

/** A replica that this worker has created, or was about to create. */
export interface RememberedReplica {
  readonly replicaId: ReplicaId
  readonly shardId: ShardId
  /** `creating` until its first state is in the log; `gone` when it was destroyed. */
  readonly state: 'creating' | 'created' | 'gone'
}

/** The whole file. */
export interface IdentityRecord extends WorkerIdentity {
  readonly replicas: readonly RememberedReplica[]
}

/**
 * The identity in a worker's folder; undefined for a worker that has none yet.
 *
 * @throws VectronError DATA_CORRUPT, INCOMPATIBLE_DATA
 */
export async function readIdentity(
  folder: string,
  disk: Disk = systemDisk,
): Promise<IdentityRecord | undefined> {
  const file = join(folder, IDENTITY_FILE)
  const bytes = await disk.read(file)
  return bytes && parseIdentity(file, Buffer.from(bytes).toString())
}

/** Replaces the file; settles when it is on stable storage. */
export async function writeIdentity(
  folder: string,
  { clusterId, workerId, replicas }: IdentityRecord,
  disk: Disk = systemDisk,
): Promise<void> {
  const text = JSON.stringify({
    format: FORMAT_VERSION,
    clusterId,
    workerId: `${workerId}`,
    replicas: replicas.map(({ replicaId, shardId, state }) => [
      `${replicaId}`,
      `${shardId}`,
      state,
    ]),
  })
  const file = join(folder, IDENTITY_FILE)
  await replaceFile(disk, file, new Uint8Array(Buffer.from(`${text}\n`)))
}

function parseIdentity(file: string, text: string): IdentityRecord {
  const { format, clusterId, workerId: id, replicas = [] } = parseObject(file, text)
  if (format !== FORMAT_VERSION) {
    throw new VectronError(
      'INCOMPATIBLE_DATA',
      `${file} has format ${format}; this release reads ${FORMAT_VERSION}.`,
      { subject: file },
    )
  }
  if (typeof clusterId !== 'string' || !isId(id) || !Array.isArray(replicas)) {
    throw damaged(file, 'a field is missing')
  }
  return {
    clusterId,
    workerId: workerId(BigInt(id)),
    replicas: replicas.map((entry) => parseReplica(file, entry)),
  }
}

function parseReplica(file: string, entry: unknown): RememberedReplica {
  const [replica, shard, state] = Array.isArray(entry) ? entry : []
  const isState = state === 'creating' || state === 'created' || state === 'gone'
  if (!isId(replica) || !isId(shard) || !isState) throw damaged(file, 'a replica is incomplete')
  return { replicaId: replicaId(BigInt(replica)), shardId: shardId(BigInt(shard)), state }
}

function parseObject(file: string, text: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw damaged(file, 'it is no JSON', cause)
  }
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && /^[1-9][0-9]{0,19}$/.test(value)
}

function damaged(file: string, why: string, cause?: unknown): VectronError {
  return new VectronError('DATA_CORRUPT', `${file} is damaged: ${why}.`, { subject: file, cause })
}
