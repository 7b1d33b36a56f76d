/**
 * A child process that does one thing after another: one JSON object a line in, one out.
 *
 * Invariant: a request is sent only after the answer to the one before. A child that ends while one
 * is open rejects it with what the child printed.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

export interface ChildOptions {
  /** What errors call it. */
  readonly name: string
  readonly program: string
  readonly args: readonly string[]
  /** Cores that it may use, as taskset lists them. */
  readonly cores: string
}

export type JsonObject = Readonly<Record<string, unknown>>

export interface Child {
  /** Sends a request and settles with its answer; rejects when the answer is `{"error": ...}`. */
  call<Answer>(request: JsonObject): Promise<Answer>
  /** Closes its standard input and settles when it has ended. */
  close(): Promise<void>
}

/** Starts a child pinned to its cores. */
export function startChild(options: ChildOptions): Child {
  const { name, program, args, cores } = options
  const child = spawn('taskset', ['-c', cores, program, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let complaints = ''
  child.stderr.on('data', (chunk) => {
    complaints = (complaints + chunk).slice(-4000)
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const ended = Promise.race([
    once(child, 'close').then(([code]) => `ended with ${code}`),
    once(child, 'error').then(([error]) => missingTaskset(error)),
  ])
  return {
    async call<Answer>(request: JsonObject) {
      child.stdin.write(`${JSON.stringify(request)}\n`)
      const line = await lines.next()
      if (line.done) throw new Error(`${name} ${await ended}\n${complaints}`)
      const answer = JSON.parse(line.value)
      if (typeof answer.error === 'string') throw new Error(`${name}: ${answer.error}`)
      return answer as Answer
    },
    async close() {
      child.stdin.end()
      await ended
    },
  }
}

function missingTaskset(error: NodeJS.ErrnoException): string {
  if (error.code !== 'ENOENT') return error.message
  return 'did not start: there is no taskset; install the Debian package util-linux'
}
