/** `vectron cluster status`: once, or again each second in place. */
import { systemClock, systemRandom } from '@vectron/base'
import { ClusterViewer, type LocalCluster } from '@vectron/local-cluster'
import { untilStopped } from '@vectron/process'
import type { ClusterStatusFlags } from '../commands/cluster.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../exit-code.ts'
import { Screen } from '../screen.ts'
import { openCluster } from './run-cluster.ts'
import { statusLines } from './status-lines.ts'

const REFRESH_MS = 1000

export async function showStatus(flags: ClusterStatusFlags, context: CliContext): Promise<void> {
  const cluster = openCluster(flags, context)
  const nodes = (await cluster.states()).map(({ node }) => node)
  const { folder } = cluster
  const viewer = new ClusterViewer({ nodes, folder, clock: systemClock, random: systemRandom })
  try {
    if (flags.watch) await watch({ flags, context, cluster, viewer })
    else await showOnce({ flags, context, cluster, viewer })
  } finally {
    await viewer.close()
  }
}

interface Showing {
  readonly flags: ClusterStatusFlags
  readonly context: CliContext
  readonly cluster: LocalCluster
  readonly viewer: ClusterViewer
}

async function showOnce({ flags, context, cluster, viewer }: Showing): Promise<void> {
  const { terminal } = context
  const view = await viewer.look(await cluster.states())
  if (flags.json) terminal.out(JSON.stringify(view, undefined, 2))
  else for (const line of statusLines(view, terminal)) terminal.out(line)
}

async function watch({ flags, context, cluster, viewer }: Showing): Promise<void> {
  const { terminal } = context
  if (!flags.json && !terminal.isOutTerminal) {
    throw new CliError('usage', 'Output is no terminal.', 'Use --watch --json for programs.')
  }
  const { signal } = untilStopped(() => {})
  const screen = flags.json ? undefined : new Screen()
  try {
    while (!signal.aborted) {
      const view = await viewer.look(await cluster.states())
      if (signal.aborted) break
      if (screen === undefined) terminal.out(JSON.stringify(view))
      else screen.show([...statusLines(view, terminal, screen.rows - 2), '', footer(terminal)])
      await pause(signal)
    }
  } finally {
    screen?.close()
  }
}

function footer(terminal: CliContext['terminal']): string {
  return terminal.dim(`${new Date().toLocaleTimeString()}  * leads  Ctrl-C ends`)
}

function pause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, REFRESH_MS)
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer)
        resolve()
      },
      { once: true },
    )
  })
}
