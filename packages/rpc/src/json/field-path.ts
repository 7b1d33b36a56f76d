/**
 * Where a reader is in a message: `points[3].vector`. Kept as parts, made into text for errors
 * only.
 */
export class FieldPath {
  readonly #parts: (string | number)[] = []

  push(part: string | number): void {
    this.#parts.push(part)
  }

  pop(): void {
    this.#parts.pop()
  }

  /** Replaces the last part: the next item of a list. */
  replace(part: string | number): void {
    this.#parts[this.#parts.length - 1] = part
  }

  /** undefined at the top. */
  text(): string | undefined {
    if (this.#parts.length === 0) return undefined
    let text = ''
    for (const part of this.#parts) {
      if (typeof part === 'number') text += `[${part}]`
      else text += text === '' ? part : `.${part}`
    }
    return text
  }

  /** The path with one more part. */
  child(part: string | number): string {
    this.push(part)
    const text = this.text() as string
    this.pop()
    return text
  }
}
