/**
 * Real etcd members for tests: Debian's `etcd`, each with a folder and free ports of its own.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectEtcd } from '@vectron/auth-service'
import { sleep, systemClock, VectronError } from '@vectron/base'
import { etcd } from '@vectron/contracts'
import { GrpcChannel, type HostTls } from '@vectron/rpc'
import { freePorts } from './free-ports.ts'

export interface EtcdMember {
  readonly name: string
  /** `127.0.0.1:port`, for clients. */
  readonly endpoint: string
  readonly process: ChildProcess
}

export interface EtcdCluster {
  readonly members: readonly EtcdMember[]
  readonly endpoints: readonly string[]
  kill(index: number): Promise<void>
  /** Starts a killed member again on its folder. */
  restart(index: number): void
  /** SIGSTOP: its sockets stay open, and nobody answers. */
  pause(index: number): void
  resume(index: number): void
  /** The member that leads, once one does. */
  leader(): Promise<number>
  /** Hands the lead to another member; settles when it has it. */
  moveLeader(): Promise<void>
  /** Forgets all history up to now. */
  compact(): Promise<void>
}

const START_TIMEOUT_MS = 20_000

/** What it lives as long as: a test, or whatever else ends. */
export interface Lifetime {
  after(ending: () => Promise<void>): unknown
}

export interface EtcdOptions {
  readonly size?: number
  /** Clients must show a certificate of the same authority: PEM files. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca: string }
}

/** A cluster that answers; gone with the test. */
export async function startEtcd(
  t: Lifetime,
  { size = 1, tls }: EtcdOptions = {},
): Promise<EtcdCluster> {
  const folder = mkdtempSync(join(tmpdir(), 'vectron-etcd-'))
  const ports = await freePorts(2 * size)
  const names = Array.from({ length: size }, (_, index) => `m${index}`)
  const peerUrl = (index: number) => `http://127.0.0.1:${ports[2 * index + 1]}`
  const initial = names.map((name, index) => `${name}=${peerUrl(index)}`).join(',')
  const endpoints = names.map((_, index) => `127.0.0.1:${ports[2 * index]}`)
  const launch = (index: number): EtcdMember => {
    const client = `${tls === undefined ? 'http' : 'https'}://${endpoints[index]}`
    const name = names[index] ?? ''
    const flags = {
      name,
      'data-dir': join(folder, name),
      'listen-client-urls': client,
      'advertise-client-urls': client,
      'listen-peer-urls': peerUrl(index),
      'initial-advertise-peer-urls': peerUrl(index),
      'initial-cluster': initial,
      'log-level': 'fatal',
      ...(tls === undefined
        ? {}
        : { 'cert-file': tls.cert, 'key-file': tls.key, 'trusted-ca-file': tls.ca }),
    }
    const args = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value])
    if (tls !== undefined) args.push('--client-cert-auth')
    const child = spawn('etcd', args, { stdio: 'ignore' })
    return { name, endpoint: endpoints[index] ?? '', process: child }
  }
  const members = names.map((_, index) => launch(index))
  t.after(async () => {
    await Promise.all(members.map(({ process }) => end(process)))
    rmSync(folder, { recursive: true, force: true })
  })
  const read = (file: string) => readFileSync(file, 'utf8')
  const shown = tls && (() => ({ ca: read(tls.ca), cert: read(tls.cert), key: read(tls.key) }))
  await Promise.all(endpoints.map((endpoint) => whenAnswering(endpoint, shown)))
  return {
    members,
    endpoints,
    kill: async (index) => {
      const member = members[index]
      if (member !== undefined) await end(member.process)
    },
    restart: (index) => {
      members[index] = launch(index)
    },
    pause: (index) => void members[index]?.process.kill('SIGSTOP'),
    resume: (index) => void members[index]?.process.kill('SIGCONT'),
    leader: () => whoLeads(endpoints),
    moveLeader: () => moveLeader(endpoints),
    compact: () => compact(endpoints),
  }
}

async function whoLeads(endpoints: readonly string[]): Promise<number> {
  for (;;) {
    const states = await Promise.all(endpoints.map(stateOf))
    const index = states.findIndex(
      (state) => state !== undefined && state.leader === state.header?.memberId,
    )
    if (index >= 0) return index
    await sleep(systemClock, 50)
  }
}

/** undefined for a member that does not answer. */
function stateOf(endpoint: string): Promise<etcd.StatusResponse | undefined> {
  return withChannel(endpoint, (channel) =>
    channel
      .client(etcd.Maintenance)
      .status({}, { timeoutMs: 1000 })
      .catch(() => undefined),
  )
}

async function moveLeader(endpoints: readonly string[]): Promise<void> {
  const from = await whoLeads(endpoints)
  const to = (from + 1) % endpoints.length
  const targetId = (await stateOf(endpoints[to] ?? ''))?.header?.memberId ?? 0n
  await withChannel(endpoints[from] ?? '', (channel) =>
    channel.client(etcd.Maintenance).moveLeader({ targetId }),
  )
  while ((await whoLeads(endpoints)) === from) await sleep(systemClock, 50)
}

async function compact(endpoints: readonly string[]): Promise<void> {
  await withChannel(endpoints[await whoLeads(endpoints)] ?? '', async (channel) => {
    const kv = channel.client(etcd.KV)
    const { header } = await kv.range({ key: Uint8Array.of(1) })
    await kv.compact({ revision: header?.revision ?? 0n, physical: true })
  })
}

async function withChannel<T>(
  endpoint: string,
  work: (channel: GrpcChannel) => Promise<T>,
): Promise<T> {
  const channel = new GrpcChannel(endpoint)
  try {
    return await work(channel)
  } finally {
    channel.close()
  }
}

async function whenAnswering(endpoint: string, tls?: () => HostTls): Promise<void> {
  const endMs = systemClock.nowMs() + START_TIMEOUT_MS
  for (;;) {
    const door = connectEtcd(endpoint, tls)
    try {
      await door.kv.range({ key: Uint8Array.of(1) }, { timeoutMs: 1000 })
      return
    } catch (error) {
      if (systemClock.nowMs() > endMs) {
        throw new VectronError('UNAVAILABLE', `etcd at ${endpoint} did not start`, { cause: error })
      }
    } finally {
      door.close()
    }
    await sleep(systemClock, 50)
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await exited
}
