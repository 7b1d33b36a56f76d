/**
 * `bench auth`: what identity costs.
 *
 * - Microseconds of a request until a remembered credential is known.
 * - Log-ins per second, each with the right password.
 * - From the answer to a revocation to the last request that a gateway accepted with the key, over
 *   the store of one file and over etcd.
 * - Latency of searches while nobody else calls, and while passwords are sprayed over many accounts
 *   from many addresses, so that no wait of an account or address holds the guesser back.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openAuth, openSqliteStore } from '@vectron/auth-service'
import { createLogger, NO_AUDIT_LOG, systemClock, systemRandom } from '@vectron/base'
import { auth, vectron } from '@vectron/contracts'
import { authenticate, CredentialCache } from '@vectron/gateway-service'
import { type CallContext, createInProcessClient } from '@vectron/rpc'
import { startEtcd, VectronProcess } from '@vectron/testkit'
import { ask, loopbackAddress, mustAsk } from './auth-requests.ts'
import type { BenchOptions } from './bench-options.ts'
import type { Child } from './child.ts'
import type { SearchRun } from './client-process.ts'
import { ClusterRun, pause } from './cluster-run.ts'
import { median, quantileOf } from './curve.ts'
import type { Report } from './report.ts'
import { startServerRun } from './server-run.ts'
import { openWords } from './words.ts'

const PASSWORD = 'correct horse battery staple'
const SIZES = {
  full: { cached: 200_000, logIns: 400, revocations: 200, searches: 4000 },
  small: { cached: 5000, logIns: 8, revocations: 3, searches: 100 },
} as const
/** Log-ins under way at a time. */
const LOG_INS_AT_ONCE = 4
/** Wrong passwords under way at a time: more than hashes are computed and queued. */
const SPRAYERS = 96
const BATCHES = 10
/** Milliseconds between the first use of a key and its revocation. */
const USED_MS = 20

export async function benchAuth(options: BenchOptions): Promise<Report> {
  const { size, note } = options
  const counts = SIZES[size]
  const cachedUs = await measureCached(counts.cached)
  note(`a remembered credential: ${cachedUs.toFixed(2)} us`)
  const logInsPerSecond = await measureLogIns(counts.logIns)
  note(`log-ins: ${logInsPerSecond.toFixed(1)} a second`)
  const sqlite = await measureRevocations(counts.revocations)
  note('revocations over the store of one file')
  const etcd = hasEtcd() ? await measureRevocationsOverEtcd(counts.revocations) : undefined
  note('revocations over etcd')
  const spraying = await measureSpraying(options)
  const { idle, sprayed } = spraying
  return {
    bench: 'auth',
    parameters: { size, ...counts, logInsAtOnce: LOG_INS_AT_ONCE, sprayers: SPRAYERS },
    measured: { sqliteMs: sqlite, etcdMs: etcd, spraying },
    figures: new Map<string, number | string>([
      ['auth.cached_us', cachedUs],
      ['auth.log_ins_per_s', logInsPerSecond],
      ['auth.revocation.sqlite.p50_ms', quantileOf(sqlite, 0.5)],
      ['auth.revocation.sqlite.p99_ms', quantileOf(sqlite, 0.99)],
      ['auth.revocation.etcd.p50_ms', etcd ? quantileOf(etcd, 0.5) : 'no etcd on this machine'],
      ['auth.revocation.etcd.p99_ms', etcd ? quantileOf(etcd, 0.99) : 'no etcd on this machine'],
      ['auth.spraying.idle_p99_us', idle.p99Us],
      ['auth.spraying.p99_us', sprayed.p99Us],
      ['auth.spraying.p99_ratio', sprayed.p99Us / idle.p99Us],
      ['auth.spraying.tries_per_s', spraying.triesPerSecond],
    ]),
  }
}

/** Of the interceptor that every request passes: median of batches. */
async function measureCached(count: number): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'vectron-bench-auth-'))
  const store = openSqliteStore(join(folder, 'credentials.db'), systemClock)
  const logger = createLogger({ name: 'bench', level: 'silent' })
  const running = await openAuth({
    store,
    masterKey: new Uint8Array(32),
    issuer: 'bench',
    registration: 'closed',
    clock: systemClock,
    random: systemRandom,
    logger,
    auditLog: NO_AUDIT_LOG,
  })
  const client = createInProcessClient(auth.Auth, running.auth)
  const cache = new CredentialCache({ auth: client, clock: systemClock, logger })
  try {
    cache.start()
    const { text } = await running.createOwnerKey('bench')
    while (cache.peek({ text, project: '' }) === undefined) {
      await cache.ask({ text, project: '' })
      await pause(20)
    }
    return await timeCalls(authenticate(cache), text, count)
  } finally {
    await cache.close()
    store.close()
    rmSync(folder, { recursive: true })
  }
}

async function timeCalls(
  interceptor: ReturnType<typeof authenticate>,
  key: string,
  count: number,
): Promise<number> {
  const headers: Readonly<Record<string, string>> = { authorization: `Bearer ${key}` }
  const header = (name: string) => headers[name]
  const method = vectron.Search.method.search
  const next = async () => {}
  const batches: number[] = []
  // The first is for warmth.
  for (let batch = 0; batch <= BATCHES; batch++) {
    const beganMs = performance.now()
    for (let done = 0; done < count / BATCHES; done++) {
      await interceptor({ header, method, principal: undefined } as unknown as CallContext, next)
    }
    if (batch > 0) batches.push(((performance.now() - beganMs) * 1000) / (count / BATCHES))
  }
  return median(batches)
}

async function measureLogIns(count: number): Promise<number> {
  const data = mkdtempSync(join(tmpdir(), 'vectron-bench-auth-'))
  const server = await VectronProcess.start({ data })
  try {
    const json = { email: 'ann@example.org', password: PASSWORD }
    await mustAsk(`${server.url}/v1/auth/register`, { json })
    let left = count
    const beganMs = performance.now()
    await inParallel(LOG_INS_AT_ONCE, async () => {
      while (left-- > 0) await mustAsk(`${server.url}/v1/auth/login`, { json })
    })
    return count / ((performance.now() - beganMs) / 1000)
  } finally {
    await server.stop()
    rmSync(data, { recursive: true, force: true })
  }
}

async function measureRevocationsOverEtcd(count: number): Promise<number[]> {
  const endings: (() => unknown)[] = []
  try {
    const { endpoints } = await startEtcd({ after: (ending) => endings.push(ending) }, { size: 3 })
    const toml = `\n[store]\nkind = "etcd"\netcdEndpoints = ${JSON.stringify(endpoints)}\n`
    return await measureRevocations(count, toml)
  } finally {
    for (const ending of endings) await ending()
  }
}

/** Milliseconds, sorted, that a gateway accepted each key after its revocation was answered. */
async function measureRevocations(count: number, toml = ''): Promise<number[]> {
  const settings = { auth: toml }
  const run = await ClusterRun.start({ workers: 1, placement: 1, deadMs: 60_000, settings })
  try {
    const node = await run.cluster.find('auth-1')
    const authUrl = `http://127.0.0.1:${node.ports.http}`
    const json = { email: 'ann@example.org', password: PASSWORD }
    const session = await mustAsk(`${authUrl}/v1/auth/register`, { json })
    const credential: string = session.accessToken
    const project = `${authUrl}/v1/auth/projects/${session.profile.projects[0].projectId}`
    // The key is used as fast as it can be, which the first plan does not allow.
    const planned = await fetch(project, {
      method: 'PATCH',
      headers: { authorization: `Bearer ${run.apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ plan: 'paid' }),
    })
    if (!planned.ok) throw new Error(`the plan was not changed: ${await planned.text()}`)
    const keys = `${project}/keys`
    const delays: number[] = []
    for (let number = 0; number < count; number++) {
      const { key, text } = await mustAsk(keys, { credential, json: { name: 'k' } })
      const revoke = () => mustAsk(`${keys}/${key.keyId}:revoke`, { credential, json: {} })
      delays.push(await acceptedAfter(`${run.url}/v1/collections`, text, revoke))
    }
    return delays.sort((a, b) => a - b)
  } finally {
    await run.close()
  }
}

async function acceptedAfter(
  url: string,
  credential: string,
  revoke: () => Promise<unknown>,
): Promise<number> {
  await mustAsk(url, { credential })
  let lastAcceptedMs = 0
  const using = (async () => {
    for (;;) {
      const sentMs = performance.now()
      const { status } = await ask(url, { credential })
      if (status === 401) return
      if (status === 200) lastAcceptedMs = sentMs
    }
  })()
  await pause(USED_MS)
  await revoke()
  const revokedMs = performance.now()
  await using
  return Math.max(0, lastAcceptedMs - revokedMs)
}

/** Searches one after the other, with and without a flood of wrong passwords, by turns. */
async function measureSpraying({ size, cache, rounds, note }: BenchOptions) {
  const set = await openWords(cache, size, note)
  const run = await startServerRun()
  try {
    await run.load(set)
    await run.client.call({ op: 'wait-indexed' })
    const search = () => searchOnce(run.client, set.queriesFile, SIZES[size].searches)
    await search()
    const idle: number[] = []
    const sprayed: number[] = []
    let tries = 0
    let sprayedSeconds = 0
    for (let round = 0; round < rounds; round++) {
      idle.push(...(await search()))
      const spray = new Spray(run.server().url)
      const beganMs = performance.now()
      sprayed.push(...(await search()))
      sprayedSeconds += (performance.now() - beganMs) / 1000
      tries += await spray.stop()
      note(`spraying round ${round + 1}/${rounds}`)
    }
    return {
      idle: quantiles(idle),
      sprayed: quantiles(sprayed),
      triesPerSecond: tries / sprayedSeconds,
    }
  } finally {
    await run.close()
  }
}

async function searchOnce(client: Child, queries: string, count: number) {
  const request = { op: 'search', queries, protocol: 'grpc', inFlight: 1, count }
  return (await client.call<SearchRun>(request)).microseconds
}

function quantiles(microseconds: readonly number[]) {
  const sorted = [...microseconds].sort((a, b) => a - b)
  return {
    p50Us: quantileOf(sorted, 0.5),
    p99Us: quantileOf(sorted, 0.99),
    p999Us: quantileOf(sorted, 0.999),
  }
}

/** Wrong passwords for ever new accounts from ever new addresses. */
class Spray {
  readonly #url: string
  readonly #working: Promise<unknown>
  #tries = 0
  #isStopped = false

  constructor(url: string) {
    this.#url = `${url}/v1/auth/login`
    this.#working = inParallel(SPRAYERS, () => this.#guess())
  }

  /** Tries that were answered, also by being turned away. */
  async stop(): Promise<number> {
    this.#isStopped = true
    await this.#working
    return this.#tries
  }

  async #guess(): Promise<void> {
    while (!this.#isStopped) {
      const number = this.#tries++
      const json = { email: `user-${number}@example.org`, password: 'password1234' }
      const { body } = await ask(this.#url, { json, from: loopbackAddress(number) })
      // One who is told to wait does; else this would measure how fast requests are refused.
      if (body.reason === 'OVERLOADED') await pause(200)
    }
  }
}

async function inParallel(count: number, work: () => Promise<void>): Promise<void> {
  await Promise.all(Array.from({ length: count }, work))
}

function hasEtcd(): boolean {
  try {
    execFileSync('etcd', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
