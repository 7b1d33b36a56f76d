/**
 * A worker's identity on its disk: which cluster it belongs to and which worker it is.
 *
 * Written once, when placement gives the worker its id, and never changed: data of one cluster is
 * never served to another.
 */

import { join } from 'node:path'
import {
  type Disk,
  replaceFile,
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

/**
 * The identity in a worker's folder; undefined for a worker that has none yet.
 *
 * @throws VectronError DATA_CORRUPT, INCOMPATIBLE_DATA
 */
export async function readIdentity(
  folder: string,
  disk: Disk = systemDisk,
): Promise<WorkerIdentity | undefined> {
  const file = join(folder, IDENTITY_FILE)
  const bytes = await disk.read(file)
  return bytes && parseIdentity(file, Buffer.from(bytes).toString())
}

/** Writes the identity; settles when it is on stable storage. */
export async function writeIdentity(
  folder: string,
  identity: WorkerIdentity,
  disk: Disk = systemDisk,
): Promise<void> {
  const file = join(folder, IDENTITY_FILE)
  const text = JSON.stringify({
    format: FORMAT_VERSION,
    clusterId: identity.clusterId,
    workerId: identity.workerId.toString(),
  })
  await replaceFile(disk, file, new Uint8Array(Buffer.from(`${text}\n`)))
}

function parseIdentity(file: string, text: string): WorkerIdentity {
  let fields: { format?: unknown; clusterId?: unknown; workerId?: unknown }
  try {
    fields = JSON.parse(text)
  } catch (cause) {
    throw new VectronError('DATA_CORRUPT', `${file} is damaged: it is no JSON.`, {
      subject: file,
      cause,
    })
  }
  const { format, clusterId, workerId: id } = fields
  if (format !== FORMAT_VERSION) {
    throw new VectronError(
      'INCOMPATIBLE_DATA',
      `${file} has format ${format}; this release reads ${FORMAT_VERSION}.`,
      { subject: file },
    )
  }
  if (typeof clusterId !== 'string' || typeof id !== 'string' || !/^[1-9][0-9]*$/.test(id)) {
    throw new VectronError('DATA_CORRUPT', `${file} is damaged: a field is missing.`, {
      subject: file,
    })
  }
  return { clusterId, workerId: workerId(BigInt(id)) }
}
