/**
 * A Vectron of its own process with something in it, to send nonsense to.
 *
 * Collections that the nonsense creates are dropped as they appear, so that memory which grows is a
 * leak and no data.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { sleep, systemClock } from '@vectron/base'
import { VectronProcess } from '@vectron/testkit'

/** Dimensions are small, so that vectors drawn at random fit now and then. */
const COLLECTIONS = [
  { name: 'one', dimension: 1, metric: 'l2' },
  { name: 'two', dimension: 2, metric: 'cosine' },
  { name: 'words', embedder: 'glove-sif-100', metric: 'cosine' },
]
const SWEEP_MS = 1000
const POINTS = 200
/** Longer than the throttle of log-ins asks for. */
const WAIT_SECONDS_MAX = 1000

/** Who sends the nonsense; each fails at other places. */
export const ROLES = ['owner', 'reader', 'person'] as const
export type Role = (typeof ROLES)[number]

export interface FuzzedVectron {
  readonly process: VectronProcess
  /** A credential: the key of the owner, one that may only read, or the token of a new account. */
  credential(role: Role): Promise<string>
  /** Values of path parameters that exist, by name. */
  readonly known: Readonly<Record<string, readonly string[]>>
  close(): Promise<void>
}

export async function startFuzzedVectron(): Promise<FuzzedVectron> {
  const data = mkdtempSync(path.join(tmpdir(), 'vectron-fuzz-'))
  const running = await VectronProcess.start({ data })
  try {
    const { accessToken, profile } = await register(running, 'first')
    const { projectId } = profile.projects[0]
    const keys = `/v1/auth/projects/${projectId}/keys`
    const reader = await ask(running, accessToken, 'POST', keys, { name: 'r', role: 'reader' })
    await fill(running, running.apiKey)
    await fill(running, accessToken)
    const sweeping = sweep(running)
    let people = 0
    return {
      process: running,
      credential: async (role) => {
        switch (role) {
          case 'owner':
            return running.apiKey
          case 'reader':
            return reader.text
          case 'person':
            return (await register(running, `person${people++}`)).accessToken
        }
      },
      known: {
        collection: COLLECTIONS.map(({ name }) => name),
        id: ['p0', 'p1', 'p2'],
        shardId: ['1', '2'],
        workerId: ['1'],
        projectId: [projectId],
        keyId: [reader.key.keyId],
      },
      close: async () => {
        sweeping.stop()
        await running.stop()
        rmSync(data, { recursive: true, force: true })
      },
    }
  } catch (error) {
    await running.kill()
    throw error
  }
}

function register(running: VectronProcess, name: string) {
  const account = { email: `${name}@example.org`, password: 'correct horse battery' }
  return ask(running, '', 'POST', '/v1/auth/register', account)
}

async function fill(running: VectronProcess, credential: string): Promise<void> {
  const payloadSchema = { kind: 'keyword', size: 'integer', at: 'datetime' }
  for (const collection of COLLECTIONS) {
    await ask(running, credential, 'POST', '/v1/collections', { ...collection, payloadSchema })
    const points = Array.from({ length: POINTS }, (_, i) => toPoint(collection.dimension, i))
    const route = `/v1/collections/${collection.name}/points:upsert`
    await ask(running, credential, 'POST', route, { points })
  }
}

function toPoint(dimension: number | undefined, i: number) {
  const payload = { kind: `k${i % 5}`, size: i, at: '2024-05-01T00:00:00Z' }
  if (dimension === undefined) return { id: `p${i}`, text: `dog number ${i}`, payload }
  return { id: `p${i}`, vector: Array.from({ length: dimension }, (_, at) => i + at + 1), payload }
}

/**
 * The answer, which must be 200. No credential: ''. What was sent before may have used up what this
 * address may try: then it waits as long as it is told to.
 */
async function ask(
  running: VectronProcess,
  credential: string,
  method: string,
  route: string,
  body: unknown,
  // biome-ignore lint/suspicious/noExplicitAny: a JSON answer
): Promise<any> {
  for (;;) {
    const response = await fetch(`${running.url}${route}`, {
      method,
      headers: {
        'content-type': 'application/json',
        ...(credential === '' ? {} : { authorization: `Bearer ${credential}` }),
      },
      body: JSON.stringify(body),
    })
    const text = await response.text()
    if (response.status === 200) return JSON.parse(text)
    const waitSeconds = Number(response.headers.get('retry-after') ?? Infinity)
    if (response.status !== 429 || waitSeconds > WAIT_SECONDS_MAX) {
      throw new Error(`${method} ${route}: ${response.status} ${text}`)
    }
    await sleep(systemClock, 1000 * waitSeconds)
  }
}

/** Drops what is not ours. A request that fails is the fuzzing's to report, not this one's. */
function sweep(running: VectronProcess): { stop(): void } {
  const ours = new Set(COLLECTIONS.map(({ name }) => name))
  let busy = false
  const once = async () => {
    const { body } = await running.request('GET', '/v1/collections?pageSize=1000')
    for (const { name } of body?.collections ?? []) {
      if (!ours.has(name)) await running.request('DELETE', `/v1/collections/${name}`)
    }
  }
  const timer = setInterval(() => {
    if (busy) return
    busy = true
    once()
      .catch(() => undefined)
      .finally(() => {
        busy = false
      })
  }, SWEEP_MS)
  return { stop: () => clearInterval(timer) }
}
