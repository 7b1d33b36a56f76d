/**
 * Vectors as an fvecs file (the TEXMEX format): each row is its number of components as a
 * little-endian i32, then as many little-endian f32. Ids are row numbers.
 */
import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { CliError } from '../exit-code.ts'
import { readFixedRows } from './fixed-rows.ts'
import type { ImportFile, ImportRow } from './import-row.ts'

const COUNT_BYTES = 4
const COMPONENT_BYTES = 4

/** Opens a .fvecs file. Throws when its length does not fit its first row. */
export function openFvecs(file: string): ImportFile {
  const bytes = statSync(file).size
  const dimension = readDimension(file)
  const rowBytes = COUNT_BYTES + COMPONENT_BYTES * dimension
  if (dimension <= 0 || bytes % rowBytes !== 0) {
    throw new CliError('usage', `${file} is not an fvecs file with rows of equal length.`)
  }
  const rows = bytes / rowBytes
  return { rows, bytes, dimension, read: (skip) => readFvecs(file, { rows, dimension }, skip) }
}

async function* readFvecs(
  file: string,
  shape: { readonly rows: number; readonly dimension: number },
  skip: number,
): AsyncGenerator<ImportRow> {
  const { rows, dimension } = shape
  const layout = { start: 0, rowBytes: COUNT_BYTES + COMPONENT_BYTES * dimension, rows }
  let row = skip
  for await (const bytes of readFixedRows(file, layout, skip)) {
    row += 1
    const count = bytes.readInt32LE(0)
    if (count !== dimension) {
      yield { kind: 'problem', row, problem: `has ${count} components, not ${dimension}` }
      continue
    }
    const vector = Float32Array.from({ length: dimension }, (_, index) =>
      bytes.readFloatLE(COUNT_BYTES + COMPONENT_BYTES * index),
    )
    yield { kind: 'point', row, point: { id: String(row - 1), vector } }
  }
}

function readDimension(file: string): number {
  const descriptor = openSync(file, 'r')
  try {
    const bytes = Buffer.alloc(COUNT_BYTES)
    return readSync(descriptor, bytes) === COUNT_BYTES ? bytes.readInt32LE(0) : 0
  } finally {
    closeSync(descriptor)
  }
}
