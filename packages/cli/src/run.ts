/** Runs what the arguments name, and says how it ended: messages for people, a code for scripts. */
import { CommanderError } from 'commander'
import { EXIT_CODES, toCliError } from './exit-code.ts'
import { createProgram } from './program.ts'
import { processTerminal, type Terminal } from './terminal.ts'

/** Runs the command line of this process; answers the exit code. */
export async function run(): Promise<number> {
  // `vectron export | head` closes our output early; that is no error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(EXIT_CODES.ok.code)
    throw error
  })
  const terminal = processTerminal()
  try {
    await createProgram({ terminal, env: process.env }).parseAsync()
    return EXIT_CODES.ok.code
  } catch (error) {
    return report(error, terminal)
  }
}

/** Tells a person what went wrong; answers the exit code. */
function report(error: unknown, terminal: Terminal): number {
  // Commander has already written its message; help and version are no errors.
  if (error instanceof CommanderError) {
    return error.exitCode === 0 ? EXIT_CODES.ok.code : EXIT_CODES.usage.code
  }
  const { message, hint, exit } = toCliError(error)
  terminal.status(undefined)
  terminal.note(`${terminal.red('error')}: ${message}`)
  if (hint) terminal.note(hint)
  if (process.env['VECTRON_DEBUG']) terminal.note(String((error as Error).stack))
  return EXIT_CODES[exit].code
}
