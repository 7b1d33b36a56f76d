/**
 * Where a command's words go: data to standard output, messages to standard error.
 *
 * Colour only on a terminal, never with NO_COLOR set (https://no-color.org) or TERM=dumb.
 */
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'

export interface Terminal {
  /** Data; one line break is added. */
  out(text: string): void
  /** A message to the person; one line break is added. */
  note(text: string): void
  /** Shows a line that the next one replaces; undefined takes it away. Only on a terminal. */
  status(text: string | undefined): void
  /** Standard output is a terminal. */
  readonly isOutTerminal: boolean
  /** Messages go to a terminal. */
  readonly isNoteTerminal: boolean
  /** Columns of the terminal. */
  readonly columns: number
  bold(text: string): string
  dim(text: string): string
  red(text: string): string
  /** Asks and waits for one line; undefined when nobody can answer. */
  ask(question: string): Promise<string | undefined>
  /** As ask, without showing what is typed. */
  askSecret(question: string): Promise<string | undefined>
}

const COLUMNS_DEFAULT = 80

/** The terminal of this process. */
export function processTerminal(): Terminal {
  const { stdout, stderr, stdin, env } = process
  const hasColour = !env['NO_COLOR'] && env['TERM'] !== 'dumb'
  const style = (code: string, isTerminal: boolean) => (text: string) =>
    hasColour && isTerminal ? `\x1b[${code}m${text}\x1b[0m` : text
  let statusShown = false
  const clearStatus = () => {
    if (statusShown) stderr.write('\r\x1b[K')
    statusShown = false
  }
  return {
    isOutTerminal: stdout.isTTY === true,
    isNoteTerminal: stderr.isTTY === true,
    columns: stderr.columns ?? stdout.columns ?? COLUMNS_DEFAULT,
    out(text) {
      if (stdout.isTTY) clearStatus()
      stdout.write(`${text}\n`)
    },
    note(text) {
      clearStatus()
      stderr.write(`${text}\n`)
    },
    status(text) {
      if (!stderr.isTTY) return
      clearStatus()
      if (text === undefined) return
      stderr.write(text.slice(0, (stderr.columns ?? COLUMNS_DEFAULT) - 1))
      statusShown = true
    },
    bold: style('1', stdout.isTTY === true),
    dim: style('2', stdout.isTTY === true),
    red: style('31', stderr.isTTY === true),
    async ask(question) {
      if (!stdin.isTTY || !stderr.isTTY) return undefined
      const lines = createInterface({ input: stdin, output: stderr })
      try {
        return await lines.question(question)
      } finally {
        lines.close()
      }
    },
    async askSecret(question) {
      if (!stdin.isTTY || !stderr.isTTY) return undefined
      stderr.write(question)
      const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
      const lines = createInterface({ input: stdin, output: nowhere, terminal: true })
      try {
        return await lines.question('')
      } finally {
        lines.close()
        stderr.write('\n')
      }
    },
  }
}
