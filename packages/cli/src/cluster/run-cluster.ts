/** What `vectron cluster` does, told to a person as it is done. */
import path from 'node:path'
import type { ClusterFile, LocalCluster, PlannedNode } from '@vectron/local-cluster'
import type { ClusterStartFlags, FolderFlags } from '../commands/cluster.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../exit-code.ts'
import { profilePath, readProfile, writeProfile } from '../profile.ts'
import { consoleLink } from '../start/banner.ts'
import { clusterAt } from './cluster-at.ts'

export { showLogs } from './show-logs.ts'
export { showStatus } from './show-status.ts'

const WORKERS_DEFAULT = 3
const PLACEMENT_DEFAULT = 3
const GATEWAYS_DEFAULT = 1
const RERANKERS_DEFAULT = 1
const PORT_DEFAULT = 6180

export function openCluster({ folder }: FolderFlags, { terminal, env }: CliContext): LocalCluster {
  return clusterAt(folder, { env, onProgress: (text) => terminal.status(text) })
}

/** Makes the cluster when there is none, and starts what of it is down. */
export async function startCluster(flags: ClusterStartFlags, context: CliContext): Promise<void> {
  const { terminal } = context
  const cluster = openCluster(flags, context)
  const known = await cluster.read()
  if (known !== undefined) checkSame(known, flags)
  else {
    await cluster.create({
      workers: flags.workers ?? WORKERS_DEFAULT,
      placement: Number(flags.placement ?? PLACEMENT_DEFAULT),
      gateways: flags.gateways ?? GATEWAYS_DEFAULT,
      rerankers: flags.rerankers ?? RERANKERS_DEFAULT,
      port: flags.port ?? PORT_DEFAULT,
    })
  }
  terminal.status('starting')
  const started = await cluster.startAll()
  terminal.status(undefined)
  if (started.length === 0) {
    throw new CliError(
      'conflict',
      `The cluster in ${flags.folder} is running already.`,
      'See: vectron cluster status. Another one needs another --folder and --port.',
    )
  }
  const { url, grpc } = await cluster.addresses()
  const apiKey = await keyOf(cluster, url)
  const signInToken = await cluster.createSignInLink()
  const link = consoleLink({ url, signInToken })
  if (flags.json) {
    const nodes = started.map(({ name }) => name)
    terminal.out(
      JSON.stringify({
        event: 'ready',
        url,
        grpc,
        apiKey,
        console: link,
        folder: cluster.folder,
        nodes,
      }),
    )
    return
  }
  for (const line of bannerLines({ cluster, started, url, grpc, apiKey, link }, context)) {
    terminal.out(line)
  }
}

/** The key of the profile; a new cluster gets its first one. */
async function keyOf(cluster: LocalCluster, url: string): Promise<string> {
  const known = readProfile(cluster.folder)
  const apiKey = known?.apiKey ?? (await cluster.createKey('made by vectron cluster start'))
  writeProfile(cluster.folder, { url, apiKey })
  return apiKey
}

/** Flags that ask for another cluster than is there. */
function checkSame({ nodes }: ClusterFile, flags: ClusterStartFlags): void {
  const count = (service: string) => nodes.filter((node) => node.service === service).length
  const wanted = [
    ['workers', count('worker'), flags.workers],
    ['placement', count('placement'), flags.placement && Number(flags.placement)],
    ['gateways', count('gateway'), flags.gateways],
    ['rerankers', count('reranker'), flags.rerankers],
  ] as const
  for (const [flag, has, asked] of wanted) {
    if (asked === undefined || asked === '' || asked === has) continue
    throw new CliError(
      'conflict',
      `The cluster in ${flags.folder} has --${flag} ${has}, not ${asked}.`,
      'Leave the flag out to start it as it is, add one with "vectron cluster add worker", or make ' +
        'another cluster with --folder.',
    )
  }
}

interface Started {
  readonly cluster: LocalCluster
  readonly started: readonly PlannedNode[]
  readonly url: string
  readonly grpc: string
  readonly apiKey: string
  /** Of the console. */
  readonly link: string
}

function bannerLines(
  { cluster, started, url, grpc, apiKey, link }: Started,
  { terminal }: CliContext,
): string[] {
  const folder = path.relative(process.cwd(), cluster.folder) || '.'
  const line = (label: string, value: string, remark = '') =>
    `  ${terminal.bold(label.padEnd(9))}${value}${remark && `  ${terminal.dim(remark)}`}`
  return [
    '',
    terminal.bold(`Cluster ready: ${started.map(({ name }) => name).join(', ')}`),
    line('Console', link, link === url ? 'sign in with your password' : 'signs you in, once'),
    line('API', url, 'HTTP/JSON'),
    line('gRPC', grpc, 'with reflection and health'),
    line('API key', apiKey, `saved in ${profilePath(folder)}`),
    line('Folder', folder, 'settings, log and data of each node'),
    '',
    `Commands find address and key by the folder:  export VECTRON_DATA=${folder}`,
    'Try  npx vectron collection create notes --dimension 3',
    '     npx vectron cluster status --watch',
    '     npx vectron cluster kill worker-2',
    '     npx vectron cluster stop',
    '',
  ]
}

export async function startNode(
  name: string,
  flags: FolderFlags,
  context: CliContext,
): Promise<void> {
  await openCluster(flags, context).startNode(name)
  context.terminal.note(`${name} is ready.`)
}

export async function stopCluster(flags: FolderFlags, context: CliContext): Promise<void> {
  const killed = await openCluster(flags, context).stop()
  context.terminal.note(`Stopped. The data stays in ${flags.folder}.`)
  if (killed.length === 0) return
  throw new CliError('failure', `Did not stop in time and were killed: ${killed.join(', ')}.`)
}

export async function killNode(
  name: string,
  flags: FolderFlags,
  context: CliContext,
): Promise<void> {
  await openCluster(flags, context).kill(name)
  context.terminal.note(`${name} is dead. Start it again: vectron cluster start ${name}`)
}

export async function pauseNode(
  name: string,
  flags: FolderFlags,
  context: CliContext,
): Promise<void> {
  await openCluster(flags, context).pause(name)
  context.terminal.note(`${name} stands still. Let it go on: vectron cluster resume ${name}`)
}

export async function resumeNode(
  name: string,
  flags: FolderFlags,
  context: CliContext,
): Promise<void> {
  await openCluster(flags, context).resume(name)
  context.terminal.note(`${name} goes on.`)
}

export async function addWorker(flags: FolderFlags, context: CliContext): Promise<void> {
  const { name } = await openCluster(flags, context).addWorker()
  context.terminal.note(`${name} is ready.`)
}
