/** `vectron worker list|drain|undrain|remove`: the workers of a running cluster. */
import type { Id } from '@vectron/client'
import type { Command } from 'commander'
import { numericId } from '../arguments.ts'
import { connect } from '../connection.ts'
import { type CliContext, type ClientFlags, withClientFlags } from '../context.ts'
import { followDrain } from '../management/follow.ts'
import { WORKER_COLUMNS } from '../management/tables.ts'
import { showObject, showRows } from '../output.ts'

interface WaitFlags extends ClientFlags {
  readonly wait?: true
}

/** Adds them to the command that runs a worker. */
export function addWorkerCommands(worker: Command, context: CliContext): void {
  addList(worker, context)
  addDrain(worker, context)
  addUndrain(worker, context)
  addRemove(worker, context)
}

function addList(worker: Command, { terminal, env }: CliContext): void {
  withClientFlags(worker.command('list').description('list workers with state, zone and load'))
    .addHelpText('after', '\nExample:\n  $ vectron worker list')
    .action(async (flags: ClientFlags) => {
      const rows = await connect(flags, env).cluster.workers()
      const whole = { workers: rows }
      const whenEmpty = 'No workers yet. Start one: vectron worker --help'
      showRows(terminal, flags.output, { rows, columns: WORKER_COLUMNS, whole, whenEmpty })
    })
}

function addDrain(worker: Command, { terminal, env }: CliContext): void {
  withClientFlags(worker.command('drain').description('move all replicas away from a worker'))
    .argument('<worker>', 'its id, as in vectron worker list', numericId)
    .option('--wait', 'end only when it hosts nothing any more')
    .addHelpText('after', '\nExample:\n  $ vectron worker drain 3 --wait')
    .action(async (workerId: Id, flags: WaitFlags) => {
      const vectron = connect(flags, env)
      let replicas = await vectron.cluster.drainWorker(workerId)
      if (flags.wait) {
        await followDrain(vectron, terminal, workerId)
        replicas = 0
      }
      showObject(terminal, flags.output, { workerId, draining: true, replicas })
      if (!flags.wait) terminal.note('Watch it: vectron worker list, vectron cluster operators')
    })
}

function addUndrain(worker: Command, { terminal, env }: CliContext): void {
  withClientFlags(worker.command('undrain').description('let a drained worker take replicas again'))
    .argument('<worker>', 'its id', numericId)
    .action(async (workerId: Id, flags: ClientFlags) => {
      const replicas = await connect(flags, env).cluster.undrainWorker(workerId)
      showObject(terminal, flags.output, { workerId, draining: false, replicas })
    })
}

function addRemove(worker: Command, { terminal, env }: CliContext): void {
  withClientFlags(worker.command('remove').description('forget a worker that hosts nothing'))
    .argument('<worker>', 'its id', numericId)
    .addHelpText(
      'after',
      '\nDrain it first. Its id is never used again; the worker, started again, gets a new one.',
    )
    .action(async (workerId: Id, flags: ClientFlags) => {
      await connect(flags, env).cluster.removeWorker(workerId)
      terminal.note(`Removed worker ${workerId}.`)
    })
}
