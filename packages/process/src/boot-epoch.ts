/**
 * The boot epoch: a number on the disk of a node that grows with each of its starts.
 *
 * Peers refuse what comes from an earlier life of a node, so a number must never come twice, even
 * when the clock was set back; and a node whose disk was emptied must still be newer than before,
 * so the clock counts when it is ahead.
 */
import { join } from 'node:path'
import { type Clock, type Disk, replaceFile, VectronError } from '@vectron/base'

const FILE = 'boot-epoch'

export interface BootEpochOptions {
  readonly folder: string
  readonly disk: Disk
  readonly clock: Clock
}

/**
 * Begins the next life of the node; settles with its number when that is on stable storage.
 *
 * @throws VectronError DATA_CORRUPT when the file holds no number
 */
export async function nextBootEpoch(options: BootEpochOptions): Promise<bigint> {
  const { folder, disk, clock } = options
  const file = join(folder, FILE)
  const last = parseEpoch(file, await disk.read(file))
  const nowMs = BigInt(clock.nowMs())
  const epoch = nowMs > last ? nowMs : last + 1n
  await replaceFile(disk, file, Buffer.from(`${epoch}\n`))
  return epoch
}

function parseEpoch(file: string, bytes: Uint8Array | undefined): bigint {
  if (bytes === undefined) return 0n
  const digits = /^(\d{1,19})\s*$/.exec(Buffer.from(bytes).toString())?.[1]
  if (digits !== undefined) return BigInt(digits)
  throw new VectronError('DATA_CORRUPT', `${file} is damaged: it holds no number.`, {
    subject: file,
  })
}
