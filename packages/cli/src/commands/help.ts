/** `vectron help`: of commands, and of the exit codes. */
import type { Command } from 'commander'
import type { CliContext } from '../context.ts'
import { CliError, EXIT_CODES } from '../exit-code.ts'

export function addHelpCommand(program: Command, { terminal }: CliContext): void {
  program
    .command('help')
    .description('help on a command, or on exit-codes')
    .argument('[topic...]', 'such as "collection create", or "exit-codes"')
    .action((topic: string[]) => {
      if (topic[0] === 'exit-codes') {
        for (const { code, meaning } of Object.values(EXIT_CODES)) {
          terminal.out(`${String(code).padStart(3)}  ${meaning}`)
        }
        return
      }
      terminal.out(findCommand(program, topic).helpInformation().trimEnd())
    })
}

function findCommand(program: Command, names: readonly string[]): Command {
  return names.reduce((command, name) => {
    const child = command.commands.find((one) => one.name() === name)
    if (child === undefined) {
      throw new CliError('usage', `There is no command "${name}".`, 'See: vectron help')
    }
    return child
  }, program)
}
