/**
 * The profile: address and key of a started Vectron, in `<data folder>/profile.json`.
 *
 * The server writes it when it is ready; commands run in the same folder find it. It holds a
 * secret, so only its owner may read it.
 */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { writeSecretFile } from '@vectron/base'
import { CliError } from './exit-code.ts'

export interface Profile {
  readonly url: string
  readonly apiKey: string
}

export const DATA_FOLDER_DEFAULT = '.vectron'
/** Of `vectron cluster start`. */
export const CLUSTER_FOLDER_DEFAULT = '.vectron-cluster'
const FILE_NAME = 'profile.json'

export function profilePath(dataFolder: string): string {
  return path.join(dataFolder, FILE_NAME)
}

/** Writes the profile; an older one is replaced. */
export function writeProfile(dataFolder: string, profile: Profile): void {
  writeSecretFile(profilePath(dataFolder), `${JSON.stringify(profile, undefined, 2)}\n`)
}

/** The profile of a data folder; undefined when it has none. */
export function readProfile(dataFolder: string): Profile | undefined {
  const file = profilePath(dataFolder)
  const text = readIfPresent(file)
  if (text === undefined) return undefined
  const value = parseJson(text)
  if (typeof value?.['url'] === 'string' && typeof value['apiKey'] === 'string') {
    return { url: value['url'], apiKey: value['apiKey'] }
  }
  throw new CliError('failure', `${file} is not a profile.`, 'Delete it and start Vectron again.')
}

function readIfPresent(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function parseJson(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
