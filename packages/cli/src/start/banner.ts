/**
 * What `vectron start` prints when it is ready: addresses, a key to paste, and what to type next.
 */
import path from 'node:path'
import type { Terminal } from '../terminal.ts'

export interface StartedServer {
  readonly version: string
  readonly url: string
  readonly grpcAddress: string
  readonly apiKey: string
  /** Signs in as the owner, once; absent when the owner has a password. */
  readonly signInToken: string | undefined
  /** File that holds address and key for the CLI. */
  readonly profile: string
  readonly dataFolder: string
  /** false: the data is removed at the end. */
  readonly isKept: boolean
  readonly hasDemo: boolean
  readonly clusterId: string
  /** From the start of the process. */
  readonly readySeconds: number
}

const LABEL_WIDTH = 9

export function bannerLines(server: StartedServer, terminal: Terminal): string[] {
  const line = (label: string, value: string, remark = '') =>
    `  ${terminal.bold(label.padEnd(LABEL_WIDTH))}${value}${remark && `  ${terminal.dim(remark)}`}`
  const { url, isKept, hasDemo } = server
  return [
    '',
    terminal.bold(`Vectron ${server.version} ready in ${server.readySeconds.toFixed(1)} s`),
    line('Console', consoleLink(server), consoleRemark(server)),
    line('API', url, 'HTTP/JSON'),
    line('gRPC', server.grpcAddress, 'with reflection and health'),
    line('API key', server.apiKey, `saved in ${shortPath(server.profile)}`),
    isKept
      ? line('Data', shortPath(server.dataFolder), 'kept; --ephemeral starts without')
      : line('Data', server.dataFolder, 'temporary: REMOVED when Vectron stops'),
    line('Docs', `${url}/openapi.json`, 'metrics at /metrics, health at /readyz'),
    line('Cluster', server.clusterId),
    '',
    ...(isKept ? [] : environmentLines(server)),
    hasDemo
      ? 'Try  npx vectron search dictionary "a young dog"'
      : 'Try  npx vectron collection create notes --embedder glove-sif-100',
    ...(hasDemo ? ['     or by curl:', ...curlLines(server)] : []),
    terminal.dim('Ctrl-C stops'),
    '',
  ]
}

/** Signs the owner in, once, until the owner has a password. */
export function consoleLink({
  url,
  signInToken,
}: Pick<StartedServer, 'url' | 'signInToken'>): string {
  return signInToken === undefined ? url : `${url}/?code=${signInToken}`
}

function consoleRemark({ signInToken }: StartedServer): string {
  return signInToken === undefined ? 'sign in with your password' : 'signs you in, once'
}

/** One line for programs. */
export function readyLine(server: StartedServer): string {
  return JSON.stringify({
    event: 'ready',
    version: server.version,
    url: server.url,
    grpc: server.grpcAddress,
    apiKey: server.apiKey,
    console: consoleLink(server),
    data: server.dataFolder,
    kept: server.isKept,
    clusterId: server.clusterId,
    pid: process.pid,
  })
}

/** Commands in other terminals do not find a temporary folder's profile. */
function environmentLines({ url, apiKey }: StartedServer): string[] {
  return [`In another terminal first:  export VECTRON_URL=${url} VECTRON_API_KEY=${apiKey}`, '']
}

function curlLines({ url, apiKey }: StartedServer): string[] {
  return [
    `     curl -s ${url}/v1/collections/dictionary/points:search \\`,
    `       -H 'authorization: Bearer ${apiKey}' -H 'content-type: application/json' \\`,
    `       -d '{"text": "a young dog", "topK": 3}'`,
  ]
}

/** Relative where that is shorter. */
function shortPath(file: string): string {
  const relative = `.${path.sep}${path.relative(process.cwd(), file)}`
  return relative.length < file.length ? relative : file
}
