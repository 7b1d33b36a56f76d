/**
 * Which Vectron a command talks to, and with which key: flags, then the environment, then the
 * profile of a data folder, then the default address. Each value tells where it came from.
 */
import { existsSync } from 'node:fs'
import { Vectron } from '@vectron/client'
import { CLUSTER_FOLDER_DEFAULT, DATA_FOLDER_DEFAULT, profilePath, readProfile } from './profile.ts'

export const URL_DEFAULT = 'http://127.0.0.1:6180'

export interface ConnectionFlags {
  readonly url?: string
  readonly apiKey?: string
  /** Data folder whose profile is read. */
  readonly data?: string
}

/** A value, and the flag, variable or file that gave it. */
export interface Setting {
  readonly value: string
  readonly origin: string
}

export interface Connection {
  readonly url: Setting
  readonly apiKey: Setting | undefined
}

type Environment = Readonly<Record<string, string | undefined>>

/** Finds address and key. A key is never taken from a profile of another address. */
export function findConnection(flags: ConnectionFlags, env: Environment): Connection {
  const folder = flags.data ?? env['VECTRON_DATA'] ?? folderHere()
  const profile = readProfile(folder)
  const origin = profilePath(folder)
  const url = setting(flags.url, '--url') ??
    setting(env['VECTRON_URL'], 'VECTRON_URL') ??
    setting(profile?.url, origin) ?? { value: URL_DEFAULT, origin: 'default' }
  const apiKey =
    setting(flags.apiKey, '--api-key') ??
    setting(env['VECTRON_API_KEY'], 'VECTRON_API_KEY') ??
    setting(profile?.url === url.value ? profile.apiKey : undefined, origin)
  return { url, apiKey }
}

/** The folder of `vectron start`, or else that of `vectron cluster start`. */
function folderHere(): string {
  const hasProfile = (folder: string) => existsSync(profilePath(folder))
  return [DATA_FOLDER_DEFAULT, CLUSTER_FOLDER_DEFAULT].find(hasProfile) ?? DATA_FOLDER_DEFAULT
}

/** A client for what the flags and the environment name. */
export function connect(flags: ConnectionFlags, env: Environment): Vectron {
  const { url, apiKey } = findConnection(flags, env)
  return new Vectron({ url: url.value, apiKey: apiKey?.value })
}

function setting(value: string | undefined, origin: string): Setting | undefined {
  return value === undefined || value === '' ? undefined : { value, origin }
}
