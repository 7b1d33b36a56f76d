/** `vectron cluster`: real processes on this machine; what it does is in ../cluster/. */
import { type Command, Option } from 'commander'
import { wholeNumber } from '../arguments.ts'
import type { CliContext } from '../context.ts'
import { CLUSTER_FOLDER_DEFAULT } from '../profile.ts'

export interface FolderFlags {
  readonly folder: string
}

export interface ClusterStartFlags extends FolderFlags {
  readonly workers?: number
  readonly placement?: string
  readonly gateways?: number
  readonly rerankers?: number
  readonly port?: number
  readonly json?: true
}

export interface ClusterStatusFlags extends FolderFlags {
  readonly watch?: true
  readonly json?: true
}

export interface ClusterLogsFlags extends FolderFlags {
  readonly follow?: true
  readonly lines: number
  readonly json?: true
}

const NODES_MAX = 64

/** The actions, loaded when one of them is asked for: they bring the server's code. */
const actions = () => import('../cluster/run-cluster.ts')

export function addClusterCommands(program: Command, context: CliContext): void {
  const cluster = program
    .command('cluster')
    .description('a cluster of real processes on this machine')
    .addHelpText(
      'after',
      `
Examples:
  $ vectron cluster start --workers 3 --placement 3
  $ vectron cluster status --watch
  $ vectron cluster kill worker-2
  $ vectron cluster start worker-2
  $ vectron cluster stop`,
    )
  addStart(cluster, context)
  addStatus(cluster, context)
  addStop(cluster, context)
  addNodeCommands(cluster, context)
  addLogs(cluster, context)
}

function withFolder(command: Command): Command {
  return command.addOption(
    new Option('--folder <folder>', 'where the cluster lies').default(CLUSTER_FOLDER_DEFAULT),
  )
}

function addStart(cluster: Command, context: CliContext): void {
  withFolder(cluster.command('start'))
    .description('make a cluster, or start what of it is down')
    .argument('[node]', 'start only this one, such as worker-2')
    .option('--workers <count>', 'workers of a new cluster (default: 3)', wholeNumber(1, NODES_MAX))
    .addOption(
      new Option(
        '--placement <count>',
        'members of placement of a new cluster (default: 3)',
      ).choices(['1', '3', '5']),
    )
    .option('--gateways <count>', 'gateways (default: 1)', wholeNumber(1, NODES_MAX))
    .option('--rerankers <count>', 'rerankers (default: 1)', wholeNumber(0, NODES_MAX))
    .option(
      '--port <port>',
      'port of HTTP, gRPC has the next; 0 for any free ones (default: 6180)',
      wholeNumber(0, 65_000),
    )
    .option('--json', 'print one line of JSON instead of the banner')
    .action(async (node: string | undefined, flags: ClusterStartFlags) => {
      const { startCluster, startNode } = await actions()
      if (node === undefined) await startCluster(flags, context)
      else await startNode(node, flags, context)
    })
}

function addStatus(cluster: Command, context: CliContext): void {
  withFolder(cluster.command('status'))
    .description('processes, shards, leaders, and what is being moved')
    .option('-w, --watch', 'show it again every second, until Ctrl-C')
    .option('--json', 'print JSON; with --watch one line each second')
    .action(async (flags: ClusterStatusFlags) => {
      await (await actions()).showStatus(flags, context)
    })
}

function addStop(cluster: Command, context: CliContext): void {
  withFolder(cluster.command('stop'))
    .description('stop all processes cleanly; the data stays')
    .action(async (flags: FolderFlags) => {
      await (await actions()).stopCluster(flags, context)
    })
}

function addNodeCommands(cluster: Command, context: CliContext): void {
  withFolder(cluster.command('kill'))
    .description('kill -9 the process of a node, as a crash would')
    .argument('<node>', 'such as worker-2')
    .action(async (node: string, flags: FolderFlags) => {
      await (await actions()).killNode(node, flags, context)
    })
  withFolder(cluster.command('pause'))
    .description('let a process stand still (SIGSTOP), as a stalled machine would')
    .argument('<node>', 'such as placement-1')
    .action(async (node: string, flags: FolderFlags) => {
      await (await actions()).pauseNode(node, flags, context)
    })
  withFolder(cluster.command('resume'))
    .description('let a paused process go on (SIGCONT)')
    .argument('<node>', 'such as placement-1')
    .action(async (node: string, flags: FolderFlags) => {
      await (await actions()).resumeNode(node, flags, context)
    })
  const add = cluster.command('add').description('add a node')
  withFolder(add.command('worker'))
    .description('add a worker and start it')
    .action(async (flags: FolderFlags) => {
      await (await actions()).addWorker(flags, context)
    })
}

function addLogs(cluster: Command, context: CliContext): void {
  withFolder(cluster.command('logs'))
    .description('the log of a node')
    .argument('<node>', 'such as worker-2')
    .option('-f, --follow', 'go on with what is written, until Ctrl-C')
    .option('-n, --lines <count>', 'last lines to begin with', wholeNumber(0), 50)
    .option('--json', 'lines as they are written')
    .action(async (node: string, flags: ClusterLogsFlags) => {
      await (await actions()).showLogs(node, flags, context)
    })
}
