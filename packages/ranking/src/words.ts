/** Words of texts, as rules and features compare them: whole words in lower case, no stems. */

const WORD = /[\p{L}\p{N}]+/gu

/** In order, in lower case. */
export function splitWords(text: string): string[] {
  return text.normalize('NFKC').toLowerCase().match(WORD) ?? []
}

/** Which share of the distinct words of the query the text has; 0 for a query without words. */
export function coverageOfWords(query: readonly string[], text: readonly string[]): number {
  const wanted = new Set(query)
  if (wanted.size === 0) return 0
  const present = new Set(text)
  let found = 0
  for (const word of wanted) if (present.has(word)) found++
  return found / wanted.size
}

/** Whether the words of the phrase stand in the text, one after the other. */
export function hasPhrase(phrase: readonly string[], text: readonly string[]): boolean {
  if (phrase.length === 0) return false
  for (let start = 0; start + phrase.length <= text.length; start++) {
    if (phrase.every((word, at) => text[start + at] === word)) return true
  }
  return false
}
