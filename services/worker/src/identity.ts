/**
 * A worker's identity on its disk: which cluster it belongs to and which worker it is.
 *
 * Written once, when placement gives the worker its id, and never changed: data of one cluster is
 * never served to another.
 */

import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { VectronError, type WorkerId, workerId } from '@vectron/base'

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
export async function readIdentity(folder: string): Promise<WorkerIdentity | undefined> {
  const file = join(folder, IDENTITY_FILE)
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
  return parseIdentity(file, text)
}

/** Writes the identity; settles when it is on stable storage. */
export async function writeIdentity(folder: string, identity: WorkerIdentity): Promise<void> {
  const file = join(folder, IDENTITY_FILE)
  const text = JSON.stringify({
    format: FORMAT_VERSION,
    clusterId: identity.clusterId,
    workerId: identity.workerId.toString(),
  })
  await mkdir(folder, { recursive: true })
  await using handle = await open(`${file}.tmp`, 'w')
  await handle.writeFile(`${text}\n`)
  await handle.sync()
  await rename(`${file}.tmp`, file)
  await using directory = await open(folder, 'r')
  await directory.sync()
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
