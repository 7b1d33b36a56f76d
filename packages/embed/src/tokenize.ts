/**
 * Splits text into the words that the embedder looks up, and says what to try for unknown ones.
 *
 * Words are lower case, as the GloVe vocabulary is. A word keeps inner hyphens and apostrophes, so
 * that "well-known" is found whole; its parts are looked up when it is not.
 */

const WORD = /[\p{L}\p{N}]+(?:['’\-.][\p{L}\p{N}]+)*/gu
const DIACRITICS = /\p{M}/gu

/** Suffixes and what stands in their place, longest first: only forms whose meaning stays near. */
const ENDINGS: readonly (readonly [suffix: string, replacement: string])[] = [
  ['iest', 'y'],
  ['ness', ''],
  ['ies', 'y'],
  ['ied', 'y'],
  ['ize', 'e'],
  ['ise', 'e'],
  ['ing', ''],
  ['ing', 'e'],
  ['est', ''],
  ['ier', 'y'],
  ['es', ''],
  ['ed', ''],
  ['ed', 'e'],
  ['er', ''],
  ['ly', ''],
  ['s', ''],
]
/** Letters of a stem or of a part of a compound: shorter ones mean something else. */
const PART_LETTERS_MIN = 3

/** Words of a text in order, in lower case. */
export function splitWords(text: string): string[] {
  return text.normalize('NFKC').toLowerCase().replaceAll('’', "'").match(WORD) ?? []
}

/** Parts of a hyphenated or dotted word, or of one with an apostrophe; one part for other words. */
export function splitParts(word: string): string[] {
  return word.split(/['\-.]/)
}

/**
 * What to look up instead of a plain word that is not in the vocabulary: lists of words, best
 * first. The first list of which every word is known is taken.
 */
export function* backOffs(word: string): Generator<readonly string[]> {
  const plain = word.normalize('NFD').replace(DIACRITICS, '')
  if (plain !== word) yield [plain]
  for (const [suffix, replacement] of ENDINGS) {
    const stemLetters = plain.length - suffix.length
    if (stemLetters < PART_LETTERS_MIN || !plain.endsWith(suffix)) continue
    yield [plain.slice(0, stemLetters) + replacement]
  }
  // Compounds ("drumfish"): the longest second part first, for it carries the kind of thing.
  for (let cut = PART_LETTERS_MIN; cut <= plain.length - PART_LETTERS_MIN; cut += 1) {
    yield [plain.slice(0, cut), plain.slice(cut)]
  }
}
