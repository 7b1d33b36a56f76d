/** From text to rows of the vocabulary, with back-off for words that it lacks. */
import { backOffs, splitParts, splitWords } from './tokenize.ts'
import { findWord, type WordTable } from './word-table.ts'

/** Rows of the text's known words, in order, with repeats; empty when it holds none. */
export function findRows(table: WordTable, text: string): number[] {
  return splitWords(text).flatMap((word) => rowsOfWord(table, word))
}

function rowsOfWord(table: WordTable, word: string): readonly number[] {
  const row = findWord(table, word)
  if (row !== undefined) return [row]
  const parts = splitParts(word)
  if (parts.length > 1) return parts.flatMap((part) => rowsOfWord(table, part))
  for (const candidates of backOffs(word)) {
    const rows = candidates.map((candidate) => findWord(table, candidate))
    if (rows.every((found) => found !== undefined)) return rows
  }
  return []
}
