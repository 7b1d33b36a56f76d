/** Settings of the server: flags over the environment over a TOML file over defaults. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { type LoadedConfig, loadConfig } from '@vectron/base'
import { STANDALONE_SETTINGS, type StandaloneConfig } from '@vectron/process'
import type { StartFlags } from '../commands/start.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** Setting that each flag stands for. */
const FLAG_PATHS = [
  { path: 'http.port', flag: '--port', value: (flags: StartFlags) => flags.port },
  { path: 'grpc.port', flag: '--grpc-port', value: (flags: StartFlags) => flags.grpcPort },
  { path: 'http.host', flag: '--host', value: (flags: StartFlags) => flags.host },
  { path: 'data.folder', flag: '--data', value: (flags: StartFlags) => flags.data },
] as const

/** All settings with their origins, the data folder as an absolute path. */
export function loadSettingsWithOrigins(
  flags: StartFlags,
  env: Environment,
): LoadedConfig<typeof STANDALONE_SETTINGS> {
  const file = flags.config
  return loadConfig(STANDALONE_SETTINGS, {
    file: file === undefined ? undefined : { path: file, text: readFileSync(file, 'utf8') },
    env,
    flags: FLAG_PATHS.flatMap(({ path: setting, flag, value }) => {
      const text = value(flags)
      return text === undefined ? [] : [{ path: setting, flag, value: text }]
    }),
  })
}

/** Settings to start with; a temporary data folder stands in for the configured one. */
export function loadSettings(
  flags: StartFlags,
  env: Environment,
  temporaryFolder: string | undefined,
): StandaloneConfig {
  const { values } = loadSettingsWithOrigins(flags, env)
  const folder = temporaryFolder ?? path.resolve(values.data.folder)
  return { ...values, data: { ...values.data, folder } }
}
