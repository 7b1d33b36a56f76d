/** Files by their format: which it is, how it is laid out, and its records from any place on. */
import { readCsv, readCsvLayout } from './csv.ts'
import { readJsonl } from './jsonl.ts'
import type { FileFormat, FileLayout, FileRecord, Place } from './record.ts'
import { firstPlace, UnreadableFile } from './record.ts'
import { readFvecs, readFvecsLayout, readNpy, readNpyLayout } from './vectors.ts'

const ENDINGS: Readonly<Record<string, FileFormat>> = {
  csv: 'csv',
  tsv: 'csv',
  jsonl: 'jsonl',
  ndjson: 'jsonl',
  npy: 'npy',
  fvecs: 'fvecs',
}
const NPY_MAGIC = '\x93NUMPY'
const BOM = [0xef, 0xbb, 0xbf]

/** By its beginning where that tells, else by its name. @throws UnreadableFile */
export async function readLayout(file: Blob, name: string): Promise<FileLayout> {
  if (file.size === 0) throw new UnreadableFile('The file is empty.')
  const head = new Uint8Array(await file.slice(0, 16).arrayBuffer())
  const start = BOM.every((byte, index) => head[index] === byte) ? BOM.length : 0
  const isNpy = String.fromCharCode(...head.subarray(0, NPY_MAGIC.length)) === NPY_MAGIC
  const ending = /\.(\w+)$/.exec(name.toLowerCase())?.[1] ?? ''
  const format = isNpy ? 'npy' : (ENDINGS[ending] ?? (head[start] === 123 ? 'jsonl' : undefined))
  switch (format) {
    case 'csv':
      return readCsvLayout(file, start)
    case 'jsonl':
      return { format, start }
    case 'npy':
      return readNpyLayout(file)
    case 'fvecs':
      return readFvecsLayout(file)
    case undefined:
      throw new UnreadableFile(
        'It is not known what this file is: name it .csv, .tsv, .jsonl, .ndjson, .npy or .fvecs.',
      )
  }
}

export function readRecords(
  file: Blob,
  layout: FileLayout,
  place: Place = firstPlace(layout),
): AsyncGenerator<FileRecord> {
  switch (layout.format) {
    case 'csv':
      return readCsv(file, layout, place)
    case 'jsonl':
      return readJsonl(file, place)
    case 'npy':
      return readNpy(file, layout, place)
    case 'fvecs':
      return readFvecs(file, layout, place)
  }
}
