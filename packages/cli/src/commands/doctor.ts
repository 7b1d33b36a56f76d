/** `vectron doctor`: whether this machine can run Vectron well, and what to change when not. */
import type { Command } from 'commander'
import { findConnection } from '../connection.ts'
import { type CliContext, type ClientFlags, withClientFlags } from '../context.ts'
import {
  checkCpu,
  checkDisk,
  checkMemory,
  checkNode,
  checkOpenFiles,
  checkPort,
  type Finding,
} from '../doctor/machine-checks.ts'
import { checkClock, checkServer } from '../doctor/server-checks.ts'
import { CliError } from '../exit-code.ts'
import { showRows } from '../output.ts'
import { DATA_FOLDER_DEFAULT } from '../profile.ts'

const HTTP_PORT_DEFAULT = 6180
const GRPC_PORT_DEFAULT = 6181

export function addDoctorCommand(program: Command, { terminal, env }: CliContext): void {
  withClientFlags(program.command('doctor').description('check this machine and the server'))
    .addHelpText('after', '\nExit code 1 when a check fails; warnings do not count.')
    .action(async (flags: ClientFlags) => {
      const connection = findConnection(flags, env)
      const server = await checkServer(connection)
      const isRunning = server.status !== 'warning'
      const findings: Finding[] = [
        checkNode(),
        checkCpu(),
        checkMemory(),
        checkOpenFiles(),
        checkDisk(flags.data ?? DATA_FOLDER_DEFAULT),
        ...(isRunning
          ? []
          : await Promise.all([
              checkPort(HTTP_PORT_DEFAULT, '--port'),
              checkPort(GRPC_PORT_DEFAULT, '--grpc-port'),
            ])),
        server,
        await checkClock(connection),
      ]
      showRows(terminal, flags.output, {
        rows: findings,
        columns: [
          { title: 'check', text: ({ check }) => check },
          { title: 'status', text: ({ status }) => status },
          { title: 'found', text: ({ found }) => found },
        ],
        whole: { checks: findings },
        whenEmpty: '',
      })
      for (const { check, advice } of findings) if (advice) terminal.note(`${check}: ${advice}`)
      const failed = findings.filter(({ status }) => status === 'failed')
      if (failed.length > 0) throw new CliError('failure', `${failed.length} checks failed.`)
    })
}
