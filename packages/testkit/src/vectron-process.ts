/**
 * A real Vectron process for tests: `vectron start` on free ports over a folder of the test's.
 *
 * Must stay true: the process is the product as people run it, started by its command and spoken
 * to over HTTP; nothing of it is imported. Leaves what to write and to check to the test.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { createInterface } from 'node:readline'

const ROOT = path.resolve(import.meta.dirname, '..', '..', '..')
const COMMAND = path.join(ROOT, 'packages', 'cli', 'src', 'main.ts')
/** A process that is not ready by then is taken to hang. */
const READY_TIMEOUT_MS = 120_000

export interface VectronProcessOptions {
  /** Data folder; made when absent. */
  readonly data: string
  /** Further flags of `vectron start`. */
  readonly flags?: readonly string[]
  /** Further environment, for instance LD_PRELOAD. */
  readonly env?: Readonly<Record<string, string>>
}

export interface HttpAnswer {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: a JSON answer, looked into by assertions
  readonly body: any
}

/** The process ended before it was ready; `output` is all that it printed. */
export class StartRefused extends Error {
  readonly output: string

  constructor(exit: string, output: string) {
    super(`vectron start ended (${exit}) before it was ready:\n${output}`)
    this.output = output
  }
}

/** A running process; `kill` and `stop` settle when it has ended. */
export class VectronProcess {
  readonly url: string
  readonly grpc: string
  readonly apiKey: string
  /** Address of the console; signs the owner in, once. */
  readonly console: string
  readonly #child: ChildProcess
  readonly #output: string[]

  private constructor(child: ChildProcess, output: string[], ready: ReadyLine) {
    this.#child = child
    this.#output = output
    this.url = ready.url
    this.grpc = ready.grpc
    this.apiKey = ready.apiKey
    this.console = ready.console
  }

  /** Starts a process; StartRefused when it ends before it is ready. */
  static async start(options: VectronProcessOptions): Promise<VectronProcess> {
    const flags = ['--json', '--no-demo', '--port', '0', '--grpc-port', '0', '--data', options.data]
    const child = spawn(process.execPath, [COMMAND, 'start', ...flags, ...(options.flags ?? [])], {
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const output: string[] = []
    child.stderr?.on('data', (chunk) => output.push(String(chunk)))
    const ready = await readyLine(child, output)
    return new VectronProcess(child, output, ready)
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** What the process has printed to its standard error. */
  get output(): string {
    return this.#output.join('')
  }

  /** kill -9: no handler runs, nothing is flushed. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** Ctrl-C; answers the exit code. */
  async stop(): Promise<number | null> {
    await this.#end('SIGINT')
    return this.#child.exitCode
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = once(this.#child, 'exit')
    this.#child.kill(signal)
    await ended
  }

  /** One HTTP request; a network error (the process died) rejects. */
  request(method: string, route: string, body?: unknown): Promise<HttpAnswer> {
    return sendRequest(this, method, route, body)
  }
}

export interface ServerAddress {
  readonly url: string
  readonly apiKey: string
}

/** One HTTP request with JSON to whatever listens there; a network error rejects. */
export async function sendRequest(
  { url, apiKey }: ServerAddress,
  method: string,
  route: string,
  body?: unknown,
): Promise<HttpAnswer> {
  const response = await fetch(`${url}${route}`, {
    method,
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text) }
}

interface ReadyLine {
  readonly url: string
  readonly grpc: string
  readonly apiKey: string
  readonly console: string
}

/** Waits for the line of `--json`. */
async function readyLine(child: ChildProcess, output: string[]): Promise<ReadyLine> {
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })
  const timer = setTimeout(() => child.kill('SIGKILL'), READY_TIMEOUT_MS)
  try {
    const ready = new Promise<ReadyLine>((resolve) => {
      lines.on('line', (line) => {
        output.push(`${line}\n`)
        if (line.startsWith('{"event":"ready"')) resolve(JSON.parse(line) as ReadyLine)
      })
    })
    const ended = once(child, 'close').then(([code, signal]) => {
      throw new StartRefused(String(code ?? signal), output.join(''))
    })
    return await Promise.race([ready, ended])
  } finally {
    clearTimeout(timer)
  }
}
