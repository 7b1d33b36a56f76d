/** All commands of `vectron`, put together. */
import { Command } from 'commander'
import { addAliasCommands } from './commands/alias.ts'
import { addAuthCommands } from './commands/auth.ts'
import { addCertCommands } from './commands/cert.ts'
import { addClusterCommands } from './commands/cluster.ts'
import { addClusterStateCommands } from './commands/cluster-state.ts'
import { addCollectionCommands } from './commands/collection.ts'
import { addConfigCommands } from './commands/config.ts'
import { addDemoCommands } from './commands/demo.ts'
import { addDoctorCommand } from './commands/doctor.ts'
import { addExportCommand } from './commands/export.ts'
import { addHelpCommand } from './commands/help.ts'
import { addImportCommand } from './commands/import.ts'
import { addPointCommands } from './commands/point.ts'
import { addRerankCommands } from './commands/rerank.ts'
import { addSearchCommand } from './commands/search.ts'
import { addServiceCommands } from './commands/service.ts'
import { addShardCommands } from './commands/shard.ts'
import { addStartCommand } from './commands/start.ts'
import { addWorkerCommands } from './commands/worker.ts'
import type { CliContext } from './context.ts'
import { VERSION } from './version.ts'

/** The program; it throws instead of ending the process. */
export function createProgram(context: CliContext): Command {
  const program = new Command('vectron')
    .description('Vectron, a distributed vector database')
    .version(VERSION, '--version', 'print the version')
    .helpCommand(false)
    .showSuggestionAfterError()
    .addHelpText(
      'after',
      `
First steps:
  $ vectron start
  $ vectron search dictionary "a young dog"
  $ vectron cluster start --workers 3 --placement 3
  $ vectron help exit-codes`,
    )
  addStartCommand(program, context)
  addClusterCommands(program, context)
  addServiceCommands(program, context)
  addCertCommands(program, context)
  addWorkerCommands(commandOf(program, 'worker'), context)
  addAuthCommands(commandOf(program, 'auth'), context)
  addShardCommands(program, context)
  addClusterStateCommands(commandOf(program, 'cluster'), context)
  addCollectionCommands(program, context)
  addAliasCommands(program, context)
  addPointCommands(program, context)
  addSearchCommand(program, context)
  addRerankCommands(program, context)
  addImportCommand(program, context)
  addExportCommand(program, context)
  addDemoCommands(program, context)
  addDoctorCommand(program, context)
  addConfigCommands(program, context)
  addHelpCommand(program, context)
  throwInsteadOfExit(program)
  return program
}

/** A group of commands that several files add to. */
function commandOf(program: Command, name: string): Command {
  return program.commands.find((command) => command.name() === name) ?? program.command(name)
}

function throwInsteadOfExit(command: Command): void {
  command.exitOverride()
  for (const child of command.commands) throwInsteadOfExit(child)
}
