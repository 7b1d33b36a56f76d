/**
 * Vectors as a NumPy array file: two dimensions, C order, f4 or f8. Ids are row numbers.
 *
 * Format: numpy.lib.format versions 1 to 3. Magic `\x93NUMPY`, version, the length of the header (2
 * bytes in version 1, else 4), then the header, a Python dictionary in text.
 */
import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { CliError } from '../exit-code.ts'
import { type FixedRows, readFixedRows } from './fixed-rows.ts'
import type { ImportFile, ImportRow } from './import-row.ts'

interface NpyHeader {
  readonly start: number
  readonly rows: number
  readonly dimension: number
  readonly bytesPerComponent: 4 | 8
  readonly littleEndian: boolean
}

const MAGIC = Buffer.from('\x93NUMPY', 'latin1')
const HEADER_BYTES_MAX = 64 * 1024

/** Opens a .npy file. Throws when it holds something else than rows of floats. */
export function openNpy(file: string): ImportFile {
  const bytes = statSync(file).size
  const header = parseNpyHeader(readBeginning(file), file)
  const rowBytes = header.dimension * header.bytesPerComponent
  if (header.start + header.rows * rowBytes > bytes) {
    throw new CliError('usage', `${file} is cut short: its header names ${header.rows} rows.`)
  }
  const layout = { start: header.start, rowBytes, rows: header.rows }
  return {
    rows: header.rows,
    bytes,
    dimension: header.dimension,
    read: (skip) => readNpy(file, header, layout, skip),
  }
}

async function* readNpy(
  file: string,
  header: NpyHeader,
  layout: FixedRows,
  skip: number,
): AsyncGenerator<ImportRow> {
  let row = skip
  for await (const bytes of readFixedRows(file, layout, skip)) {
    row += 1
    const point = { id: String(row - 1), vector: decodeRow(bytes, header) }
    yield { kind: 'point', row, point }
  }
}

function decodeRow(bytes: Buffer, header: NpyHeader): Float32Array {
  const { dimension, bytesPerComponent, littleEndian } = header
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Float32Array.from({ length: dimension }, (_, index) =>
    bytesPerComponent === 4
      ? view.getFloat32(4 * index, littleEndian)
      : view.getFloat64(8 * index, littleEndian),
  )
}

/** Parses the beginning of a file. */
export function parseNpyHeader(bytes: Buffer, file: string): NpyHeader {
  const refuse = (why: string) => new CliError('usage', `${file}: ${why}`)
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) throw refuse('not a .npy file')
  const isFirstVersion = bytes[MAGIC.length] === 1
  const lengthAt = MAGIC.length + 2
  const length = isFirstVersion ? bytes.readUInt16LE(lengthAt) : bytes.readUInt32LE(lengthAt)
  const textAt = lengthAt + (isFirstVersion ? 2 : 4)
  const text = bytes.toString('latin1', textAt, textAt + length)
  const descr = /'descr'\s*:\s*'([^']*)'/.exec(text)?.[1] ?? ''
  const type = /^([<>=])f([48])$/.exec(descr)
  if (!type) throw refuse(`holds ${descr || 'structured values'}; needs f4 or f8`)
  if (/'fortran_order'\s*:\s*True/.test(text))
    throw refuse('is in Fortran order; save it in C order')
  const shape = /'shape'\s*:\s*\((\d+),\s*(\d+)\s*,?\)/.exec(text)
  if (!shape) throw refuse('needs two dimensions: rows and components')
  return {
    start: textAt + length,
    rows: Number(shape[1]),
    dimension: Number(shape[2]),
    bytesPerComponent: type[2] === '4' ? 4 : 8,
    littleEndian: type[1] !== '>',
  }
}

function readBeginning(file: string): Buffer {
  const descriptor = openSync(file, 'r')
  try {
    const bytes = Buffer.alloc(HEADER_BYTES_MAX)
    return bytes.subarray(0, readSync(descriptor, bytes))
  } finally {
    closeSync(descriptor)
  }
}
