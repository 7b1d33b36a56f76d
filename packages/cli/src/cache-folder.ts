/**
 * Where everything lies that can be made again: the text model, compiled code, states of imports.
 */
import path from 'node:path'
import { fileURLToPath } from 'node:url'

type Environment = Readonly<Record<string, string | undefined>>

/** Under the clone; VECTRON_CACHE names another. */
export function cacheFolder(env: Environment): string {
  return env['VECTRON_CACHE'] ?? fileURLToPath(new URL('../../../.cache', import.meta.url))
}

/** Folder of the text model. */
export function modelFolder(env: Environment): string {
  return path.join(cacheFolder(env), 'embed')
}
