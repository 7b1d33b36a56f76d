/**
 * Files of vectors alone: npy (NumPy's format, docs of numpy.lib.format) and fvecs (each vector an
 * int32 with its dimension, then so many float32, little-endian; corpus-texmex.irisa.fr).
 */
import {
  type FileLayout,
  type FileRecord,
  type NumberType,
  type Place,
  UnreadableFile,
  VECTOR_COLUMN,
} from './record.ts'
import { strictUtf8 } from './text.ts'

type NpyLayout = Extract<FileLayout, { format: 'npy' }>
type FvecsLayout = Extract<FileLayout, { format: 'fvecs' }>

const NPY_PREFIX_BYTES = 12
const DIMENSION_MAX = 65_536
/** Read at a time. */
const BLOCK_BYTES = 1024 * 1024

export async function readNpyLayout(file: Blob): Promise<NpyLayout> {
  const prefix = new DataView(await file.slice(0, NPY_PREFIX_BYTES).arrayBuffer())
  if (prefix.byteLength < NPY_PREFIX_BYTES) throw new UnreadableFile(TORN_HEADER)
  const major = prefix.getUint8(6)
  const isShort = major === 1
  const headerAt = isShort ? 10 : 12
  const headerBytes = isShort ? prefix.getUint16(8, true) : prefix.getUint32(8, true)
  const start = headerAt + headerBytes
  if (start > file.size) throw new UnreadableFile(TORN_HEADER)
  const header = strictUtf8(new Uint8Array(await file.slice(headerAt, start).arrayBuffer())) ?? ''
  const descr = /'descr':\s*'([<>|=]?)(\w\d+)'/.exec(header)
  const order = /'fortran_order':\s*(True|False)/.exec(header)
  const shape = /'shape':\s*\(([\d,\s]*)\)/.exec(header)
  if (descr === null || order === null || shape === null) throw new UnreadableFile(TORN_HEADER)
  const sizes = (shape[1] ?? '')
    .split(',')
    .filter((size) => size.trim() !== '')
    .map(Number)
  const [rows = 0, dimension = 0] = sizes
  const type = descr[2] as NumberType
  if (sizes.length !== 2 || dimension === 0) {
    throw new UnreadableFile(`The array has the shape (${shape[1]}): rows of vectors are needed.`)
  }
  if (order[1] === 'True' && rows > 1 && dimension > 1) {
    throw new UnreadableFile('The array is stored by columns: save numpy.ascontiguousarray of it.')
  }
  if (!(type in READERS)) throw new UnreadableFile(`The array holds "${descr[2]}", no numbers.`)
  const layout = { rows, dimension, type, littleEndian: descr[1] !== '>' }
  return { format: 'npy', start, ...layout }
}

const TORN_HEADER = 'The header of the npy file is torn or is none: save the array again.'

export async function readFvecsLayout(file: Blob): Promise<FvecsLayout> {
  const head = new DataView(await file.slice(0, 4).arrayBuffer())
  const dimension = head.byteLength === 4 ? head.getInt32(0, true) : 0
  if (dimension < 1 || dimension > DIMENSION_MAX) {
    throw new UnreadableFile('The file does not begin with the dimension of a vector.')
  }
  return { format: 'fvecs', start: 0, dimension }
}

/** A torn last row is told of; rows that the header promises and that are not there, too. */
export async function* readNpy(
  file: Blob,
  layout: NpyLayout,
  place: Place,
): AsyncGenerator<FileRecord> {
  const { dimension, type, littleEndian, rows } = layout
  const width = READERS[type].bytes
  const rowBytes = width * dimension
  const { row: first } = place
  let row = first
  for await (const { view, end, isTorn } of rowsOf(file, place.offset, rowBytes)) {
    if (row > rows) return
    if (isTorn) {
      const problem = `Torn: ${view.byteLength} of ${rowBytes} bytes.`
      yield { kind: 'broken', row, end, problem, excerpt: '' }
    } else {
      const vector = Float32Array.from({ length: dimension }, (_, index) =>
        READERS[type].read(view, index * width, littleEndian),
      )
      yield { kind: 'row', row, end, cells: { [VECTOR_COLUMN]: vector } }
    }
    row += 1
  }
  if (row <= rows) {
    const problem = `The header promises ${rows} rows; the file ends before this one.`
    yield { kind: 'broken', row, end: file.size, problem, excerpt: '' }
  }
}

export async function* readFvecs(
  file: Blob,
  { dimension }: FvecsLayout,
  place: Place,
): AsyncGenerator<FileRecord> {
  const rowBytes = 4 + 4 * dimension
  let { row } = place
  for await (const { view, end, isTorn } of rowsOf(file, place.offset, rowBytes)) {
    const broken = (problem: string) =>
      ({ kind: 'broken', row, end, problem, excerpt: '' }) as const
    if (isTorn) yield broken(`Torn: ${view.byteLength} of ${rowBytes} bytes.`)
    else if (view.getInt32(0, true) !== dimension) {
      const problem = `Dimension ${view.getInt32(0, true)}, where the first one has ${dimension}`
      yield { ...broken(`${problem}; what follows cannot be read.`), end: file.size }
      return
    } else {
      const vector = Float32Array.from({ length: dimension }, (_, index) =>
        view.getFloat32(4 + 4 * index, true),
      )
      yield { kind: 'row', row, end, cells: { [VECTOR_COLUMN]: vector } }
    }
    row += 1
  }
}

interface BinaryRow {
  readonly view: DataView
  readonly end: number
  readonly isTorn: boolean
}

async function* rowsOf(file: Blob, from: number, rowBytes: number): AsyncGenerator<BinaryRow> {
  const blockBytes = Math.max(1, Math.floor(BLOCK_BYTES / rowBytes)) * rowBytes
  for (let at = from; at < file.size; at += blockBytes) {
    const block = await file.slice(at, Math.min(at + blockBytes, file.size)).arrayBuffer()
    for (let start = 0; start < block.byteLength; start += rowBytes) {
      const length = Math.min(rowBytes, block.byteLength - start)
      const view = new DataView(block, start, length)
      yield { view, end: at + start + length, isTorn: length < rowBytes }
    }
  }
}

interface NumberReader {
  readonly bytes: number
  readonly read: (view: DataView, at: number, littleEndian: boolean) => number
}

const READERS: Readonly<Record<NumberType, NumberReader>> = {
  f2: { bytes: 2, read: readHalf },
  f4: { bytes: 4, read: (view, at, little) => view.getFloat32(at, little) },
  f8: { bytes: 8, read: (view, at, little) => view.getFloat64(at, little) },
  i1: { bytes: 1, read: (view, at) => view.getInt8(at) },
  u1: { bytes: 1, read: (view, at) => view.getUint8(at) },
  i2: { bytes: 2, read: (view, at, little) => view.getInt16(at, little) },
  u2: { bytes: 2, read: (view, at, little) => view.getUint16(at, little) },
  i4: { bytes: 4, read: (view, at, little) => view.getInt32(at, little) },
  u4: { bytes: 4, read: (view, at, little) => view.getUint32(at, little) },
  i8: { bytes: 8, read: (view, at, little) => Number(view.getBigInt64(at, little)) },
  u8: { bytes: 8, read: (view, at, little) => Number(view.getBigUint64(at, little)) },
}

/** IEEE 754 binary16. */
function readHalf(view: DataView, at: number, littleEndian: boolean): number {
  const bits = view.getUint16(at, littleEndian)
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}
