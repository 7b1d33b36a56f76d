/**
 * Reads JSON text (RFC 8259) byte by byte, one token at a time, for a reader that knows what it
 * wants.
 *
 * The text is UTF-8 that was checked before. Invariant: `at` is the position of the next byte not
 * read. Knows nothing of messages.
 */
import { VectronError } from '@vectron/base'
import { FieldPath } from './field-path.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const MINUS = 0x2d
const PLUS = 0x2b
const DOT = 0x2e
const ZERO = 0x30
const NINE = 0x39

/** What the next value is, by its first byte. */
export type JsonKind = 'object' | 'array' | 'string' | 'number' | 'boolean' | 'null' | 'nothing'

export class JsonCursor {
  readonly text: Buffer
  readonly path = new FieldPath()
  readonly #depthMax: number
  at = 0
  #depth = 0

  constructor(text: Buffer, depthMax: number) {
    this.text = text
    this.#depthMax = depthMax
  }

  /** The kind of the next value; `nothing` for what begins no value. */
  peek(): JsonKind {
    switch (this.#skipSpace()) {
      case 0x7b:
        return 'object'
      case 0x5b:
        return 'array'
      case QUOTE:
        return 'string'
      case 0x74:
        return this.#atWord('true') ? 'boolean' : 'nothing'
      case 0x66:
        return this.#atWord('false') ? 'boolean' : 'nothing'
      case 0x6e:
        return this.#atWord('null') ? 'null' : 'nothing'
      case MINUS:
        return 'number'
      default: {
        const byte = this.text[this.at]
        return byte !== undefined && byte >= ZERO && byte <= NINE ? 'number' : 'nothing'
      }
    }
  }

  /** Enters `{` or `[`, one level deeper. */
  open(bracket: '{' | '['): void {
    this.expect(bracket)
    this.#depth++
    if (this.#depth > this.#depthMax) {
      const message = `The JSON is nested deeper than ${this.#depthMax} levels.`
      throw new VectronError('JSON_TOO_DEEP', message, { field: this.path.text() })
    }
  }

  /**
   * Whether another item follows inside the brackets; reads the comma before it, or the closing
   * bracket. `first`: no item was read yet.
   */
  more(close: '}' | ']', first: boolean): boolean {
    const byte = this.#skipSpace()
    if (byte === close.charCodeAt(0)) {
      this.at++
      this.#depth--
      return false
    }
    if (first) return true
    if (byte !== 0x2c) throw this.fault(`"," or "${close}" is missing`)
    this.at++
    if (this.#skipSpace() === close.charCodeAt(0)) throw this.fault('a comma has nothing after it')
    return true
  }

  /** Reads one punctuation mark. */
  expect(mark: string): void {
    if (this.#skipSpace() !== mark.charCodeAt(0)) throw this.fault(`"${mark}" is missing`)
    this.at++
  }

  /** Reads the `null` that peek() saw. */
  takeNull(): void {
    this.at += 4
  }

  /** Reads the boolean that peek() saw. */
  readBoolean(): boolean {
    const value = this.text[this.at] === 0x74
    this.at += value ? 4 : 5
    return value
  }

  /** Reads an object's key and the colon behind it. */
  readKey(): string {
    if (this.#skipSpace() !== QUOTE) throw this.fault('a key in double quotes is missing')
    const key = this.readString()
    this.expect(':')
    return key
  }

  readString(): string {
    const start = this.at
    const escaped = this.scanString()
    if (!escaped) return this.text.toString('utf8', start + 1, this.at - 1)
    return JSON.parse(this.text.toString('utf8', start, this.at)) as string
  }

  /** Reads a string that is long and has no reason for escapes, such as base64. */
  readPlainString(): string {
    const end = this.text.indexOf(QUOTE, this.at + 1)
    const text = end < 0 ? '' : this.text.toString('latin1', this.at + 1, end)
    if (end < 0 || text.includes('\\')) return this.readString()
    this.at = end + 1
    return text
  }

  /** Passes over a string; whether it has escapes. Refuses escapes of lone surrogates. */
  scanString(): boolean {
    const { text } = this
    let escaped = false
    for (let at = this.at + 1; at < text.length; ) {
      const byte = text[at] as number
      if (byte === QUOTE) {
        this.at = at + 1
        return escaped
      }
      if (byte < 0x20) {
        this.at = at
        throw this.fault('a control character stands in a string unescaped')
      }
      if (byte === BACKSLASH) {
        escaped = true
        at = this.#scanEscape(at)
      } else {
        at++
      }
    }
    throw this.fault('a string is not closed')
  }

  /** Reads a number as the nearest double. */
  readNumber(): number {
    return Number(this.readNumberText())
  }

  /** Reads a number as it is written. */
  readNumberText(): string {
    const start = this.at
    this.#scanNumber()
    return this.text.toString('latin1', start, this.at)
  }

  /** Whether a word that other formats know as a number is next: NaN, Infinity or -Infinity. */
  atNonFinite(): boolean {
    return /^-?(NaN|Infinity|inf|nan)/.test(this.text.toString('latin1', this.at, this.at + 9))
  }

  /** Passes over any value, checking it. */
  skipValue(): void {
    switch (this.peek()) {
      case 'object':
        this.open('{')
        for (let first = true; this.more('}', first); first = false) {
          if (this.#skipSpace() !== QUOTE) throw this.fault('a key in double quotes is missing')
          this.scanString()
          this.expect(':')
          this.skipValue()
        }
        return
      case 'array':
        this.open('[')
        for (let first = true; this.more(']', first); first = false) this.skipValue()
        return
      case 'string':
        this.scanString()
        return
      case 'number':
        this.#scanNumber()
        return
      case 'boolean':
        this.readBoolean()
        return
      case 'null':
        this.takeNull()
        return
      case 'nothing':
        throw this.fault('a value is missing')
    }
  }

  /** Checks that nothing but white space is left. */
  finish(): void {
    if (this.#skipSpace() !== undefined) throw this.fault('something follows the value')
  }

  /** INVALID_JSON at the current position. */
  fault(problem: string): VectronError {
    const field = this.path.text()
    const found = this.at >= this.text.length ? 'the text ends' : `found ${this.#excerpt()}`
    const message = `The JSON is not valid at byte ${this.at}: ${problem} (${found}).`
    return new VectronError('INVALID_JSON', message, { field })
  }

  /** The next few characters, for a message. */
  #excerpt(): string {
    return JSON.stringify(this.text.toString('utf8', this.at, this.at + 12).replace(/\uFFFD$/, ''))
  }

  #skipSpace(): number | undefined {
    const { text } = this
    let byte = text[this.at]
    while (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) byte = text[++this.at]
    return byte
  }

  #atWord(word: string): boolean {
    return this.text.toString('latin1', this.at, this.at + word.length) === word
  }

  #scanEscape(backslash: number): number {
    const kind = String.fromCharCode(this.text[backslash + 1] ?? 0)
    if ('"\\/bfnrt'.includes(kind)) return backslash + 2
    const unit = kind === 'u' ? this.#hexUnit(backslash + 2) : undefined
    if (unit === undefined) {
      this.at = backslash
      throw this.fault('a string has an escape that JSON does not know')
    }
    if (unit < 0xd800 || unit > 0xdfff) return backslash + 6
    const next = this.text[backslash + 6] === BACKSLASH && this.text[backslash + 7] === 0x75
    const low = unit < 0xdc00 && next ? this.#hexUnit(backslash + 8) : undefined
    if (low !== undefined && low >= 0xdc00 && low <= 0xdfff) return backslash + 12
    const message = `A string has half of a surrogate pair at byte ${backslash}.`
    throw new VectronError('INVALID_UTF8', message, { field: this.path.text() })
  }

  #hexUnit(at: number): number | undefined {
    const digits = this.text.toString('latin1', at, at + 4)
    return /^[0-9a-fA-F]{4}$/.test(digits) ? Number.parseInt(digits, 16) : undefined
  }

  #scanNumber(): void {
    const { text } = this
    if (text[this.at] === MINUS) this.at++
    const first = this.at
    this.#scanDigits()
    if (text[first] === ZERO && this.at > first + 1) throw this.#numberFault()
    if (text[this.at] === DOT) {
      this.at++
      this.#scanDigits()
    }
    if (text[this.at] === 0x65 || text[this.at] === 0x45) {
      this.at++
      if (text[this.at] === PLUS || text[this.at] === MINUS) this.at++
      this.#scanDigits()
    }
  }

  /** Passes over one digit or more. */
  #scanDigits(): void {
    const first = this.at
    let byte = this.text[first] as number
    while (byte >= ZERO && byte <= NINE) byte = this.text[++this.at] as number
    if (this.at === first) throw this.#numberFault()
  }

  #numberFault(): VectronError {
    return this.fault('this is no number')
  }
}
