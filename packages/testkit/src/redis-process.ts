/**
 * A real Redis for tests: Debian's `redis-server` on a free port, over a folder of its own.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { sleep, systemClock, VectronError } from '@vectron/base'
import { freePorts } from './free-ports.ts'

const HOST = '127.0.0.1'
const START_TIMEOUT_MS = 20_000

export interface RedisProcessOptions {
  /** Over TLS alone: PEM files. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca: string }
  /** Further flags, such as `--requirepass`. */
  readonly flags?: readonly string[]
}

export class RedisProcess {
  readonly host = HOST
  readonly port: number
  readonly #folder: string
  readonly #options: RedisProcessOptions
  #child: ChildProcess | undefined

  private constructor(port: number, options: RedisProcessOptions) {
    this.port = port
    this.#options = options
    this.#folder = mkdtempSync(path.join(tmpdir(), 'vectron-redis-'))
  }

  /** One that takes connections. */
  static async start(options: RedisProcessOptions = {}): Promise<RedisProcess> {
    const [port = 0] = await freePorts(1)
    const redis = new RedisProcess(port, options)
    await redis.restart()
    return redis
  }

  get address(): string {
    return `${this.host}:${this.port}`
  }

  /** Starts it again after `kill`, with nothing of what it held. */
  async restart(): Promise<void> {
    const { tls, flags = [] } = this.#options
    const settings = {
      bind: this.host,
      dir: this.#folder,
      save: '',
      appendonly: 'no',
      ...(tls === undefined ? { port: `${this.port}` } : tlsSettings(this.port, tls)),
    }
    const args = Object.entries(settings).flatMap(([flag, value]) => [`--${flag}`, value])
    this.#child = spawn('redis-server', [...args, ...flags], { stdio: 'ignore' })
    const endMs = systemClock.nowMs() + START_TIMEOUT_MS
    while (!(await accepts(this.port))) {
      if (systemClock.nowMs() > endMs) {
        throw new VectronError('UNAVAILABLE', `Redis at ${this.address} did not start.`)
      }
      await sleep(systemClock, 20)
    }
  }

  /** kill -9; settles when it has ended. */
  async kill(): Promise<void> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }

  /** It keeps its connections and answers nothing until `resume`. */
  pause(): void {
    this.#child?.kill('SIGSTOP')
  }

  resume(): void {
    this.#child?.kill('SIGCONT')
  }

  /** Kills it and removes its folder. */
  async remove(): Promise<void> {
    await this.kill()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

function tlsSettings(port: number, { cert, key, ca }: NonNullable<RedisProcessOptions['tls']>) {
  return {
    port: '0',
    'tls-port': `${port}`,
    'tls-cert-file': cert,
    'tls-key-file': key,
    'tls-ca-cert-file': ca,
    'tls-auth-clients': 'no',
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, HOST)
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
