/**
 * The load balancers of deploy/load-balancer as real processes on this machine: their files as they
 * are, but for addresses, ports and where they write.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { deadlineAfter, sleep, systemClock } from '@vectron/base'
import { freePorts } from '@vectron/testkit'
import { pythonCommand } from '../python/python-command.ts'

const DEPLOY = path.resolve(import.meta.dirname, '..', '..', 'deploy', 'load-balancer')
const HOST = '127.0.0.1'
const READY_TIMEOUT_MS = 30_000
/** In Envoy's file: searches and others, HTTP and gRPC. */
const CLUSTERS = 4

export interface GatewayPorts {
  readonly http: number
  readonly grpc: number
}

export interface BalancerOptions {
  readonly gateways: readonly GatewayPorts[]
  /** For its files. */
  readonly folder: string
}

export interface Balancer {
  readonly url: string
  readonly grpcAddress: string
  stop(): Promise<void>
}

/** The gateways of the files, as many as there are. */
function withGateways(text: string, gateways: readonly GatewayPorts[]): string {
  return gateways.reduce(
    (done, { http, grpc }, at) =>
      done
        .replaceAll(`10.0.0.${at + 1}:6180`, `${HOST}:${http}`)
        .replaceAll(`10.0.0.${at + 1}:6181`, `${HOST}:${grpc}`)
        .replaceAll(`10.0.0.${at + 1}, port_value: 6180`, `${HOST}, port_value: ${http}`)
        .replaceAll(`10.0.0.${at + 1}, port_value: 6181`, `${HOST}, port_value: ${grpc}`),
    text,
  )
}

export async function startNginx({ gateways, folder }: BalancerOptions): Promise<Balancer> {
  const [http = 0, grpc = 0] = await freePorts(2)
  const text = withGateways(readFileSync(path.join(DEPLOY, 'nginx.conf'), 'utf8'), gateways)
    .replace('listen 6180;', `listen ${HOST}:${http};`)
    .replace('listen 6181 http2;', `listen ${HOST}:${grpc} http2;`)
    .replace('/run/nginx.pid', path.join(folder, 'nginx.pid'))
  const file = path.join(folder, 'nginx.conf')
  writeFileSync(file, text)
  const child = spawn('nginx', ['-c', file, '-e', 'stderr', '-g', 'daemon off;'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const url = `http://${HOST}:${http}`
  const isReady = async () => (await fetch(`${url}/livez`)).ok
  return running(child, isReady, { url, grpcAddress: `${HOST}:${grpc}` })
}

export async function startEnvoy({ gateways, folder }: BalancerOptions): Promise<Balancer> {
  const [port = 0, admin = 0] = await freePorts(2)
  const text = withGateways(readFileSync(path.join(DEPLOY, 'envoy.yaml'), 'utf8'), gateways)
    .replace('0.0.0.0, port_value: 6180', `${HOST}, port_value: ${port}`)
    .replace('port_value: 9901', `port_value: ${admin}`)
  const file = path.join(folder, 'envoy.yaml')
  writeFileSync(file, text)
  const requirements = path.join(import.meta.dirname, 'envoy-requirements.txt')
  const flags = ['-c', file, '--use-dynamic-base-id', '--log-level', 'warn', '--concurrency', '2']
  const child = spawn(pythonCommand(requirements, 'envoy'), flags, {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  // It knows of no gateway before it has looked at it.
  const isReady = async () => {
    const clusters = await (await fetch(`http://${HOST}:${admin}/clusters`)).text()
    const states = clusters.match(/::health_flags::.*$/gm) ?? []
    const all = CLUSTERS * gateways.length
    return states.length === all && states.every((state) => state.endsWith('::healthy'))
  }
  const addresses = { url: `http://${HOST}:${port}`, grpcAddress: `${HOST}:${port}` }
  return running(child, isReady, addresses)
}

/** Settles when it is ready. */
async function running(
  child: ChildProcess,
  isReady: () => Promise<boolean>,
  addresses: Pick<Balancer, 'url' | 'grpcAddress'>,
): Promise<Balancer> {
  let complaints = ''
  child.stderr?.on('data', (part) => {
    complaints = (complaints + part).slice(-4000)
  })
  const deadline = deadlineAfter(systemClock, READY_TIMEOUT_MS)
  for (;;) {
    if (await isReady().catch(() => false)) break
    if (deadline.passed || child.exitCode !== null) throw new Error(`no answer:\n${complaints}`)
    await sleep(systemClock, 100)
  }
  return {
    ...addresses,
    async stop() {
      if (child.exitCode !== null) return
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await ended
    },
  }
}
