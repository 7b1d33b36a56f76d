/**
 * The model file: vocabulary, int8 word vectors with their weights, and the common direction.
 *
 * Byte layout in docs/formats/embedding-model.md. Invariant: a file under its final name is whole;
 * it is written beside it, synced and renamed. A file that is damaged or of another version counts
 * as absent, for it can always be built again.
 */
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs'
import path from 'node:path'
import { crc32 } from 'node:zlib'
import type { WordTable } from './word-table.ts'

export interface EmbeddingModel {
  readonly dimension: number
  readonly table: WordTable
  /** By row: what a code is to be multiplied with; SIF weight times quantization step. */
  readonly factors: Float32Array
  /** `dimension` codes for each row. */
  readonly codes: Int8Array
  /** Unit vector to take away from each sentence. */
  readonly commonDirection: Float32Array
}

const MAGIC = Buffer.from('VECTEMB1')
const HEADER_BYTES = 24
const CHECKSUM_BYTES = 4

/** Writes the model atomically. */
export function writeModel(file: string, model: EmbeddingModel): void {
  mkdirSync(path.dirname(file), { recursive: true })
  const temporary = `${file}.${process.pid}.tmp`
  const descriptor = openSync(temporary, 'w')
  let checksum = 0
  for (const section of sectionsOf(model)) {
    checksum = crc32(section, checksum)
    writeAll(descriptor, section)
  }
  const trailer = Buffer.alloc(CHECKSUM_BYTES)
  trailer.writeUInt32LE(checksum)
  writeAll(descriptor, trailer)
  fsyncSync(descriptor)
  closeSync(descriptor)
  renameSync(temporary, file)
}

/** Reads a model; undefined when there is none, or none that is whole. */
export function readModel(file: string): EmbeddingModel | undefined {
  const bytes = readIfPresent(file)
  if (bytes === undefined || bytes.length < HEADER_BYTES + CHECKSUM_BYTES) return undefined
  const end = bytes.length - CHECKSUM_BYTES
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) return undefined
  if (crc32(bytes.subarray(0, end)) !== bytes.readUInt32LE(end)) return undefined
  return parseModel(bytes)
}

function parseModel(bytes: Buffer): EmbeddingModel {
  const dimension = bytes.readUInt32LE(8)
  const words = bytes.readUInt32LE(12)
  const slots = bytes.readUInt32LE(16)
  const poolBytes = bytes.readUInt32LE(20)
  let position = HEADER_BYTES
  const take = (length: number): [ArrayBuffer, number] => {
    const start = bytes.byteOffset + position
    position += length
    return [bytes.buffer as ArrayBuffer, start]
  }
  return {
    dimension,
    commonDirection: new Float32Array(...take(4 * dimension), dimension),
    factors: new Float32Array(...take(4 * words), words),
    table: {
      ends: new Uint32Array(...take(4 * words), words),
      slots: new Uint32Array(...take(4 * slots), slots),
      pool: Buffer.from(...take(poolBytes), poolBytes),
    },
    codes: new Int8Array(...take(words * dimension), words * dimension),
  }
}

/** All sections in the order of the file. Invariant: each multi-byte section starts aligned. */
function sectionsOf(model: EmbeddingModel): Uint8Array[] {
  const { table, factors, codes, commonDirection, dimension } = model
  const header = Buffer.alloc(HEADER_BYTES)
  MAGIC.copy(header)
  header.writeUInt32LE(dimension, 8)
  header.writeUInt32LE(factors.length, 12)
  header.writeUInt32LE(table.slots.length, 16)
  header.writeUInt32LE(table.pool.length, 20)
  const arrays = [commonDirection, factors, table.ends, table.slots, table.pool, codes]
  return [header, ...arrays.map((a) => new Uint8Array(a.buffer, a.byteOffset, a.byteLength))]
}

function writeAll(descriptor: number, bytes: Uint8Array): void {
  let written = 0
  while (written < bytes.length) written += writeSync(descriptor, bytes, written)
}

/** The file in a buffer of its own, so that its sections can be viewed in place. */
function readIfPresent(file: string): Buffer | undefined {
  try {
    return readFileSync(file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
