/**
 * Files of f32 rows and of u32 answers: how vectors and results pass between processes.
 */
import { readFileSync } from 'node:fs'
import type { Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { assert } from '@vectron/base'

const HEADER_BYTES = 8

export interface FloatRows {
  readonly rows: number
  readonly dimension: number
  /** All rows, one after the other. */
  readonly values: Float32Array
}

/** Writes a header of two u32 (rows, dimension) and the rows; ends the stream. */
export async function writeFloats(
  out: Writable,
  rows: readonly Float32Array[],
  dimension: number,
): Promise<void> {
  out.write(bytesOf(Uint32Array.of(rows.length, dimension)))
  for (const row of rows) {
    if (!out.write(bytesOf(row))) await new Promise((resolve) => out.once('drain', resolve))
  }
  out.end()
  await finished(out)
}

export function readFloats(file: string): FloatRows {
  const bytes = readFileSync(file)
  const [rows, dimension] = new Uint32Array(bytes.buffer, bytes.byteOffset, 2)
  assert(rows !== undefined && dimension !== undefined, `${file} has a header`)
  const start = bytes.byteOffset + HEADER_BYTES
  return { rows, dimension, values: new Float32Array(bytes.buffer, start, rows * dimension) }
}

/** Row numbers as written by a contestant or by the truth. */
export function readRowNumbers(file: string): Uint32Array {
  const bytes = readFileSync(file)
  return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)
}

/** The bytes of a typed array, without a copy. */
export function bytesOf(array: Float32Array | Uint32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
}
