/** A text cut where words of the query stand, so that they can be marked. */

export interface TextPiece {
  readonly text: string
  readonly isHit: boolean
}

const WORD = /[\p{L}\p{N}]+/gu
/** Shorter words of a query are marked nowhere: they are everywhere. */
const LETTERS_MIN = 2
const FILLERS = new Set('a an and are as at by for in is of on or the to with'.split(' '))

/** The words of a query that are worth marking, in lower case. */
export function queryWords(query: string): ReadonlySet<string> {
  const words = [...query.toLowerCase().matchAll(WORD)].map(([word]) => word)
  return new Set(words.filter((word) => word.length >= LETTERS_MIN && !FILLERS.has(word)))
}

/** All of the text, in pieces; a word is marked when it is one of the query's, or its plural. */
export function markWords(text: string, words: ReadonlySet<string>): TextPiece[] {
  if (words.size === 0) return [{ text, isHit: false }]
  const pieces: TextPiece[] = []
  let from = 0
  for (const match of text.matchAll(WORD)) {
    const word = match[0].toLowerCase()
    if (!words.has(word) && !words.has(word.replace(/s$/, '')) && !words.has(`${word}s`)) continue
    if (match.index > from) pieces.push({ text: text.slice(from, match.index), isHit: false })
    from = match.index + match[0].length
    pieces.push({ text: match[0], isHit: true })
  }
  if (from < text.length) pieces.push({ text: text.slice(from), isHit: false })
  return pieces
}
