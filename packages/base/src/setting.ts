/**
 * Kinds of settings: how one value of the configuration is read and described.
 *
 * Each kind takes a TOML value as well as text (from the environment or a flag).
 */

/** What became of a raw value. */
export type ParsedSetting<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly expected: string }

export interface Setting<T> {
  readonly default: T
  /** One phrase: what it is, with its unit. */
  readonly describe: string
  /** Never shown. */
  readonly secret: boolean
  parse(raw: unknown): ParsedSetting<T>
}

interface SettingOptions<T> {
  readonly default: T
  readonly describe: string
}

const ok = <T>(value: T): ParsedSetting<T> => ({ ok: true, value })
const refused = (expected: string) => ({ ok: false, expected }) as const

export function stringSetting(
  options: SettingOptions<string> & { readonly secret?: boolean },
): Setting<string> {
  return {
    default: options.default,
    describe: options.describe,
    secret: options.secret ?? false,
    parse: (raw) => (typeof raw === 'string' ? ok(raw) : refused('a string')),
  }
}

/** A text of a certain form. */
export function patternSetting(
  options: SettingOptions<string> & {
    /** What it looks like, for people: `host:port`. */
    readonly item: string
    readonly matches: RegExp
  },
): Setting<string> {
  const { item, matches } = options
  return {
    default: options.default,
    describe: options.describe,
    secret: false,
    parse: (raw) => (typeof raw === 'string' && matches.test(raw) ? ok(raw) : refused(item)),
  }
}

export function integerSetting(
  options: SettingOptions<number> & { readonly min: number; readonly max: number },
): Setting<number> {
  const { min, max } = options
  return {
    default: options.default,
    describe: options.describe,
    secret: false,
    parse(raw) {
      const value = typeof raw === 'string' && raw.trim() !== '' ? Number(raw) : raw
      const fits = typeof value === 'number' && Number.isInteger(value)
      if (fits && value >= min && value <= max) return ok(value)
      return refused(`an integer between ${min} and ${max}`)
    },
  }
}

export function booleanSetting(options: SettingOptions<boolean>): Setting<boolean> {
  return {
    default: options.default,
    describe: options.describe,
    secret: false,
    parse(raw) {
      if (raw === true || raw === 'true') return ok(true)
      if (raw === false || raw === 'false') return ok(false)
      return refused('true or false')
    },
  }
}

export function choiceSetting<const C extends string>(
  options: SettingOptions<C> & { readonly choices: readonly C[] },
): Setting<C> {
  return {
    default: options.default,
    describe: options.describe,
    secret: false,
    parse(raw) {
      const choice = options.choices.find((known) => known === raw)
      return choice === undefined ? refused(`one of ${options.choices.join(', ')}`) : ok(choice)
    },
  }
}

/** Several texts: an array in TOML, with commas between in the environment and in flags. */
export function listSetting(
  options: SettingOptions<readonly string[]> & {
    /** What one item looks like, for people: `host:port`. */
    readonly item: string
    readonly matches: RegExp
    /** Default: 0. */
    readonly countMin?: number
  },
): Setting<readonly string[]> {
  const { item, matches, countMin = 0 } = options
  return {
    default: options.default,
    describe: options.describe,
    secret: false,
    parse(raw) {
      const items = typeof raw === 'string' ? splitItems(raw) : raw
      const fits = (one: unknown) => typeof one === 'string' && matches.test(one)
      const isList = Array.isArray(items) && items.every(fits)
      if (isList && items.length >= countMin) return ok(items as string[])
      return refused(
        countMin === 0 ? `a list of ${item}` : `a list of at least ${countMin} ${item}`,
      )
    },
  }
}

function splitItems(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
}
