/** What every command is given: the terminal, the environment, and flags that many share. */
import type { Command } from 'commander'
import { Option } from 'commander'
import type { ConnectionFlags } from './connection.ts'
import { OUTPUT_FORMATS, type OutputFormat } from './output.ts'
import type { Terminal } from './terminal.ts'

export interface CliContext {
  readonly terminal: Terminal
  readonly env: Readonly<Record<string, string | undefined>>
}

/** Flags of every command that talks to a server. */
export interface ClientFlags extends ConnectionFlags {
  readonly output: OutputFormat
}

/** Adds the flags of ClientFlags to a command. */
export function withClientFlags(command: Command): Command {
  return command
    .addOption(new Option('--url <url>', 'address of Vectron (VECTRON_URL)'))
    .addOption(new Option('--api-key <key>', 'API key (VECTRON_API_KEY)'))
    .addOption(new Option('--data <folder>', 'data folder whose profile.json names both'))
    .addOption(
      new Option('-o, --output <format>', 'how results are shown')
        .choices(OUTPUT_FORMATS)
        .default('table'),
    )
}

/** Flags of every command that is about one project of the authenticator. */
export interface ProjectFlags extends ClientFlags {
  readonly project: string
}

/** Adds the flags of ProjectFlags to a command. */
export function withProjectFlags(command: Command): Command {
  return withClientFlags(command).option('--project <id>', 'which project', 'default')
}
