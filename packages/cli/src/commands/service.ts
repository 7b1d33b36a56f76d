/**
 * `vectron placement`, `worker`, `gateway`, `auth`, `reranker`: one service of a cluster in
 * this process. What they do is in ../service/run-service.ts.
 */
import type { Command } from 'commander'
import { gather } from '../arguments.ts'
import type { CliContext } from '../context.ts'

export interface ServiceFlags {
  readonly config?: string
  readonly set?: readonly string[]
  readonly printConfig?: true
  /** Of `vectron auth` alone. */
  readonly createKey?: string
}

const SERVICES = [
  ['placement', 'run one member of placement, which knows where everything is'],
  ['worker', 'run a worker, which holds shards'],
  ['gateway', 'run a gateway, which clients talk to'],
  ['auth', 'run the authenticator, which knows the API keys'],
  ['reranker', 'run a reranker, which puts results into another order'],
] as const

export function addServiceCommands(program: Command, context: CliContext): void {
  for (const [name, description] of SERVICES) {
    const command = program
      .command(name)
      .description(description)
      .option('--config <file>', 'settings as TOML')
      .option('--set <section.key=value>', 'one setting; may be repeated', gather)
      .option('--print-config', 'print the settings in force as TOML, and end')
    if (name === 'auth') {
      command.option('--create-key <name>', 'make an API key, print it, and end')
    }
    command
      .addHelpText(
        'after',
        `
Settings come from the file, above them VECTRON__SECTION__KEY in the environment, above them --set.
Prints one line of JSON when ready; the log goes to standard error. SIGTERM stops cleanly.
A whole cluster on this machine: vectron cluster start`,
      )
      .action(async (flags: ServiceFlags) => {
        // The code of the services is large; commands that only talk to a server do not load it.
        const { runServiceCommand } = await import('../service/run-service.ts')
        await runServiceCommand(name, flags, context)
      })
  }
}
