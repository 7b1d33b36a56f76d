/** `vectron start`: the flags of the server; what it does is in ../start/run-start.ts. */
import { type Command, Option } from 'commander'
import type { CliContext } from '../context.ts'

export interface StartFlags {
  readonly port?: string
  readonly grpcPort?: string
  readonly host?: string
  readonly data?: string
  readonly config?: string
  readonly ephemeral?: true
  readonly demo: boolean
  readonly json?: true
}

export function addStartCommand(program: Command, context: CliContext): void {
  program
    .command('start')
    .description('start Vectron: all its parts in one process')
    .option('--port <port>', 'port of HTTP/JSON; 0 for any free one (default: 6180)')
    .option('--grpc-port <port>', 'port of gRPC; 0 for any free one (default: 6181)')
    .option('--host <address>', 'address to listen on (default: 127.0.0.1)')
    .addOption(
      new Option('--data <folder>', 'where the data lies (default: .vectron)').conflicts(
        'ephemeral',
      ),
    )
    .option('--ephemeral', 'keep the data in a temporary folder, and remove it at the end')
    .option('--config <file>', 'settings as TOML; see vectron config show')
    .option('--no-demo', 'do not load the demo collection "dictionary"')
    .option('--json', 'print one line of JSON when ready, instead of the banner')
    .addHelpText(
      'after',
      `
Settings also come from VECTRON__SECTION__KEY in the environment, below flags and above the file.
Ctrl-C stops cleanly; a second one stops at once.

Examples:
  $ vectron start
  $ vectron start --port 7000 --grpc-port 7001 --data /var/lib/vectron --no-demo
  $ vectron start --ephemeral --no-demo --port 0 --grpc-port 0 --json`,
    )
    .action(async (flags: StartFlags) => {
      // The server's code is large; commands that only talk to a server do not load it.
      const { runStart } = await import('../start/run-start.ts')
      await runStart(flags, context)
    })
}
