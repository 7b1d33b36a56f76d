/**
 * A whole Vectron in the test's process, over a temporary folder, for tests that speak to it by
 * both protocols. Its one embedder counts letters, so that texts have vectors whose nearness is
 * plain.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLogger, LIMITS, VectronError } from '@vectron/base'
import { GrpcChannel } from '@vectron/rpc'
import { startVectron } from '@vectron/standalone-service'

/** Name and dimension of the embedder of these tests. */
export const LETTERS = { name: 'letters', dimension: 26 } as const

export interface TestVectron {
  readonly url: string
  readonly grpcAddress: string
  readonly key: string
  /** A connection that brings the key. */
  readonly channel: GrpcChannel
  /** Signs in as the owner, once. */
  createSignInLink(): Promise<string>
  /** What was logged at error level. */
  readonly errors: readonly string[]
  close(): Promise<void>
}

/** Over the folder given, which is the caller's to remove; over one of its own otherwise. */
export async function startTestVectron(
  given?: string,
  {
    slowQueryMs = 60_000,
    consoleFolder = '',
  }: { readonly slowQueryMs?: number; readonly consoleFolder?: string } = {},
): Promise<TestVectron> {
  const folder = given ?? (await mkdtemp(join(tmpdir(), 'vectron-conformance-')))
  const errors: string[] = []
  const running = await startVectron({
    config: {
      http: { host: '127.0.0.1', port: 0, corsOrigins: [] },
      grpc: { port: 0 },
      console: { serve: true, folder: consoleFolder },
      data: { folder, reserveBytes: 2 * LIMITS.diskReserveBytes },
      // The engine's threads are set once in a process, which may start over a folder again.
      engine:
        given === undefined
          ? { searchThreads: 1, indexThreads: 1, tailPointsMax: LIMITS.tailPointsMax }
          : { searchThreads: 0, indexThreads: 0, tailPointsMax: LIMITS.tailPointsMax },
      log: { level: 'error' },
      limits: { connections: 1000, connectionsPerAddress: 1000, bodiesMib: 512, queueMs: 1000 },
      slowQueries: { thresholdMs: slowQueryMs },
      tracing: { endpoint: '', samplePercent: 100 },
      cache: { mib: 8, eventualAgeMs: 1000 },
      rerank: {
        cacheMib: 8,
        models: '',
        onnxModel: '',
        httpEndpoint: '',
        httpModel: '',
        httpKey: '',
      },
      store: {
        kind: 'embedded',
        etcdEndpoints: [],
        etcdPrefix: '',
        etcdTls: 'off',
        etcdCa: '',
        etcdCert: '',
        etcdKey: '',
        masterKeyFile: '',
      },
      accounts: { registration: 'open', issuer: 'vectron' },
    },
    embedders: [{ ...LETTERS, embed: async (texts) => texts.map(countLetters) }],
    version: '0.0.0-test',
    logger: createLogger({
      name: 'conformance',
      level: 'error',
      write: (line) => errors.push(line),
    }),
    onFatal: (error) => {
      throw error
    },
  })
  const { text: key } = await running.auth.createOwnerKey('conformance')
  const headers = { authorization: `Bearer ${key}` }
  const channel = new GrpcChannel(running.grpcAddress, { headers })
  return {
    url: running.httpUrl,
    grpcAddress: running.grpcAddress,
    key,
    channel,
    createSignInLink: () => running.auth.createSignInLink(),
    errors,
    async close() {
      channel.close()
      await running.close()
      if (given === undefined) await rm(folder, { recursive: true })
    },
  }
}

function countLetters(text: string): Float32Array {
  const vector = new Float32Array(LETTERS.dimension)
  for (const letter of text.toLowerCase()) {
    const index = letter.charCodeAt(0) - 97
    if (index in vector) vector[index] = (vector[index] as number) + 1
  }
  if (vector.every((count) => count === 0)) {
    throw new VectronError('TEXT_NOT_UNDERSTOOD', `"${text}" has no letter.`)
  }
  return vector
}
