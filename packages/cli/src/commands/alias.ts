/** `vectron alias`: second names of collections. */
import type { Alias, AliasAction } from '@vectron/client'
import type { Command } from 'commander'
import { connect } from '../connection.ts'
import { type CliContext, type ClientFlags, withClientFlags } from '../context.ts'
import { type Column, showRows } from '../output.ts'

const COLUMNS: readonly Column<Alias>[] = [
  { title: 'alias', text: ({ alias }) => alias },
  { title: 'collection', text: ({ collection }) => collection },
]

interface ListFlags extends ClientFlags {
  readonly collection?: string
}

export function addAliasCommands(program: Command, context: CliContext): void {
  const alias = program.command('alias').description('second names of collections')
  addList(alias, context)
  addChange(alias, context, {
    verb: 'create',
    description: 'give a collection a second name',
    example: 'vectron alias create products products-v1',
  })
  addChange(alias, context, {
    verb: 'switch',
    description: 'point an alias to another collection, at once',
    example: 'vectron alias switch products products-v2',
  })
  addDelete(alias, context)
}

function addList(parent: Command, { terminal, env }: CliContext): void {
  withClientFlags(parent.command('list').description('list aliases'))
    .option('--collection <name>', 'only those that point to this collection')
    .action(async (flags: ListFlags) => {
      const { collection } = flags
      const filter = collection === undefined ? {} : { collection }
      const rows = [...(await connect(flags, env).aliases.list(filter))]
      const whenEmpty = 'No aliases. Create one: vectron alias create --help'
      const whole = { aliases: rows }
      showRows(terminal, flags.output, { rows, columns: COLUMNS, whole, whenEmpty })
    })
}

interface Change {
  readonly verb: 'create' | 'switch'
  readonly description: string
  readonly example: string
}

function addChange(parent: Command, context: CliContext, change: Change): void {
  const { verb, description, example } = change
  withClientFlags(parent.command(verb).description(description))
    .argument('<alias>')
    .argument('<collection>')
    .addHelpText('after', `\nExample:\n  $ ${example}`)
    .action(async (alias: string, collection: string, flags: ClientFlags) => {
      const pair = { alias, collection }
      const action = verb === 'create' ? { create: pair } : { switch: pair }
      await update(context, flags, action)
      context.terminal.note(`${alias} points to ${collection}.`)
    })
}

function addDelete(parent: Command, context: CliContext): void {
  withClientFlags(parent.command('delete').description('delete an alias; its collection stays'))
    .argument('<alias>')
    .action(async (alias: string, flags: ClientFlags) => {
      await update(context, flags, { delete: { alias } })
      context.terminal.note(`Deleted the alias ${alias}.`)
    })
}

async function update({ env }: CliContext, flags: ClientFlags, action: AliasAction): Promise<void> {
  await connect(flags, env).aliases.update([action])
}
