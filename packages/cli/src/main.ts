/** The `vectron` command: runs what the arguments name, and ends with the exit code it deserves. */
import { CommanderError } from 'commander'
import { EXIT_CODES, toCliError } from './exit-code.ts'
import { createProgram } from './program.ts'
import { processTerminal } from './terminal.ts'

const terminal = processTerminal()
// `vectron export | head` closes our output early; that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT_CODES.ok.code)
  throw error
})

try {
  const program = createProgram({ terminal, env: process.env })
  await program.parseAsync()
} catch (error) {
  process.exitCode = report(error)
}

/** Tells a person what went wrong; answers the exit code. */
function report(error: unknown): number {
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
