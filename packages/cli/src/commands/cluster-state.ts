/**
 * `vectron cluster health|members|operators|cancel|rebalance|events|slow-queries`: what the API tells of a running
 * cluster, wherever its processes are.
 */
import type { Id } from '@vectron/client'
import type { Command } from 'commander'
import { numericId, wholeNumber } from '../arguments.ts'
import { connect } from '../connection.ts'
import { type CliContext, type ClientFlags, withClientFlags } from '../context.ts'
import {
  EVENT_COLUMNS,
  MEMBER_COLUMNS,
  OPERATOR_COLUMNS,
  SLOW_QUERY_COLUMNS,
} from '../management/tables.ts'
import { jsonLine, showObject, showRows } from '../output.ts'

interface EventFlags extends ClientFlags {
  readonly after?: Id
  readonly follow?: true
}

interface SlowQueryFlags extends ClientFlags {
  readonly collection?: string
  readonly limit?: number
}

/** Adds them to the command that runs clusters on this machine. */
export function addClusterStateCommands(cluster: Command, context: CliContext): void {
  addHealth(cluster, context)
  addMembers(cluster, context)
  addOperators(cluster, context)
  addCancel(cluster, context)
  addRebalance(cluster, context)
  addEvents(cluster, context)
  addSlowQueries(cluster, context)
}

function addHealth(cluster: Command, { terminal, env }: CliContext): void {
  withClientFlags(cluster.command('health').description('whether all is served, and what is not'))
    .addHelpText('after', '\nEnds with 0 whatever it finds; scripts read the status.')
    .action(async (flags: ClientFlags) => {
      const { problems, ...health } = await connect(flags, env).health()
      if (flags.output !== 'table') {
        showObject(terminal, flags.output, { ...health, problems })
        return
      }
      showObject(terminal, 'table', { ...health })
      for (const problem of problems) terminal.out(`  ${problem}`)
    })
}

function addMembers(cluster: Command, { terminal, env }: CliContext): void {
  withClientFlags(cluster.command('members').description('the members of placement')).action(
    async (flags: ClientFlags) => {
      const rows = await connect(flags, env).cluster.members()
      const whole = { members: rows }
      showRows(terminal, flags.output, { rows, columns: MEMBER_COLUMNS, whole, whenEmpty: '' })
    },
  )
}

function addOperators(cluster: Command, { terminal, env }: CliContext): void {
  withClientFlags(
    cluster.command('operators').description('moves that run, and the last ended'),
  ).action(async (flags: ClientFlags) => {
    const rows = await connect(flags, env).cluster.operators()
    const whole = { operators: rows }
    const whenEmpty = 'Nothing is being moved.'
    showRows(terminal, flags.output, { rows, columns: OPERATOR_COLUMNS, whole, whenEmpty })
  })
}

function addCancel(cluster: Command, { terminal, env }: CliContext): void {
  withClientFlags(cluster.command('cancel').description('stop a move where it is'))
    .argument('<operator>', 'its id, as in vectron cluster operators', numericId)
    .action(async (operatorId: Id, flags: ClientFlags) => {
      const operator = await connect(flags, env).cluster.cancelOperator(operatorId)
      const shown = { rows: [operator], columns: OPERATOR_COLUMNS, whole: operator, whenEmpty: '' }
      showRows(terminal, flags.output, shown)
    })
}

function addRebalance(cluster: Command, { terminal, env }: CliContext): void {
  withClientFlags(cluster.command('rebalance').description('even out replicas and leaders')).action(
    async (flags: ClientFlags) => {
      const rows = await connect(flags, env).cluster.rebalance()
      const whole = { operators: rows }
      const whenEmpty = 'All is in balance.'
      showRows(terminal, flags.output, { rows, columns: OPERATOR_COLUMNS, whole, whenEmpty })
    },
  )
}

function addEvents(cluster: Command, { terminal, env }: CliContext): void {
  withClientFlags(cluster.command('events').description('what placement did and noticed of late'))
    .option('--after <event>', 'only those after this one', numericId)
    .option('-f, --follow', 'go on with new ones until Ctrl-C')
    .action(async (flags: EventFlags) => {
      const vectron = connect(flags, env)
      const rows = await vectron.cluster.events(flags.after)
      const whole = { events: rows }
      const whenEmpty = 'Nothing happened yet.'
      showRows(terminal, flags.output, { rows, columns: EVENT_COLUMNS, whole, whenEmpty })
      if (!flags.follow) return
      const afterEventId = rows.at(-1)?.eventId ?? flags.after ?? 0
      for await (const view of vectron.cluster.watch({ afterEventId, withoutShards: true })) {
        for (const event of view.events) {
          const isTable = flags.output === 'table'
          terminal.out(isTable ? `${event.time}  ${event.text}` : jsonLine(event))
        }
      }
    })
}

function addSlowQueries(cluster: Command, { terminal, env }: CliContext): void {
  const description = 'searches and reads that took long, of those that the gateway remembers'
  withClientFlags(cluster.command('slow-queries').description(description))
    .option('--collection <name>', 'only those of this collection')
    .option('--limit <n>', 'the newest ones only', wholeNumber(1))
    .action(async ({ collection, limit, ...flags }: SlowQueryFlags) => {
      const whole = await connect(flags, env).cluster.slowQueries({
        ...(collection === undefined ? {} : { collection }),
        ...(limit === undefined ? {} : { limit }),
      })
      const { gateway, thresholdMs, queries: rows } = whole
      const whenEmpty = `None of ${gateway} took ${thresholdMs} ms or longer.`
      showRows(terminal, flags.output, { rows, columns: SLOW_QUERY_COLUMNS, whole, whenEmpty })
    })
}
