/**
 * Reads untrusted JSON field by field: what is missing, wrong or unknown is refused by its path.
 */
import { didYouMean, VectronError } from '@vectron/base'

type Fields = Readonly<Record<string, unknown>>

interface Bounds {
  readonly min: number
  readonly max: number
}

export class JsonReader {
  readonly #fields: Fields
  readonly #path: string
  readonly #known = new Set<string>()

  /** @throws VectronError FIELD_TYPE_MISMATCH unless the value is an object */
  constructor(value: unknown, path: string) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new VectronError('FIELD_TYPE_MISMATCH', `${path} must be an object.`, { field: path })
    }
    this.#fields = value as Fields
    this.#path = path
  }

  has(name: string): boolean {
    return this.#take(name) !== undefined
  }

  /** @throws VectronError MISSING_FIELD without a default, FIELD_TYPE_MISMATCH, INVALID_ARGUMENT */
  number(name: string, { min, max }: Bounds, byDefault?: number): number {
    const value = this.#take(name) ?? byDefault
    if (typeof value !== 'number' || !Number.isFinite(value)) throw this.#not(name, value, 'number')
    if (value >= min && value <= max) return value
    throw this.refuse(name, `is ${value}; it must be ${min} to ${max}`)
  }

  string(name: string, byDefault?: string): string {
    const value = this.#take(name) ?? byDefault
    if (typeof value === 'string' && value.length <= TEXT_CHARS_MAX) return value
    if (typeof value !== 'string') throw this.#not(name, value, 'string')
    throw this.refuse(name, `has ${value.length} characters; the limit is ${TEXT_CHARS_MAX}`)
  }

  choice<C extends string>(name: string, choices: readonly C[], byDefault?: C): C {
    const value = this.string(name, byDefault)
    const choice = choices.find((known) => known === value)
    if (choice !== undefined) return choice
    throw this.refuse(name, `is "${value}"; it must be one of ${choices.join(', ')}`)
  }

  boolean(name: string, byDefault?: boolean): boolean {
    const value = this.#take(name) ?? byDefault
    if (typeof value === 'boolean') return value
    throw this.#not(name, value, 'boolean')
  }

  /** A string, a finite number or a boolean. */
  scalar(name: string): string | number | boolean {
    const value = this.#take(name)
    const fits = typeof value === 'number' ? Number.isFinite(value) : isTextOrBoolean(value)
    if (fits) return value as string | number | boolean
    throw this.#not(name, value, 'string, number or boolean')
  }

  /** Each item with its path; `count` bounds how many. */
  list<T>(name: string, count: Bounds, parse: (item: unknown, path: string) => T): T[] {
    const value = this.#take(name)
    if (!Array.isArray(value)) throw this.#not(name, value, 'list')
    if (value.length < count.min || value.length > count.max) {
      throw this.refuse(
        name,
        `has ${value.length} items; it must have ${count.min} to ${count.max}`,
      )
    }
    return value.map((item: unknown, index) => parse(item, `${this.pathOf(name)}[${index}]`))
  }

  strings(name: string, count: Bounds): string[] {
    return this.list(name, count, (item, path) => {
      if (typeof item === 'string' && item !== '' && item.length <= TEXT_CHARS_MAX) return item
      throw new VectronError('FIELD_TYPE_MISMATCH', `${path} must be a text that is not empty.`, {
        field: path,
      })
    })
  }

  numbers(name: string, count: Bounds): number[] {
    return this.list(name, count, (item, path) => {
      if (typeof item === 'number' && Number.isFinite(item)) return item
      throw new VectronError('FIELD_TYPE_MISMATCH', `${path} must be a number.`, { field: path })
    })
  }

  /** All has been read. @throws VectronError UNKNOWN_FIELD */
  end(): void {
    for (const name of Object.keys(this.#fields)) {
      if (this.#known.has(name)) continue
      const hint = didYouMean(name, this.#known)
      const field = this.pathOf(name)
      throw new VectronError('UNKNOWN_FIELD', `There is no field ${field}.${hint}`, { field })
    }
  }

  pathOf(name: string): string {
    return `${this.#path}.${name}`
  }

  /** `what` goes on after the field's path. */
  refuse(name: string, what: string): VectronError {
    const field = this.pathOf(name)
    return new VectronError('INVALID_ARGUMENT', `${field} ${what}.`, { field })
  }

  #take(name: string): unknown {
    this.#known.add(name)
    return Object.hasOwn(this.#fields, name) ? this.#fields[name] : undefined
  }

  #not(name: string, value: unknown, wanted: string): VectronError {
    const field = this.pathOf(name)
    const missing = value === undefined
    return new VectronError(
      missing ? 'MISSING_FIELD' : 'FIELD_TYPE_MISMATCH',
      missing ? `${field} is missing: a ${wanted}.` : `${field} must be a ${wanted}.`,
      { field },
    )
  }
}

/** Characters of one text of parameters. */
const TEXT_CHARS_MAX = 10_000

function isTextOrBoolean(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'boolean'
}
