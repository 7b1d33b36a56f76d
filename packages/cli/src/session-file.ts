/**
 * The session of a person who signed in by `vectron auth login`: `<data folder>/session.json`,
 * readable by its owner alone. Its refresh token counts once, so the file is written anew with each
 * refresh, before the answer is used.
 */
import { readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { writeSecretFile } from '@vectron/base'
import { type Session, Vectron } from '@vectron/client'
import { type ConnectionFlags, findConnection } from './connection.ts'
import { CliError } from './exit-code.ts'
import { DATA_FOLDER_DEFAULT } from './profile.ts'

/** Seconds before its end that an access token is renewed. */
const EARLY_SECONDS = 30
const SECOND_MS = 1000

interface KeptSession {
  readonly url: string
  readonly accessToken: string
  readonly refreshToken: string
  /** Milliseconds since the epoch. */
  readonly endsMs: number
}

type Environment = Readonly<Record<string, string | undefined>>

export function keepSession(
  flags: ConnectionFlags,
  env: Environment,
  { accessToken, refreshToken, expiresIn }: Session,
): string {
  const file = sessionPath(flags, env)
  const url = findConnection(flags, env).url.value
  const endsMs = Date.now() + (expiresIn - EARLY_SECONDS) * SECOND_MS
  const kept: KeptSession = { url, accessToken, refreshToken, endsMs }
  writeSecretFile(file, `${JSON.stringify(kept)}\n`)
  return file
}

export function forgetSession(flags: ConnectionFlags, env: Environment): void {
  rmSync(sessionPath(flags, env), { force: true })
}

/** A client that speaks as the person who signed in, else with the key of flags or profile. */
export async function connectAsPerson(flags: ConnectionFlags, env: Environment): Promise<Vectron> {
  const { url, apiKey } = findConnection(flags, env)
  const isGiven = flags.apiKey !== undefined || (env['VECTRON_API_KEY'] ?? '') !== ''
  const kept = isGiven ? undefined : readSession(flags, env)
  if (kept === undefined || kept.url !== url.value) {
    return new Vectron({ url: url.value, apiKey: apiKey?.value })
  }
  if (kept.endsMs > Date.now()) return new Vectron({ url: url.value, apiKey: kept.accessToken })
  const session = await new Vectron({ url: url.value }).account
    .refresh(kept.refreshToken)
    .catch((error: unknown) => {
      forgetSession(flags, env)
      throw error
    })
  keepSession(flags, env, session)
  return new Vectron({ url: url.value, apiKey: session.accessToken })
}

function readSession(flags: ConnectionFlags, env: Environment): KeptSession | undefined {
  const file = sessionPath(flags, env)
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as KeptSession
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new CliError('failure', `${file} is not a session.`, 'Sign in: vectron auth login')
  }
}

function sessionPath(flags: ConnectionFlags, env: Environment): string {
  const folder = flags.data ?? env['VECTRON_DATA'] ?? DATA_FOLDER_DEFAULT
  return path.join(folder, 'session.json')
}
