/**
 * Configuration of one process: typed sections of settings, each value with its origin.
 *
 * A process declares its settings once; their values come from, in rising order: defaults, a TOML
 * file, the environment (`VECTRON__SECTION__KEY`), flags. An unknown name from any of them is an
 * error with a suggestion, never ignored. Leaves the meaning of the settings to who declares them.
 */
import { parse as parseToml, stringify as stringifyToml, TomlError } from 'smol-toml'
import { didYouMean } from './did-you-mean.ts'
import { VectronError } from './errors.ts'
import type { Setting } from './setting.ts'

const ENV_PREFIX = 'VECTRON__'

/** Sections of settings: `{ http: { port: integer({...}) } }`. */
export type ConfigSpec = Readonly<Record<string, Readonly<Record<string, Setting<unknown>>>>>

/** The values of a spec. */
export type ConfigValues<S extends ConfigSpec> = {
  readonly [Section in keyof S]: {
    readonly [Key in keyof S[Section]]: S[Section][Key] extends Setting<infer T> ? T : never
  }
}

export interface ConfigSources {
  /** A TOML file's name and text. */
  readonly file?: { readonly path: string; readonly text: string } | undefined
  /** Usually process.env; only `VECTRON__SECTION__KEY` is looked at. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Flags already parsed: the setting's path, the flag as typed (for messages), and its text. */
  readonly flags?: readonly ConfigFlag[]
}

export interface ConfigFlag {
  /** `section.key`. */
  readonly path: string
  /** For instance `--port`. */
  readonly flag: string
  readonly value: string
}

export interface LoadedConfig<S extends ConfigSpec> {
  readonly values: ConfigValues<S>
  /** Where each value came from, by `section.key`: `default`, `file ...`, `env ...`, `flag ...`. */
  readonly origins: ReadonlyMap<string, string>
}

interface Candidate {
  readonly path: string
  readonly raw: unknown
  readonly origin: string
}

/** Reads all sources. Throws INVALID_ARGUMENT naming the value at fault and its origin. */
export function loadConfig<S extends ConfigSpec>(spec: S, sources: ConfigSources): LoadedConfig<S> {
  const settings = flatten(spec)
  const values = new Map([...settings].map(([path, setting]) => [path, setting.default]))
  const origins = new Map([...settings.keys()].map((path) => [path, 'default']))
  const candidates = [
    ...candidatesOfFile(sources.file),
    ...candidatesOfEnv(sources.env ?? {}, [...settings.keys()]),
    ...candidatesOfFlags(sources.flags ?? []),
  ]
  for (const { path, raw, origin } of candidates) {
    const setting = settings.get(path)
    if (setting === undefined) throw unknownSetting(path, origin, settings.keys())
    values.set(path, parseSetting(setting, raw, path, origin))
    origins.set(path, origin)
  }
  return { values: unflatten(spec, values), origins }
}

/** All settings with their values, origins and descriptions, one line each, for `config show`. */
export function describeConfig<S extends ConfigSpec>(spec: S, loaded: LoadedConfig<S>): string[] {
  const lines: string[] = []
  for (const [section, settings] of Object.entries(spec)) {
    for (const [key, setting] of Object.entries(settings)) {
      const path = `${section}.${key}`
      const value = setting.secret ? '[secret]' : JSON.stringify(loaded.values[section]?.[key])
      lines.push(`${path} = ${value}  # ${setting.describe} (${loaded.origins.get(path)})`)
    }
  }
  return lines
}

/**
 * All settings as a TOML file that gives the same values again; remarks tell what each is and where
 * its value came from. A secret is left out.
 */
export function formatToml<S extends ConfigSpec>(spec: S, loaded: LoadedConfig<S>): string {
  const sections = Object.entries(spec).map(([section, settings]) => {
    const lines = Object.entries(settings).map(([key, setting]) => {
      const remark = `# ${setting.describe} (${loaded.origins.get(`${section}.${key}`)})`
      if (setting.secret) return `${remark}\n# ${key} = [secret]`
      return `${remark}\n${stringifyToml({ [key]: loaded.values[section]?.[key] }).trimEnd()}`
    })
    return [`[${section}]`, ...lines, ''].join('\n')
  })
  return sections.join('\n').trimEnd()
}

/** One setting, as a table of a document shows it. */
export interface SettingRow {
  /** `section.key`. */
  readonly path: string
  readonly env: string
  /** As it would stand in TOML; empty for a secret. */
  readonly default: string
  readonly describe: string
}

/** All settings of a spec, in its order. */
export function listSettings(spec: ConfigSpec): SettingRow[] {
  return [...flatten(spec)].map(([path, setting]) => ({
    path,
    env: envName(path),
    default: setting.secret ? '' : JSON.stringify(setting.default),
    describe: setting.describe,
  }))
}

function flatten(spec: ConfigSpec): Map<string, Setting<unknown>> {
  const settings = new Map<string, Setting<unknown>>()
  for (const [section, keys] of Object.entries(spec)) {
    for (const [key, setting] of Object.entries(keys)) settings.set(`${section}.${key}`, setting)
  }
  return settings
}

function unflatten<S extends ConfigSpec>(spec: S, values: Map<string, unknown>): ConfigValues<S> {
  const sections = Object.entries(spec).map(([section, keys]) => {
    const pairs = Object.keys(keys).map((key) => [key, values.get(`${section}.${key}`)])
    return [section, Object.fromEntries(pairs)]
  })
  return Object.fromEntries(sections)
}

function candidatesOfFile(file: ConfigSources['file']): Candidate[] {
  if (file === undefined) return []
  const origin = `file ${file.path}`
  return Object.entries(parseFile(file.path, file.text)).flatMap(([section, keys]) => {
    if (typeof keys !== 'object' || keys === null || Array.isArray(keys)) {
      throw invalid(`"${section}" in ${file.path} stands outside a [section].`, section)
    }
    return Object.entries(keys).map(([key, raw]) => ({ path: `${section}.${key}`, raw, origin }))
  })
}

function parseFile(path: string, text: string): Record<string, unknown> {
  try {
    return parseToml(text)
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause
    const where = `${path}:${cause.line}:${cause.column}`
    throw new VectronError('INVALID_ARGUMENT', `${where} is not valid TOML.`, {
      subject: path,
      cause,
    })
  }
}

function candidatesOfEnv(
  env: Readonly<Record<string, string | undefined>>,
  paths: readonly string[],
): Candidate[] {
  const byName = new Map(paths.map((path) => [envName(path), path]))
  return Object.entries(env).flatMap(([name, raw]) => {
    if (!name.startsWith(ENV_PREFIX) || raw === undefined) return []
    const path = byName.get(name)
    if (path === undefined) {
      throw invalid(`Unknown setting ${name}.${didYouMean(name, byName.keys())}`, name)
    }
    return [{ path, raw, origin: `env ${name}` }]
  })
}

function candidatesOfFlags(flags: readonly ConfigFlag[]): Candidate[] {
  return flags.map(({ path, flag, value }) => ({ path, raw: value, origin: `flag ${flag}` }))
}

/** `http.idleTimeoutMs` is `VECTRON__HTTP__IDLE_TIMEOUT_MS`. */
function envName(path: string): string {
  const upper = path
    .split('.')
    .map((part) => part.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase())
  return ENV_PREFIX + upper.join('__')
}

function parseSetting(
  setting: Setting<unknown>,
  raw: unknown,
  path: string,
  origin: string,
): unknown {
  const parsed = setting.parse(raw)
  if (parsed.ok) return parsed.value
  const shown = setting.secret ? 'value' : JSON.stringify(raw)
  throw invalid(`${path} (${origin}): ${shown} is not ${parsed.expected}.`, path)
}

function unknownSetting(path: string, origin: string, known: Iterable<string>): VectronError {
  return invalid(`Unknown setting ${path} (${origin}).${didYouMean(path, known)}`, path)
}

function invalid(message: string, field: string): VectronError {
  return new VectronError('INVALID_ARGUMENT', message, { field })
}
