/**
 * Runs the server until it is stopped: settings, data folder, parts, key, banner, demo, signals.
 *
 * Owns the order of these, and that a temporary data folder is removed. Leaves what runs to the
 * standalone service.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { isVectronError } from '@vectron/base'
import { Vectron } from '@vectron/client'
import { GloveSifEmbedder } from '@vectron/embed'
import { type StandaloneConfig, untilStopped } from '@vectron/process'
import { type RunningVectron, startVectron } from '@vectron/standalone-service'
import { modelFolder } from '../cache-folder.ts'
import type { StartFlags } from '../commands/start.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../exit-code.ts'
import { profilePath, readProfile, writeProfile } from '../profile.ts'
import { VERSION } from '../version.ts'
import { bannerLines, readyLine, type StartedServer } from './banner.ts'
import { loadDemoOnce } from './load-demo.ts'
import { loadSettings } from './settings.ts'

const MILLISECONDS_PER_SECOND = 1000

export async function runStart(flags: StartFlags, context: CliContext): Promise<void> {
  const { terminal, env } = context
  const temporary = flags.ephemeral ? mkdtempSync(path.join(tmpdir(), 'vectron-')) : undefined
  try {
    const config = loadSettings(flags, env, temporary)
    const embedder = new GloveSifEmbedder({
      cacheFolder: modelFolder(env),
      onBuildProgress: ({ bytesRead, bytesTotal }) =>
        terminal.status(`text model: ${Math.floor((100 * bytesRead) / bytesTotal)} %, once`),
    })
    const stop = untilStopped((text) => terminal.note(text))
    const running = await open(config, embedder, stop.fail)
    try {
      const server = await describeServer(running, config, flags)
      writeProfile(config.data.folder, { url: server.url, apiKey: server.apiKey })
      if (flags.json) terminal.out(readyLine(server))
      else for (const line of bannerLines(server, terminal)) terminal.out(line)
      await serve({ flags, context, server, embedder, stop })
    } finally {
      terminal.status(undefined)
      await running.close()
    }
    if (!flags.json) terminal.note('Stopped.')
  } finally {
    if (temporary) rmSync(temporary, { recursive: true, force: true })
  }
}

/** Serves, and loads the demo meanwhile, until a signal or a fatal error. */
async function serve(parts: {
  readonly flags: StartFlags
  readonly context: CliContext
  readonly server: StartedServer
  readonly embedder: GloveSifEmbedder
  readonly stop: ReturnType<typeof untilStopped>
}): Promise<void> {
  const { flags, context, server, embedder, stop } = parts
  const { url, apiKey, dataFolder } = server
  const demo = flags.demo
    ? loadDemoOnce({
        vectron: new Vectron({ url, apiKey }),
        terminal: context.terminal,
        dataFolder,
        prepare: () => embedder.prepare(),
        signal: stop.signal,
      })
    : Promise.resolve()
  await stop.stopped
  await demo
}

async function open(
  config: StandaloneConfig,
  embedder: GloveSifEmbedder,
  onFatal: (error: unknown) => void,
): Promise<RunningVectron> {
  try {
    return await startVectron({ config, embedders: [embedder], version: VERSION, onFatal })
  } catch (error) {
    throw explainStart(error, config)
  }
}

async function describeServer(
  running: RunningVectron,
  config: StandaloneConfig,
  flags: StartFlags,
): Promise<StartedServer> {
  const folder = config.data.folder
  return {
    version: VERSION,
    url: running.httpUrl,
    grpcAddress: running.grpcAddress,
    apiKey: await findKey(running, folder),
    signInToken: (await running.auth.isOwnerSettled())
      ? undefined
      : await running.auth.createSignInLink(),
    profile: profilePath(folder),
    dataFolder: folder,
    isKept: !flags.ephemeral,
    hasDemo: flags.demo,
    clusterId: running.clusterId,
    readySeconds: performance.now() / MILLISECONDS_PER_SECOND,
  }
}

/** The key of the profile while it is in force; only hashes are stored, so else a new one. */
async function findKey({ auth }: RunningVectron, dataFolder: string): Promise<string> {
  const kept = readProfile(dataFolder)?.apiKey
  if (kept !== undefined && (await auth.isInForce(kept))) return kept
  return (await auth.createOwnerKey('made at start')).text
}

/** What keeps Vectron from starting, with the flag that helps. */
function explainStart(error: unknown, config: StandaloneConfig): unknown {
  const cause = rootCause(error)
  if (cause.code === 'EADDRINUSE' || cause.code === 'EACCES') {
    const isGrpc = (cause.port ?? portIn(error)) === config.grpc.port
    const flag = isGrpc ? '--grpc-port' : '--port'
    const port = isGrpc ? config.grpc.port : config.http.port
    const why = cause.code === 'EACCES' ? 'may not be used' : 'is in use'
    return new CliError(
      'conflict',
      `Port ${port} ${why}.`,
      `Choose another with ${flag}, such as ${flag} ${port + 10}; ${flag} 0 takes any free one.`,
    )
  }
  if (isVectronError(error, 'DATA_IN_USE')) {
    return new CliError('conflict', error.message, 'Choose another folder with --data.')
  }
  return error
}

interface SystemError {
  readonly code?: string
  readonly port?: number
}

/** The system's own error at the bottom of a chain of causes. */
function rootCause(error: unknown): SystemError {
  for (let one = error; one instanceof Error; one = one.cause) {
    if ('code' in one) return one as SystemError
  }
  return {}
}

/** grpc-js tells the port only in its message. */
function portIn(error: unknown): number | undefined {
  const match = /:(\d{1,5})\b/.exec(error instanceof Error ? error.message : '')
  return match ? Number(match[1]) : undefined
}
