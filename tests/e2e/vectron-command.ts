/**
 * Runs the `vectron` command as people do, in a process of its own, and tells how it ended.
 *
 * VectronProcess of the testkit keeps a server for tests of data; this is for tests of the command
 * itself: its flags, output, signals and exit codes.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after } from 'node:test'
import { COMMAND } from '../cluster/local-cluster.ts'

const OUTPUT_POLL_MS = 20

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface CommandOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** Text for its standard input. */
  readonly input?: string
}

const children = new Set<ChildProcess>()
const folders = new Set<string>()

// At the end of the test file that imports this.
after(() => {
  for (const child of children) child.kill('SIGKILL')
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/** A folder that is removed when the test file ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'vectron-e2e-'))
  folders.add(folder)
  return folder
}

/** A command that is running; killed when the test file ends. */
export class RunningCommand {
  readonly #child: ChildProcess
  readonly #ended: Promise<unknown>
  stdout = ''
  stderr = ''

  constructor(args: readonly string[], options: CommandOptions = {}) {
    this.#child = spawn(process.execPath, [COMMAND, ...args], {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    this.#ended = once(this.#child, 'close')
    this.#child.stdout?.on('data', (chunk) => {
      this.stdout += String(chunk)
    })
    this.#child.stderr?.on('data', (chunk) => {
      this.stderr += String(chunk)
    })
    this.#child.stdin?.end(options.input ?? '')
    children.add(this.#child)
    this.#child.once('close', () => children.delete(this.#child))
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Waits until either output matches; throws when the command ends before. */
  async until(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.stdout) ?? pattern.exec(this.stderr)
      if (match) return match
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
        throw new Error(`ended without ${pattern}:\n${this.stdout}\n${this.stderr}`)
      }
      await new Promise((resolve) => setTimeout(resolve, OUTPUT_POLL_MS))
    }
  }

  async end(): Promise<Ended> {
    await this.#ended
    return { code: this.#child.exitCode, stdout: this.stdout, stderr: this.stderr }
  }
}

/** Runs a command to its end. */
export function vectron(args: readonly string[], options?: CommandOptions): Promise<Ended> {
  return new RunningCommand(args, options).end()
}
