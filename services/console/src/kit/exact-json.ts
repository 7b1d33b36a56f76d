/**
 * JSON whose numbers stay as they were written: integers beyond 2^53 and long decimals are kept as
 * their text where the browser can (JSON.rawJSON), so that an edit changes what was edited alone.
 */

interface ExactJson {
  parse(
    text: string,
    revive: (key: string, value: unknown, at: { source?: string }) => unknown,
  ): unknown
  rawJSON?(text: string): unknown
}

const exact = JSON as unknown as ExactJson

/** @throws SyntaxError */
export function parseExact(text: string): unknown {
  return exact.parse(text, (_key, value, { source }) => {
    if (typeof value !== 'number' || source === undefined) return value
    const isSame = Number.isSafeInteger(value) || !/^-?\d+$/.test(source)
    return isSame || exact.rawJSON === undefined ? value : exact.rawJSON(source)
  })
}

/** With two spaces a level. */
export function formatExact(value: unknown): string {
  return JSON.stringify(value, undefined, 2)
}
