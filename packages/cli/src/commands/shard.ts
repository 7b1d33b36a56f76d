/** `vectron shard list|move|transfer`: where the shards of a running cluster are. */
import type { Id, Operator, Vectron } from '@vectron/client'
import type { Command } from 'commander'
import { numericId } from '../arguments.ts'
import { connect } from '../connection.ts'
import { type CliContext, type ClientFlags, withClientFlags } from '../context.ts'
import { followOperator } from '../management/follow.ts'
import { OPERATOR_COLUMNS, SHARD_COLUMNS } from '../management/tables.ts'
import { showRows } from '../output.ts'
import type { Terminal } from '../terminal.ts'

interface MoveFlags extends ClientFlags {
  readonly from: Id
  readonly to?: Id
  readonly wait?: true
}

interface TransferFlags extends ClientFlags {
  readonly to?: Id
  readonly wait?: true
}

export function addShardCommands(program: Command, context: CliContext): void {
  const shard = program.command('shard').description('see and move the shards of a cluster')
  addList(shard, context)
  addMove(shard, context)
  addTransfer(shard, context)
}

function addList(shard: Command, { terminal, env }: CliContext): void {
  withClientFlags(shard.command('list').description('list shards with replicas, leaders and lag'))
    .argument('[collection]', 'only those of this one')
    .addHelpText('after', '\nReplicas stand as replica@worker.')
    .action(async (collection: string | undefined, flags: ClientFlags) => {
      const rows = await connect(flags, env).cluster.shards(collection)
      const whole = { shards: rows }
      const whenEmpty = 'No shards: no collections yet.'
      showRows(terminal, flags.output, { rows, columns: SHARD_COLUMNS, whole, whenEmpty })
    })
}

function addMove(shard: Command, { terminal, env }: CliContext): void {
  withClientFlags(shard.command('move').description('move a replica to another worker'))
    .argument('<shard>', 'its id, as in vectron shard list', numericId)
    .requiredOption('--from <worker>', 'the worker that has it', numericId)
    .option('--to <worker>', 'the worker that gets it (default: the best)', numericId)
    .option('--wait', 'end only when it is done')
    .addHelpText('after', '\nExample:\n  $ vectron shard move 7 --from 2 --to 4 --wait')
    .action(async (shardId: Id, flags: MoveFlags) => {
      const vectron = connect(flags, env)
      const to = flags.to === undefined ? {} : { toWorkerId: flags.to }
      const move = { shardId, fromWorkerId: flags.from, ...to }
      await showOperator(vectron, terminal, flags, await vectron.cluster.moveReplica(move))
    })
}

function addTransfer(shard: Command, { terminal, env }: CliContext): void {
  withClientFlags(shard.command('transfer').description('hand the leadership of a shard on'))
    .argument('<shard>', 'its id', numericId)
    .option('--to <worker>', 'the worker that shall lead (default: the best)', numericId)
    .option('--wait', 'end only when it is done')
    .action(async (shardId: Id, flags: TransferFlags) => {
      const vectron = connect(flags, env)
      const to = flags.to === undefined ? {} : { toWorkerId: flags.to }
      const begun = await vectron.cluster.transferLeader({ shardId, ...to })
      await showOperator(vectron, terminal, flags, begun)
    })
}

async function showOperator(
  vectron: Vectron,
  terminal: Terminal,
  flags: ClientFlags & { readonly wait?: true },
  begun: Operator,
): Promise<void> {
  const operator = flags.wait ? await followOperator(vectron, terminal, begun) : begun
  showRows(terminal, flags.output, {
    rows: [operator],
    columns: OPERATOR_COLUMNS,
    whole: operator,
    whenEmpty: '',
  })
  if (!flags.wait) terminal.note('Watch it: vectron cluster operators')
}
