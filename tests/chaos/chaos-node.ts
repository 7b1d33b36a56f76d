/**
 * One node of the cluster under test: a real process on a host of its own, with a log that grows
 * over all its lives.
 *
 * A process that ends although nobody killed it is started again, as a service manager would do;
 * whether it had a reason to is for others to judge.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, closeSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { COMMAND } from '../cluster/local-cluster.ts'
import type { ChaosHost } from './chaos-network.ts'
import { FakeClock } from './fake-clock.ts'

/** A process that is not ready by then is taken to hang. */
const READY_TIMEOUT_MS = 120_000
const RESTART_AFTER_MS = 1_000

export type ServiceName = 'placement' | 'worker' | 'gateway' | 'auth'

export interface ChaosNodeOptions {
  readonly host: ChaosHost
  readonly service: ServiceName
  /** Settings, log and, unless `data` is elsewhere, data. */
  readonly folder: string
  readonly data: string
  /** Told when the process ends although nobody asked it to: exit code or signal. */
  readonly onUnaskedEnd: (node: string, exit: string) => void
}

export class ChaosNode {
  readonly service: ServiceName
  readonly data: string
  readonly folder: string
  readonly settings: string
  readonly clock: FakeClock | undefined
  readonly #onUnaskedEnd: ChaosNodeOptions['onUnaskedEnd']
  readonly #host: ChaosHost
  #child: ChildProcess | undefined
  #isWanted = false
  #restart: NodeJS.Timeout | undefined

  constructor(options: ChaosNodeOptions) {
    const { host, service, folder, data } = options
    mkdirSync(folder, { recursive: true })
    this.service = service
    this.folder = folder
    this.data = data
    this.settings = path.join(folder, `${service}.toml`)
    this.clock = FakeClock.create(folder)
    this.#host = host
    this.#onUnaskedEnd = options.onUnaskedEnd
  }

  get name(): string {
    return this.#host.name
  }

  get address(): string {
    return this.#host.address
  }

  get listenAddress(): string {
    return this.#host.listenAddress
  }

  get log(): string {
    return path.join(this.folder, 'log.jsonl')
  }

  get isRunning(): boolean {
    return this.#child !== undefined
  }

  /** Starts the process; it may not be ready yet. */
  start(): void {
    this.#isWanted = true
    if (this.#child !== undefined) return
    const args = [process.execPath, COMMAND, this.service, '--config', this.settings]
    const [program, ...rest] = [...this.#host.commandPrefix, ...args]
    const ready = openSync(this.#readyFile, 'w')
    const log = openSync(this.log, 'a')
    const child = spawn(program as string, rest, {
      cwd: this.folder,
      env: { ...process.env, ...this.clock?.env },
      stdio: ['ignore', ready, log],
    })
    closeSync(ready)
    closeSync(log)
    this.#child = child
    if (child.pid !== undefined) this.#host.onStarted(child.pid)
    child.on('exit', (code, signal) => this.#onExit(child, String(code ?? signal)))
  }

  /** Settles when the process says that it is ready. */
  async untilReady(): Promise<void> {
    const endMs = performance.now() + READY_TIMEOUT_MS
    while (!readFileSync(this.#readyFile, 'utf8').includes('"event":"ready"')) {
      if (performance.now() > endMs) throw new Error(`${this.name} does not get ready`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  /** kill -9, and no restart. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  async stop(): Promise<void> {
    this.resume()
    await this.#end('SIGTERM')
  }

  pause(): void {
    this.#child?.kill('SIGSTOP')
  }

  resume(): void {
    this.#child?.kill('SIGCONT')
  }

  /** Its disk is lost. Only while it is down. */
  wipe(): void {
    rmSync(this.data, { recursive: true, force: true })
  }

  /** Writes into the node's log, so that it tells faults and answers in one order. */
  note(text: string): void {
    const line = { level: 'chaos', time: new Date().toISOString(), msg: text }
    appendFileSync(this.log, `${JSON.stringify(line)}\n`)
  }

  get #readyFile(): string {
    return path.join(this.folder, 'ready.json')
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    this.#isWanted = false
    clearTimeout(this.#restart)
    const child = this.#child
    if (child === undefined) return
    const ended = once(child, 'exit')
    child.kill(signal)
    await ended
  }

  #onExit(child: ChildProcess, exit: string): void {
    if (this.#child !== child) return
    this.#child = undefined
    if (!this.#isWanted) return
    this.#onUnaskedEnd(this.name, exit)
    this.note(`ended by itself (${exit}); started again`)
    this.#restart = setTimeout(() => {
      if (this.#isWanted) this.start()
    }, RESTART_AFTER_MS)
  }
}
