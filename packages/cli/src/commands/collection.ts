/** `vectron collection`: create, look at, change and delete collections. */
import type { CollectionInfo, FieldType, Metric } from '@vectron/client'
import { type Command, Option } from 'commander'
import { schemaField, wholeNumber } from '../arguments.ts'
import { confirmByName } from '../confirm.ts'
import { connect } from '../connection.ts'
import { type CliContext, type ClientFlags, withClientFlags } from '../context.ts'
import { CliError } from '../exit-code.ts'
import { type Column, showObject, showRows } from '../output.ts'
import { formatCount } from '../progress-bar.ts'

interface CreateFlags extends ClientFlags {
  readonly dimension?: number
  readonly metric: Metric
  readonly field?: Readonly<Record<string, FieldType>>
  readonly embedder?: string
  readonly description?: string
  readonly shards?: number
  readonly replicas?: number
  readonly searchReplicas?: number
  readonly partitionKey?: string
}

interface UpdateFlags extends ClientFlags {
  readonly field?: Readonly<Record<string, FieldType>>
  readonly description?: string
  readonly searchReplicas?: number
}

const COLUMNS: readonly Column<CollectionInfo>[] = [
  { title: 'name', text: ({ name }) => name },
  { title: 'points', text: ({ pointsCount }) => formatCount(pointsCount), align: 'right' },
  { title: 'indexed', text: ({ indexedCount }) => formatCount(indexedCount), align: 'right' },
  { title: 'dimension', text: ({ dimension }) => String(dimension), align: 'right' },
  { title: 'metric', text: ({ metric }) => metric },
  { title: 'embedder', text: ({ embedder }) => embedder },
  { title: 'description', text: ({ description }) => description },
]

export function addCollectionCommands(program: Command, context: CliContext): void {
  const collection = program.command('collection').description('create and manage collections')
  addList(collection, context)
  addCreate(collection, context)
  addGet(collection, context)
  addUpdate(collection, context)
  addDelete(collection, context)
  addStats(collection, context)
}

function addList(parent: Command, { terminal, env }: CliContext): void {
  withClientFlags(parent.command('list').description('list collections'))
    .addHelpText(
      'after',
      '\nExamples:\n  $ vectron collection list\n  $ vectron collection list -o json',
    )
    .action(async (flags: ClientFlags) => {
      const rows: CollectionInfo[] = []
      for await (const info of connect(flags, env).listCollections()) rows.push(info)
      const whenEmpty = 'No collections yet. Create one: vectron collection create --help'
      const whole = { collections: rows }
      showRows(terminal, flags.output, { rows, columns: COLUMNS, whole, whenEmpty })
    })
}

function addCreate(parent: Command, { terminal, env }: CliContext): void {
  withClientFlags(parent.command('create').description('create a collection'))
    .argument('<name>', '1 to 128 of a-z, 0-9, "-" and "_"')
    .option('--dimension <n>', 'components of each vector', wholeNumber(1))
    .addOption(
      new Option('--metric <metric>', 'how near two vectors are')
        .choices(['cosine', 'dot', 'l2'])
        .default('cosine'),
    )
    .option('--field <name:type>', 'a payload field to check and index; repeatable', schemaField)
    .option('--embedder <name>', 'turns text into vectors: glove-sif-100')
    .option('--description <text>', 'shown in lists')
    .option('--shards <n>', 'number of shards', wholeNumber(1))
    .option('--replicas <n>', 'copies of each shard, on different workers', wholeNumber(1))
    .option('--search-replicas <n>', 'copies beside these, for searches alone', wholeNumber(0))
    .option('--partition-key <field>', 'payload field that chooses the shard of a point')
    .addHelpText(
      'after',
      `
Examples:
  $ vectron collection create photos --dimension 512
  $ vectron collection create notes --embedder glove-sif-100 --field author:keyword
  $ vectron collection create orders --dimension 384 --shards 8 --partition-key customer`,
    )
    .action(async (name: string, flags: CreateFlags) => {
      if (flags.dimension === undefined && flags.embedder === undefined) {
        throw new CliError('usage', 'Needs --dimension, or --embedder, which has its own.')
      }
      const info = await connect(flags, env).createCollection({
        name,
        metric: flags.metric,
        ...(flags.dimension === undefined ? {} : { dimension: flags.dimension }),
        ...(flags.embedder === undefined ? {} : { embedder: flags.embedder }),
        ...(flags.description === undefined ? {} : { description: flags.description }),
        ...(flags.shards === undefined ? {} : { shardCount: flags.shards }),
        ...(flags.replicas === undefined ? {} : { replicationFactor: flags.replicas }),
        ...(flags.searchReplicas === undefined ? {} : { searchReplicas: flags.searchReplicas }),
        ...(flags.partitionKey === undefined ? {} : { partitionKey: flags.partitionKey }),
        ...(flags.field === undefined ? {} : { payloadSchema: flags.field }),
      })
      showObject(terminal, flags.output, { ...info })
      terminal.note(`Load it with: vectron import ${name} points.jsonl`)
    })
}

function addGet(parent: Command, { terminal, env }: CliContext): void {
  withClientFlags(parent.command('get').description('show settings and counts of a collection'))
    .argument('<name>')
    .action(async (name: string, flags: ClientFlags) => {
      showObject(terminal, flags.output, { ...(await connect(flags, env).collection(name).info()) })
    })
}

function addUpdate(parent: Command, { terminal, env }: CliContext): void {
  const description = 'change the description or the search-only replicas, add fields'
  withClientFlags(parent.command('update').description(description))
    .argument('<name>')
    .option('--field <name:type>', 'a payload field to add; repeatable', schemaField)
    .option('--description <text>', 'shown in lists')
    .option('--search-replicas <n>', 'copies of each shard for searches alone', wholeNumber(0))
    .action(async (name: string, flags: UpdateFlags) => {
      const change = {
        ...(flags.description === undefined ? {} : { description: flags.description }),
        ...(flags.field === undefined ? {} : { payloadSchema: flags.field }),
        ...(flags.searchReplicas === undefined ? {} : { searchReplicas: flags.searchReplicas }),
      }
      if (Object.keys(change).length === 0) {
        const flagsOf = '--description, --field or --search-replicas'
        throw new CliError('usage', `Nothing to change: needs ${flagsOf}.`)
      }
      const info = await connect(flags, env).updateCollection(name, change)
      showObject(terminal, flags.output, { ...info })
    })
}

function addDelete(parent: Command, { terminal, env }: CliContext): void {
  withClientFlags(parent.command('delete').description('delete a collection and all its points'))
    .argument('<name>')
    .option('--yes', 'do not ask for the name')
    .action(async (name: string, flags: ClientFlags & { readonly yes?: true }) => {
      const vectron = connect(flags, env)
      const { pointsCount } = await vectron.collection(name).info()
      const what = `collection ${name} with ${formatCount(pointsCount)} points`
      await confirmByName(terminal, { name, what, isConfirmed: flags.yes === true })
      await vectron.deleteCollection(name)
      terminal.note(`Deleted ${what}.`)
    })
}

function addStats(parent: Command, { terminal, env }: CliContext): void {
  withClientFlags(parent.command('stats').description('counts, bytes, shards and payload fields'))
    .argument('<name>')
    .action(async (name: string, flags: ClientFlags) => {
      const { shards, fields, ...summary } = await connect(flags, env).collection(name).stats()
      if (flags.output !== 'table') {
        showObject(terminal, flags.output, { ...summary, shards, fields })
        return
      }
      const { bytes, ...counts } = summary
      showObject(terminal, 'table', { ...counts, ...bytes })
      terminal.out('')
      showRows(terminal, 'table', {
        rows: shards,
        columns: [
          { title: 'shard', text: ({ shardId }) => String(shardId), align: 'right' },
          { title: 'points', text: ({ pointsCount }) => formatCount(pointsCount), align: 'right' },
          { title: 'indexed', text: (s) => formatCount(s.indexedCount), align: 'right' },
          { title: 'applied', text: ({ appliedIndex }) => String(appliedIndex), align: 'right' },
          { title: 'durable', text: ({ durableIndex }) => String(durableIndex), align: 'right' },
          { title: 'state', text: ({ state }) => state },
        ],
        whole: shards,
        whenEmpty: 'No shards.',
      })
      terminal.out('')
      showRows(terminal, 'table', {
        rows: fields,
        columns: [
          { title: 'field', text: ({ field }) => field },
          { title: 'type', text: ({ type }) => type },
          { title: 'declared', text: ({ declared }) => (declared ? 'yes' : 'no') },
          { title: 'points', text: ({ pointsCount }) => formatCount(pointsCount), align: 'right' },
          { title: 'values', text: (f) => formatCount(f.distinctValues), align: 'right' },
        ],
        whole: fields,
        whenEmpty: 'No payload fields.',
      })
    })
}
