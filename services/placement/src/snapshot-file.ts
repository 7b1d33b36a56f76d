/**
 * The catalog's snapshot on disk: one file, replaced as a whole.
 *
 * Layout (docs/formats/catalog.md): magic, format version, CRC-32 of the body, the body: an encoded
 * `placement.v1.CatalogState`. A new snapshot is written beside the old one, synced and renamed
 * over it, so a crash leaves one of the two, whole.
 */

import { crc32 } from 'node:zlib'
import { fromBinary, toBinary } from '@bufbuild/protobuf'
import {
  concatBytes,
  type Disk,
  replaceFile,
  systemDisk,
  VectronError,
  viewOf,
} from '@vectron/base'
import { placement } from '@vectron/contracts'

/** "VCAT" as little-endian u32. */
const MAGIC = 0x54414356
const FORMAT_VERSION = 1
const HEADER_BYTES = 12

/**
 * Reads a snapshot; undefined when there is none.
 *
 * @throws VectronError DATA_CORRUPT, INCOMPATIBLE_DATA
 */
export async function readSnapshot(
  file: string,
  disk: Disk = systemDisk,
): Promise<placement.CatalogState | undefined> {
  const bytes = await disk.read(file)
  return bytes === undefined ? undefined : parseSnapshot(file, bytes)
}

/**
 * Decodes a snapshot; `file` names it in errors.
 *
 * @throws VectronError DATA_CORRUPT, INCOMPATIBLE_DATA
 */
export function parseSnapshot(file: string, bytes: Uint8Array): placement.CatalogState {
  if (bytes.length < HEADER_BYTES || viewOf(bytes).getUint32(0, true) !== MAGIC) {
    throw corrupt(file, 'it does not begin like a catalog snapshot')
  }
  const format = viewOf(bytes).getUint32(4, true)
  if (format !== FORMAT_VERSION) {
    throw new VectronError(
      'INCOMPATIBLE_DATA',
      `${file} has format ${format}; this release reads ${FORMAT_VERSION}.`,
      { subject: file },
    )
  }
  const body = bytes.subarray(HEADER_BYTES)
  if (viewOf(bytes).getUint32(8, true) !== crc32(body)) throw corrupt(file, 'its checksum is wrong')
  return fromBinary(placement.CatalogStateSchema, body)
}

/** Replaces the snapshot; settles when the new one is on stable storage. */
export async function writeSnapshot(
  file: string,
  state: placement.CatalogState,
  disk: Disk = systemDisk,
): Promise<void> {
  await replaceFile(disk, file, encodeSnapshot(state))
}

export function encodeSnapshot(state: placement.CatalogState): Uint8Array {
  const body = toBinary(placement.CatalogStateSchema, state)
  const header = new Uint8Array(HEADER_BYTES)
  viewOf(header).setUint32(0, MAGIC, true)
  viewOf(header).setUint32(4, FORMAT_VERSION, true)
  viewOf(header).setUint32(8, crc32(body), true)
  return concatBytes([header, body])
}

function corrupt(file: string, why: string): VectronError {
  return new VectronError('DATA_CORRUPT', `${file} is damaged: ${why}.`, { subject: file })
}
