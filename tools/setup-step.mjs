/**
 * One step of the setup: its line of progress, its time, and the error that names what to do.
 *
 * Messages go to standard error, so that standard output stays with the program that follows.
 */
import { spawn } from 'node:child_process'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..')

/** A step cannot go on; the message says what a person has to do. */
export class SetupError extends Error {}

/** Runs `main`, and turns a failed step into a message and exit code 1. */
export async function exitWithMessage(main) {
  try {
    await main()
  } catch (error) {
    if (!(error instanceof SetupError)) throw error
    process.stderr.write(`\n${error.message}\n`)
    process.exitCode = 1
  }
}

const LABEL_WIDTH = 14
const SPARSE_LINE_MS = 15_000

/**
 * Runs one step. A step that finishes without calling `progress.done` has nothing to report and
 * prints nothing.
 *
 * @param {string} label
 * @param {(progress: Progress) => Promise<void>} work
 */
export async function step(label, work) {
  const progress = new Progress(label)
  try {
    await work(progress)
  } finally {
    progress.close()
  }
}

/** The line of one step: rewritten in place on a terminal, one line now and then elsewhere. */
export class Progress {
  #label
  #startMs = performance.now()
  #lastSparseMs = performance.now()
  #shown = false

  /** @param {string} label */
  constructor(label) {
    this.#label = label.padEnd(LABEL_WIDTH)
  }

  /** Says what goes on now. @param {string} text */
  update(text) {
    const line = `  ${this.#label}${text} (${this.#seconds()} s)`
    if (process.stderr.isTTY) {
      process.stderr.write(`\r\x1b[K${line.slice(0, (process.stderr.columns ?? 80) - 1)}`)
      this.#shown = true
      return
    }
    const nowMs = performance.now()
    if (this.#shown && nowMs - this.#lastSparseMs < SPARSE_LINE_MS) return
    this.#lastSparseMs = nowMs
    this.#shown = true
    process.stderr.write(`${line}\n`)
  }

  /** Ends the step with its one closing line. @param {string} text @param {{quiet?: boolean}} o */
  done(text, { quiet = false } = {}) {
    this.close()
    if (!quiet) process.stderr.write(`  ${this.#label}${text} (${this.#seconds()} s)\n`)
  }

  /** Clears what a terminal still shows of the running line. */
  close() {
    if (this.#shown && process.stderr.isTTY) process.stderr.write('\r\x1b[K')
    this.#shown = false
  }

  #seconds() {
    return ((performance.now() - this.#startMs) / 1000).toFixed(1)
  }
}

/**
 * Runs a command and gathers what it says.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {{cwd?: string, onLine?: (line: string) => void}} options `onLine` sees standard output.
 * @returns {Promise<{code: number | undefined, output: string}>} code undefined: not found.
 */
export function run(command, args, { cwd = ROOT, onLine } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    let partial = ''
    const onChunk = (chunk) => {
      if (!onLine) {
        output += chunk
        return
      }
      const lines = (partial + chunk).split('\n')
      partial = lines.pop() ?? ''
      for (const line of lines) onLine(line)
    }
    child.stdout.setEncoding('utf8').on('data', onChunk)
    child.stderr.setEncoding('utf8').on('data', (chunk) => {
      output += chunk
    })
    child.on('error', (error) => {
      if (error.code === 'ENOENT') resolve({ code: undefined, output })
      else reject(error)
    })
    child.on('close', (code) => resolve({ code: code ?? 1, output }))
  })
}
