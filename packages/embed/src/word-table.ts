/**
 * Vocabulary as one hash table in flat arrays: it is written to disk and read back as it is, so
 * that opening a model costs no more than reading its file.
 *
 * Open addressing with linear probing over a power of two of slots, at most half full; the hash is
 * FNV-1a of the word's UTF-8 bytes. A slot holds the word's row + 1, and 0 when empty.
 */

export interface WordTable {
  /** Row + 1 or 0, by slot. */
  readonly slots: Uint32Array
  /** End of each word in `pool`, by row. */
  readonly ends: Uint32Array
  /** UTF-8 of all words, in the order of their rows. */
  readonly pool: Buffer
}

const FNV_OFFSET = 0x811c9dc5
const FNV_PRIME = 0x01000193

/** Builds the table of distinct words; a word's row is its place in the list. */
export function createWordTable(words: readonly string[]): WordTable {
  const encoded = words.map((word) => Buffer.from(word))
  const slots = new Uint32Array(2 ** Math.ceil(Math.log2(2 * words.length + 1)))
  const ends = new Uint32Array(words.length)
  let end = 0
  for (const [row, bytes] of encoded.entries()) {
    end += bytes.length
    ends[row] = end
    let slot = fnv1a(bytes) & (slots.length - 1)
    while (slots[slot] !== 0) slot = (slot + 1) & (slots.length - 1)
    slots[slot] = row + 1
  }
  return { slots, ends, pool: Buffer.concat(encoded) }
}

/** Row of a word; undefined when the vocabulary lacks it. */
export function findWord(table: WordTable, word: string): number | undefined {
  const { slots, ends, pool } = table
  const bytes = Buffer.from(word)
  for (let slot = fnv1a(bytes) & (slots.length - 1); ; slot = (slot + 1) & (slots.length - 1)) {
    const entry = slots[slot]!
    if (entry === 0) return undefined
    const row = entry - 1
    const start = row === 0 ? 0 : ends[row - 1]!
    if (bytes.compare(pool, start, ends[row]!) === 0) return row
  }
}

function fnv1a(bytes: Buffer): number {
  let hash = FNV_OFFSET
  for (const byte of bytes) hash = Math.imul(hash ^ byte, FNV_PRIME)
  return hash >>> 0
}
