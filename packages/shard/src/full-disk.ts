/** What the file system says when a disk is full, as the error that callers know. */
import { VectronError } from '@vectron/base'

const CODES: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT'])

/**
 * Waits for a write.
 *
 * @throws VectronError DISK_FULL, or whatever else the write throws
 */
export async function refuseFullDisk(writing: Promise<void>, path: string): Promise<void> {
  try {
    await writing
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && CODES.has(cause.code))) throw cause
    throw new VectronError('DISK_FULL', `The disk of ${path} is full.`, { subject: path, cause })
  }
}
